"""Reads tables of delimited text: CSV, TSV and their dialects, with or without a line of column names."""

import csv
import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
from pydantic import Field, model_validator

from stages.common.core.messages import UserError
from stages.download.readers.blocks import (
    CARRIAGE_RETURN,
    LINE_FEED,
    Block,
    Dialect,
    parse_blocks,
    positions,
    read_blocks,
)
from stages.download.readers.columns import Columns, Encoding
from stages.download.readers.record import BadRecord, Batch
from stages.download.streams import open_data


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
        blanks: Whether blanks between a delimiter and the field after it count as nothing.
        line_end: A carriage return if that alone ends a line, as on a Mac before 2001; else lines end in a line feed.
        skip: How many records to pass over at the beginning, such as Excel's ``sep=;``.
        encoding: Of the file.
    """

    format: Literal["csv"]
    member: str | None = None
    columns: list[str] | None = Field(default=None, min_length=1)
    delimiter: str = Field(default=",", pattern=r"^[\x00-\x7f]$")
    quote: str | None = Field(default='"', pattern=r"^[\x00-\x7f]$")
    escape: str | None = Field(default=None, pattern=r"^[\x00-\x7f]$")
    blanks: bool = False
    line_end: Literal["\n", "\r"] = "\n"
    skip: int = Field(default=0, ge=0)
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
        dialect = Dialect(self.quote, self.escape, self.delimiter, self.blanks, self.line_end == "\r")
        with open_data(path, self.member) as (name, stream):
            found = iter(read_blocks(stream, name, self.encoding, dialect))
            columns = self.columns
            if self.skip:
                _, found = take_records(found, self.skip, name)
            if columns is None:
                head, found = take_records(found, 1, name)
                columns = split_fields(head[0], dialect)
                self.check(columns, f"{name}:{self.skip + 1}")
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
    head = [block.record(row).decode(errors="replace") for row in range(count)]
    return head, chain([block.without(range(count))], found)


def split_fields(record: str, dialect: Dialect) -> list[str]:
    """The fields of one record."""
    rows = csv.reader(
        [record],
        delimiter=dialect.delimiter or ",",
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        skipinitialspace=dialect.blanks,
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
        if broken:
            bad += [block.bad(name, row, "line_break", "holds a carriage return outside quotes") for row in broken]
            block = block.without(broken)
            if not block.size:
                return bad
        ragged: dict[int, str] = {}

        def skip(row: pa.csv.InvalidRow) -> str:
            ragged[row.number - 1] = f"has {row.actual_columns} fields, not {row.expected_columns}"
            return "skip"

        content = pa.py_buffer(block.content).slice(0, block.size)
        if dialect.blanks:
            content = pa.py_buffer(_without_blanks(content.to_pybytes(), dialect))
        table = pa.csv.read_csv(
            pa.BufferReader(content),
            pa.csv.ReadOptions(column_names=names, use_threads=False, block_size=max(content.size, 1)),
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
        if ragged:
            bad += [block.bad(name, row, "ragged", reason) for row, reason in ragged.items()]
            block = block.without(ragged)
        return [*bad, columns.batch(table, partial(block.ids, name), partial(block.place, name))]

    return parse_blocks(parse, found, name)


def _without_blanks(content: bytes, dialect: Dialect) -> bytes:
    """Whole records without the blanks before their fields."""
    delimiter = re.escape(dialect.delimiter or ",")
    quoted = ""
    if dialect.quote:
        quote, escape = re.escape(dialect.quote), re.escape(dialect.escape or "")
        escaped = rf"|{escape}[\s\S]" if escape else ""
        quoted = rf"({quote}(?:[^{quote}{escape}]|{quote}{quote}{escaped})*{quote})?"
    pattern = re.compile(rf"(\A|[{delimiter}\n]) *{quoted or '()'}".encode())
    return pattern.sub(rb"\1\2", content)


def _broken_lines(block: Block, dialect: Dialect) -> list[int]:
    """Which records hold a carriage return outside quotes, which some programs take for the end of a row."""
    if block.content.find(b"\r", 0, block.size) < 0:
        return []
    returns = positions(block.content[: block.size], CARRIAGE_RETURN)
    following = np.frombuffer(block.content, np.uint8)[returns + 1]  # a block ends in a line feed: something follows
    if (following == LINE_FEED).all():
        return []
    quote = (dialect.quote or "\n").encode()
    return [row for row in range(len(block)) if any(b"\r" in part for part in block.record(row).split(quote)[0::2])]
