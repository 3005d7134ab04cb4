"""Reads parquet files."""

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from stages.common.core.messages import UserError
from stages.download.readers.columns import IN_LIST, Columns
from stages.download.readers.record import BadRecord, Batch
from stages.download.streams import open_data

BATCH_ROWS = 8_192


class ParquetReader(Columns):
    """How a parquet file is read.

    Attributes:
        format: ``parquet``.
        member: A shell pattern for the one member to read, if the file is an archive.
    """

    format: Literal["parquet"]
    member: str | None = None

    def read(self, path: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents of a file in batches."""
        with open_data(path, self.member) as (name, stream), seekable(stream) as file:
            table = open_table(file, name)
            self.check(table.schema_arrow.names, name)
            self._check_types(table.schema_arrow, name)
            row = 1
            for batch in table.iter_batches(BATCH_ROWS, columns=self.wanted):
                columns = pa.table({column: self._as_strings(batch[column], column) for column in self.wanted})
                yield self.batch(columns, partial(record_ids, columns, name), partial(_place, name, row))
                row += len(batch)

    def _check_types(self, schema: pa.Schema, name: str) -> None:
        for column in self.wanted:
            kind = schema.field(column).type
            if column == self.list_column:
                known, wanted = _is_list(kind), "lists of labels"
            elif column in self.texts:
                known, wanted = _is_text(kind), "strings"
            else:
                known, wanted = _is_text(kind) or _is_known(kind), "strings, numbers or truth values"
            if not known:
                raise UserError(
                    f"{name}: column {column!r} holds {kind}, not {wanted}.", "Name another, or convert it."
                )

    def _as_strings(self, values: pa.Array, column: str) -> pa.Array:
        if column == self.list_column:
            return pc.binary_join(values.cast(pa.list_(pa.string())), IN_LIST)
        return _as_strings(values)


@contextmanager
def seekable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The stream itself if it is a file on the disk; else a temporary copy, since parquet is read from its end."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        yield copy


def open_table(file: IO[bytes], name: str) -> pq.ParquetFile:
    """Opens a parquet file.

    Raises:
        UserError: If it is none.
    """
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{name}: is no parquet file ({error}).", "Correct `format` in the catalog entry.") from None


def record_ids(columns: pa.Table, name: str) -> pa.Array:
    """A hash of each row (XXH3, 128 bits), another one for another file; equal rows have equal ones."""
    seed = xxhash.xxh3_64_intdigest(name.encode())
    joined = pc.binary_join_element_wise(*columns.columns, "\x1f", null_handling="replace", null_replacement="\x00")
    return pa.array([xxhash.xxh3_128_hexdigest(record.encode(), seed) for record in joined.to_pylist()], pa.string())


def _place(name: str, first: int, row: int) -> str:
    return f"{name}: row {first + row}"


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and (_is_text(kind.value_type) or pa.types.is_integer(kind.value_type)))


def _is_known(kind: pa.DataType) -> bool:
    """Whether a column that holds no strings can be read as them."""
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_floating(kind))


def _as_strings(column: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type):  # as Python and JSON write them, 1.0 for 1; NaN is pandas' way to say nothing
        return pa.array(
            [None if cell is None or math.isnan(cell) else str(cell) for cell in column.to_pylist()], pa.string()
        )
    return column.cast(pa.string())
