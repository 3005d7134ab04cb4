"""Reads Orange's .tab files: tab-separated, headed by three lines of column names, types and roles."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from stages.download.readers.blocks import Dialect, read_blocks
from stages.download.readers.columns import Columns, Encoding
from stages.download.readers.csv import read_rows, split_fields, take_records
from stages.download.readers.record import BadRecord, Batch
from stages.download.streams import open_data

DIALECT = Dialect(quote='"', delimiter="\t")


class OrangeReader(Columns):
    """How an Orange file is read.

    Attributes:
        format: ``orange``.
        member: A shell pattern for the one member to read, if the file is an archive.
        encoding: Of the file.
    """

    format: Literal["orange"]
    member: str | None = None
    encoding: Encoding = "utf-8"

    def read(self, path: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents of a file in batches, and the rows that could not be read."""
        with open_data(path, self.member) as (name, stream):
            head, found = take_records(read_blocks(stream, name, self.encoding, DIALECT), 3, name)
            columns = split_fields(head[0], DIALECT)
            self.check(columns, f"{name}:1")
            yield from read_rows(found, name, columns, self, DIALECT)
