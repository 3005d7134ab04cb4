"""Cuts the document table into parts on the disk, so that no step needs all texts in memory at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from stages.common.documents.table import columns_among, documents_schema, is_sorted, stream_documents, write_parquet

PART_ROWS = 5_000
PART_BYTES = 32 * 2**20  # a part of long texts has fewer rows
PIECE_ROWS = 500
KINDS = ("raw", "texts", "facts", "bands", "shingles", "drawn")  # the files of a part


class Part(NamedTuple):
    """A run of documents that is worked on at once.

    Attributes:
        folder: Where all parts lie, seen by every worker.
        number: Which part it is, from 0.
        start: The number of its first document; documents are numbered in the order of their ids, from 0.
        rows: How many documents it has.
    """

    folder: Path
    number: int
    start: int
    rows: int

    def path(self, kind: str) -> Path:
        """Where the part's file of one of :data:`KINDS` lies."""
        return self.folder / kind / f"{self.number:06}"


def cut(corpus: DuckDBPyConnection, documents: Path, folder: Path) -> list[Part]:
    """Cuts a document table into parts.

    Args:
        corpus: What sorts the rows, should they not be sorted by id.
        documents: The parquet file.
        folder: Where the parts go, as ``raw/000000`` and so on.

    Returns:
        The parts, at least one.

    Raises:
        UserError: If the file is no document table.
    """
    for kind in KINDS:
        (folder / kind).mkdir()
    if not is_sorted(documents):
        in_order = corpus.sql("FROM read_parquet($file) ORDER BY id", params={"file": str(documents)})
        documents = folder / "sorted"
        in_order.write_parquet(str(documents))
    parts: list[Part] = []
    empty = documents_schema(columns_among(pq.read_schema(documents).names)).empty_table()
    for table in _gathered(stream_documents(documents, PIECE_ROWS), empty):
        start = parts[-1].start + parts[-1].rows if parts else 0
        parts.append(Part(folder, len(parts), start, len(table)))
        write_parquet(table, parts[-1].path("raw"))
    return parts


def _gathered(pieces: Iterator[pa.Table], empty: pa.Table) -> Iterator[pa.Table]:
    """Puts pieces together until a part is full; the empty table where there are no rows."""
    waiting = [empty]
    found = False
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= PART_ROWS or sum(table.nbytes for table in waiting) >= PART_BYTES:
            yield pa.concat_tables(waiting)
            waiting, found = waiting[:1], True
    if len(waiting) > 1 or not found:
        yield pa.concat_tables(waiting)
