"""Reads texts to be labelled, one after the other, from a CSV, JSON lines, parquet or plain file, or from stdin."""

import csv
import io
import json
import reprlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from commands.predict import FORMATS, STDIN
from stages.common.core.messages import UserError, suggestion

LONGEST_FIELD = 8 * 2**20  # characters; a longer field is a quote that was never closed
PARQUET_ROWS = 1_000  # decoded at a time
WINDOW = 2_048  # texts that are held, cleaned and answered at once, and so what a kill can cost
WINDOW_CHARACTERS = 4 * 2**20  # of them, after which a window is shorter: long texts take much memory, too


class Row(NamedTuple):
    """What a model reads for one answer, and what the answer is called: the value of the id column, else its number."""

    id: str
    inputs: list[Any]  # a text, or none; two of them, where it reads pairs; or a list of words


class Window(NamedTuple):
    """Texts that are answered together.

    The last digits of an answer depend on what else is in its window. So windows are the same however often a run is
    stopped and however many processes share them.

    Attributes:
        number: Which of the windows it is, from 0.
        rows: The texts.
        digest: Of all that was read of them: texts and ids.
    """

    number: int
    rows: list[Row]
    digest: str


def format_of(path: Path, said: str | None) -> str:
    """The format of a file: what the user said, else what its suffix says; for stdin one text a line.

    Raises:
        UserError: If the suffix says nothing, or stdin is to be parquet, which cannot be read in passing.
    """
    if path == STDIN and said == "parquet":
        raise UserError("stdin: parquet cannot be read from a pipe.", "Name the file.")
    suffix = path.suffix.lower().removeprefix(".")
    known = said or ("txt" if path == STDIN else suffix if suffix in FORMATS else None)
    if known is None:
        raise UserError(f"{path}: cannot tell its format.", f"Say --format: {', '.join(FORMATS)}.")
    return known


def count_rows(path: Path, form: str) -> int | None:
    """How many texts a file holds, where that can be known without reading it."""
    if form != "parquet" or not path.is_file():
        return None
    try:
        return int(pq.read_metadata(path).num_rows)
    except pa.ArrowInvalid:
        return None  # reading it will say what is wrong


def windows(rows: Iterable[Row]) -> Iterator[Window]:
    """Cuts a stream of texts into windows of :data:`WINDOW`, or fewer if they are long."""
    held: list[Row] = []
    characters, number = 0, 0
    for row in rows:
        held.append(row)
        characters += sum(_length(given) for given in row.inputs)
        if len(held) == WINDOW or characters >= WINDOW_CHARACTERS:
            yield Window(number, held, _digest(held))
            held, characters, number = [], 0, number + 1
    if held:
        yield Window(number, held, _digest(held))


def _length(given: Any) -> int:
    """The characters of a text, or of a list of words; 0 where there is none."""
    return sum(map(len, given)) if isinstance(given, list) else len(given or "")


def _digest(rows: list[Row]) -> str:
    digest = blake2b(digest_size=16)
    for row in rows:
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()


def read_rows(path: Path, form: str, columns: Sequence[str], identity: str | None, words: bool) -> Iterator[Row]:
    """Yields the texts of a file.

    Args:
        path: The file, or ``-`` for stdin.
        form: One of :data:`FORMATS`.
        columns: The columns or keys that hold what the model reads; of plain lines there is one, of any name.
        identity: The column or key that names each text in the answers; None to number them.
        words: Whether the columns hold lists of words instead of texts.

    Raises:
        UserError: If the file is missing, is not in its format, or lacks a column; the place is named.
    """
    named = "stdin" if path == STDIN else str(path)
    if path != STDIN and not path.is_file():
        raise UserError(f"{path}: there is no such file.", "Name another, or - for stdin.")
    wanted = [*columns] if identity is None else [*columns, identity]
    if form == "txt" and len(wanted) > 1:
        raise UserError(f"{named}: plain lines have no column {wanted[-1]!r}.", "Say --format, or name another file.")
    try:
        if form == "parquet":
            rows = _parquet(path, wanted)
        else:
            rows = _lines(sys.stdin.buffer if path == STDIN else path.open("rb"), named, form, wanted)
        for number, values in enumerate(rows, 1):
            for name, value in zip(columns, values, strict=False):
                if not _is_readable(value, words):
                    kind = "a list of words" if words else "a string"
                    raise UserError(f"{named}, text {number}: {name!r} is {_short(value)}.", f"It must be {kind}.")
            called = number if identity is None else values[-1]
            if called is None or isinstance(called, list | dict | bytes):
                said = f"{named}, text {number}: {identity!r} is {_short(called)}."
                raise UserError(said, "It must be a string or a number.")
            yield Row(str(called), values[: len(columns)])
    except UnicodeDecodeError as error:
        raise UserError(f"{named}: not UTF-8 at byte {error.start} of a block.", "Save it as UTF-8.") from None
    except pa.ArrowInvalid as error:
        raise UserError(f"{named}: not a parquet file ({error}).", "Say --format if it is something else.") from None


def _short(value: Any) -> str:
    """A value as a message shows it, however long it is."""
    return reprlib.repr(value)


def _is_readable(value: Any, words: bool) -> bool:
    if words and isinstance(value, list):
        return all(isinstance(word, str) for word in value)
    return value is None or (isinstance(value, str) and not words)


def _lines(stream: BinaryIO, named: str, form: str, wanted: list[str]) -> Iterator[list[Any]]:
    with stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as file:
        if form == "txt":
            yield from ([line.rstrip("\r\n")] for line in file)
        elif form == "jsonl":
            yield from _json(file, named, wanted)
        else:
            yield from _table(file, named, "," if form == "csv" else "\t", wanted)


def _json(file: io.TextIOWrapper, named: str, wanted: list[str]) -> Iterator[list[Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{named}:{number}: not JSON ({error}).", "Each line must be one object.") from None
        if not isinstance(record, dict):
            raise UserError(f"{named}:{number}: no JSON object.", "Each line must be one object.")
        for key in wanted:
            if key not in record:
                raise UserError(f"{named}:{number}: there is no key {key!r}.", suggestion(key, record))
        values = [record[key] for key in wanted]
        if "\\u" in line and not _is_unicode(values):
            raise UserError(f"{named}:{number}: holds half of a surrogate pair.", "Write whole characters.")
        yield values


def _is_unicode(values: list[Any]) -> bool:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _table(file: io.TextIOWrapper, named: str, delimiter: str, wanted: list[str]) -> Iterator[list[Any]]:
    csv.field_size_limit(LONGEST_FIELD)
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        head = next(rows, [])
        _check_columns(head, named, wanted)
        places = [head.index(name) for name in wanted]
        for row in rows:
            if row and len(row) != len(head):
                fields = f"{len(row)} fields, not {len(head)}"
                raise UserError(f"{named}:{rows.line_num}: the row that ends here has {fields}.", "Quote its text.")
            if row:
                yield [row[place] for place in places]
    except csv.Error as error:
        raise UserError(f"{named}:{rows.line_num}: not CSV ({error}).", "Look for a quote that never closes.") from None


def _parquet(path: Path, wanted: list[str]) -> Iterator[list[Any]]:
    with pq.ParquetFile(path, pre_buffer=False) as file:  # with read-ahead, what was read stays in memory
        _check_columns(file.schema_arrow.names, str(path), wanted)
        for batch in file.iter_batches(PARQUET_ROWS, columns=wanted):
            yield from map(list, zip(*(batch[name].to_pylist() for name in wanted), strict=True))


def _check_columns(present: list[str], named: str, wanted: list[str]) -> None:
    for name in wanted:
        if name not in present:
            mend = suggestion(name, present) if len(present) < 20 else "Name it with --text or --id."
            raise UserError(f"{named}: there is no column {name!r}.", mend)
        if present.count(name) > 1:
            raise UserError(f"{named}: there is more than one column {name!r}.", "Rename all but one of them.")
