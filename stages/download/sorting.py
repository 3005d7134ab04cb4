"""Sorts rows by id in bounded memory: sorted runs on the disk, merged piece by piece."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

RUN_BYTES = 16 * 1024**2
PIECE_BYTES = 256 * 1024  # of each run at a time while merging: a thousand runs take 256 MiB


class SortedById:
    """Takes tables in any order and gives their rows back sorted by id.

    Args:
        folder: Where the runs may lie; they are left there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[pa.Table] = []
        self._runs: list[Path] = []

    def add(self, table: pa.Table) -> None:
        """Takes some rows; all tables have the same columns, ``id`` among them."""
        if len(table):
            self._waiting.append(table)
        if sum(waiting.nbytes for waiting in self._waiting) >= RUN_BYTES:
            self._write_run()

    def pieces(self) -> Iterator[pa.Table]:
        """Yields the rows sorted by id, some thousands at once."""
        if self._waiting:
            self._write_run()
        readers = [pa.ipc.open_stream(pa.OSFile(str(path))) for path in self._runs]
        heads = [pa.Table.from_batches([reader.read_next_batch()]) for reader in readers]
        while heads:
            # Every row before the smallest of the heads' last ids is at hand: none on the disk comes before it.
            bound = min(head["id"][-1].as_py() for head in heads)
            taken, left, sources = [], [], []
            for head, reader in zip(heads, readers, strict=True):
                count = pc.sum(pc.less_equal(head["id"], bound)).as_py()
                taken.append(head.slice(0, count))
                rest = head.slice(count)
                if not len(rest):
                    rest = pa.Table.from_batches(_next(reader), head.schema)
                if len(rest):
                    left.append(rest)
                    sources.append(reader)
            heads, readers = left, sources
            yield pa.concat_tables(taken).sort_by("id")

    def _write_run(self) -> None:
        table = pa.concat_tables(self._waiting).sort_by("id")
        path = self._folder / f"run-{len(self._runs)}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=max(1, len(table) * PIECE_BYTES // table.nbytes))
        self._waiting = []
        self._runs.append(path)


def _next(reader: pa.RecordBatchReader) -> list[pa.RecordBatch]:
    try:
        return [reader.read_next_batch()]
    except StopIteration:
        return []
