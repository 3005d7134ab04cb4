"""Reads JSON lines, one object a line, and an array of such objects."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa
import xxhash

from stages.common.core.messages import UserError
from stages.download.readers.blocks import Block, Dialect, parse_blocks, read_blocks
from stages.download.readers.columns import IN_LIST, Columns, Encoding
from stages.download.readers.record import BadRecord, Batch
from stages.download.streams import open_data


class JsonlReader(Columns):
    """How JSON lines are read; the columns are the keys of the objects.

    Attributes:
        format: ``jsonl``.
        member: A shell pattern for the one member to read, if the file is an archive.
        encoding: Of the file.
    """

    format: Literal["jsonl"]
    member: str | None = None
    encoding: Encoding = "utf-8"

    def read(self, path: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents of a file in batches, and the lines that could not be read."""
        with open_data(path, self.member) as (name, stream):
            found = read_blocks(stream, name, self.encoding, Dialect())
            yield from parse_blocks(lambda block: self._parse(block, name), found, name)

    def _parse(self, block: Block, name: str) -> list[Batch | BadRecord]:
        bad: list[Batch | BadRecord] = []
        columns: dict[str, list[str | None]] = {column: [] for column in self.wanted}
        wrong: list[int] = []
        for row in range(len(block)):
            try:
                values = self._values(orjson.loads(block.record(row)))
            except ValueError as error:
                bad.append(block.bad(name, row, "json", str(error)))
                wrong.append(row)
                continue
            for column, value in values.items():
                columns[column].append(value)
        table = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
        kept = block.without(wrong) if wrong else block
        return [*bad, self.batch(table, partial(kept.ids, name), partial(kept.place, name))]

    def _values(self, said: Any) -> dict[str, str | None]:
        if not isinstance(said, dict):
            raise ValueError(f"is no JSON object but {type(said).__name__}")
        values: dict[str, str | None] = {}
        for column in self.wanted:
            if column not in said:
                raise ValueError(f"has no key {column!r}; it has {', '.join(map(repr, list(said)[:20]))}")
            value = said[column]
            if column == self.list_column and value is not None:
                if not isinstance(value, list) or not all(isinstance(label, str | int) for label in value):
                    raise ValueError(f"{column!r} is no list of labels")
                value = IN_LIST.join(map(str, value))
            if column in self.texts and not isinstance(value, str | None):
                raise ValueError(f"{column!r} is no string but {type(value).__name__}")
            fraction = isinstance(value, float) and not value.is_integer() and column != self.value
            if fraction or not isinstance(value, str | int | float | None):
                raise ValueError(f"{column!r} is neither a string nor a whole number but {type(value).__name__}")
            values[column] = None if value is None else str(value)
        return values


class JsonReader(JsonlReader):
    """How an array of JSON objects is read, such as pandas writes; all of it is in memory at once.

    Attributes:
        format: ``json``.
    """

    format: Literal["json"]  # type: ignore[assignment]  # the name that tells readers apart

    def read(self, path: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents of a file in one batch, and the objects that could not be read."""
        with open_data(path, self.member) as (name, stream):
            rows = load_array(stream.read(), self.encoding, name)
        columns: dict[str, list[str | None]] = {column: [] for column in self.wanted}
        kept: list[int] = []
        for row, said in enumerate(rows):
            try:
                values = self._values(said)
            except ValueError as error:
                yield BadRecord.of(_item(name, row), "json", str(error), orjson.dumps(said))
                continue
            kept.append(row)
            for column, value in values.items():
                columns[column].append(value)
        table = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
        seed = xxhash.xxh3_64_intdigest(name.encode())

        def ids() -> pa.Array:
            return pa.array([xxhash.xxh3_128_hexdigest(orjson.dumps(rows[row]), seed) for row in kept], pa.string())

        yield self.batch(table, ids, lambda row: _item(name, kept[row]))


def load_array(content: bytes, encoding: str, name: str) -> list[Any]:
    """The objects of a JSON array.

    Raises:
        UserError: If the file holds something else.
    """
    try:
        rows = orjson.loads(content.decode(encoding).removeprefix("\ufeff"))
    except ValueError as error:
        raise UserError(f"{name}: is not JSON ({error}).", "Correct `format` or `encoding`.") from None
    if not isinstance(rows, list):
        raise UserError(f"{name}: is no JSON array.", "Write it as an array of objects, or as JSON lines.")
    return rows


def _item(name: str, row: int) -> str:
    return f"{name}: item {row + 1}"
