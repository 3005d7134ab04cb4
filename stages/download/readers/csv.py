"""Reads tables of delimited text: CSV, TSV and their dialects, with or without a line of column names."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
from pydantic import Field, model_validator

from stages.common.messages import UserError
from stages.download.readers.blocks import Block, Dialect, in_parallel, read_blocks
from stages.download.readers.columns import Columns, Encoding
from stages.download.readers.record import BadRecord, Batch
from stages.download.streams import open_data

Rows = npt.NDArray[np.bool_]
LONE_RETURN = "holds a carriage return outside quotes"


class CsvReader(Columns):
    r"""How a table of delimited text is read.

    Attributes:
        format: ``csv``.
        member: A shell pattern for the one member to read, if the file is an archive.
        columns: The names of the columns, if the file does not begin with a line of them.
        delimiter: The character between fields; ``"\t"`` for TSV.
        quote: The character around fields that hold delimiters or line breaks, doubled inside them; null if quotes mean
            nothing.
        escape: The character that takes away the next one's meaning.
        encoding: Of the file.
    """

    format: Literal["csv"]
    member: str | None = None
    columns: list[str] | None = Field(default=None, min_length=1)
    delimiter: str = Field(default=",", pattern=r"^[\x00-\x7f]$")
    quote: str | None = Field(default='"', pattern=r"^[\x00-\x7f]$")
    escape: str | None = Field(default=None, pattern=r"^[\x00-\x7f]$")
    encoding: Encoding = "utf-8"

    @model_validator(mode="after")
    def _columns_are_named(self) -> Self:
        if self.columns:
            try:
                self.check(self.columns, "columns")
            except UserError as error:
                raise ValueError(str(error)) from None
        return self

    def read(self, path: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents of a file in batches, and the rows that could not be read."""
        dialect = Dialect(self.quote, self.escape, self.delimiter)
        with open_data(path, self.member) as (name, stream):
            found = iter(read_blocks(stream, name, self.encoding, dialect))
            columns = self.columns
            if columns is None:
                head, found = take_records(found, 1, name)
                columns = split_fields(head[0], dialect)
                self.check(columns, f"{name}:1")
            yield from read_rows(found, name, columns, self, dialect)


def take_records(
    found: Iterator[Block | BadRecord], count: int, name: str
) -> tuple[list[str], Iterator[Block | BadRecord]]:
    """Takes the first records off, such as a line of column names.

    Args:
        found: The blocks of a file.
        count: How many records.
        name: How messages call the file.

    Returns:
        The records, and the blocks with what follows them.

    Raises:
        UserError: If there are not so many, or one of them cannot be read.
    """
    block = next(found, None)
    if isinstance(block, BadRecord):
        raise UserError(f"{block.place}: {block.reason}.", "Mend the first line, or correct the catalog entry.")
    if block is None or len(block) < count:
        raise UserError(f"{name}:1: ends before the rows begin.", "Correct the catalog entry's reader.")
    head = [block.record(row).decode() for row in range(count)]
    return head, _chained(block, np.arange(len(block)) >= count, found)


def _chained(block: Block, rows: Rows, found: Iterator[Block | BadRecord]) -> Iterator[Block | BadRecord]:
    if rows.any():
        yield block.keep(rows)
    yield from found


def split_fields(record: str, dialect: Dialect) -> list[str]:
    """The fields of one record."""
    rows = csv.reader(
        [record],
        delimiter=dialect.delimiter or ",",
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )
    try:
        return [field.strip() for field in next(rows)]
    except csv.Error as error:
        raise UserError(f"line 1 cannot be split into fields ({error}).", "End lines with a line feed.") from None


def read_rows(
    found: Iterable[Block | BadRecord], name: str, names: list[str], columns: Columns, dialect: Dialect
) -> Iterator[Batch | BadRecord]:
    """Parses blocks of rows.

    Args:
        found: The blocks of a file, without its head.
        name: How messages call the file.
        names: The names of its columns, in their order.
        columns: Which of them hold what.
        dialect: How fields are told apart.

    Yields:
        Batches of documents, and the rows that have more or fewer fields than there are columns.
    """

    def parse(block: Block) -> list[Batch | BadRecord]:
        bad: list[Batch | BadRecord] = []
        broken = _broken_lines(block, dialect)
        if broken.any():
            bad += [_bad(name, block, int(row), "line_break", LONE_RETURN) for row in np.flatnonzero(broken)]
            block = block.keep(~broken)
        ragged: list[pa.csv.InvalidRow] = []

        def skip(row: pa.csv.InvalidRow) -> str:
            ragged.append(row)
            return "skip"

        table = pa.csv.read_csv(
            pa.BufferReader(block.content),
            pa.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block.content)),
            pa.csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                escape_char=dialect.escape or False,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=columns.wanted,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        for row in ragged:
            fields = f"has {row.actual_columns} fields, not {row.expected_columns}"
            bad.append(_bad(name, block, row.number - 1, "ragged", fields))
        if ragged:
            block = block.keep(~np.isin(np.arange(len(block)), [row.number - 1 for row in ragged]))
        if len(block) != len(table):
            raise AssertionError(f"{name}:{block.lines[0]}: {len(block)} records became {len(table)} rows")
        ids = block.ids(name) if columns.id is None else None
        rows = columns.rows(table, ids)
        return [*bad, Batch(rows, lambda row: f"{name}:{block.lines[row]}", hashed=ids is not None)]

    return in_parallel(parse, found)


def _bad(name: str, block: Block, row: int, rule: str, reason: str) -> BadRecord:
    return BadRecord.of(f"{name}:{block.lines[row]}", rule, reason, block.record(row))


def _broken_lines(block: Block, dialect: Dialect) -> Rows:
    """Which records hold a carriage return outside quotes, which some programs take for the end of a row."""
    broken = np.zeros(len(block), np.bool_)
    if block.content.count(b"\r") != block.content.count(b"\r\n"):
        quote = (dialect.quote or "\n").encode()
        for row in range(len(block)):
            broken[row] = any(b"\r" in outside for outside in block.record(row).split(quote)[0::2])
    return broken
