"""Cuts a stream of bytes into blocks of whole records and finds the records that cannot be parsed.

A record ends at a line feed outside quotes. Counting quotes tells inside from outside, so a whole block is cut with a
few array operations; where the quotes do not add up, the line at fault is left out and the next one starts afresh.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt
import xxhash

from stages.common.messages import UserError
from stages.download.readers.record import MOST_RECORD_BYTES, BadRecord

BLOCK_BYTES = 4 * 1024**2
LOOKAHEAD = 2  # blocks that are parsed at once
LINE_FEED, CARRIAGE_RETURN = 10, 13
Numbers = npt.NDArray[np.int64]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Block:
    """Some records that follow each other.

    Attributes:
        content: Their bytes, in UTF-8.
        starts: Where in the content each record begins.
        ends: Where it ends, its line break not counted.
        lines: The number of its first line in the file, counted from 1.
    """

    content: bytes
    starts: Numbers
    ends: Numbers
    lines: Numbers

    def __len__(self) -> int:
        return len(self.starts)

    def record(self, row: int) -> bytes:
        """The bytes of one record."""
        return self.content[self.starts[row] : self.ends[row]]

    def keep(self, rows: npt.NDArray[np.bool_]) -> "Block":
        """A block of some of these records."""
        kept = [self.record(int(row)) for row in np.flatnonzero(rows)]
        ends = np.cumsum([len(record) + 1 for record in kept], dtype=np.int64) - 1
        starts = np.concatenate([np.zeros(min(1, len(kept)), np.int64), ends[:-1] + 1])
        return Block(b"\n".join([*kept, b""]), starts, ends, self.lines[rows])

    def ids(self, source: str) -> list[str]:
        """A hash of each record (XXH3, 128 bits), another one for another source; equal records have equal ones."""
        content, seed = memoryview(self.content), xxhash.xxh3_64_intdigest(source.encode())
        spans = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [xxhash.xxh3_128_hexdigest(content[start:end], seed) for start, end in spans]


@dataclass(frozen=True)
class Dialect:
    """How records and fields are told apart.

    Attributes:
        quote: The character around fields that hold line breaks or delimiters; None if there is none.
        escape: The character that takes away the next one's meaning; None if there is none.
        delimiter: The character between fields; None if there are no fields.
    """

    quote: str | None = None
    escape: str | None = None
    delimiter: str | None = None


def read_blocks(stream: IO[bytes], name: str, encoding: str, dialect: Dialect) -> Iterator[Block | BadRecord]:
    """Cuts a stream into blocks.

    Args:
        stream: The file's bytes.
        name: How messages call the file.
        encoding: Of the file.
        dialect: How records are told apart.

    Yields:
        Blocks of records whose quotes are in order and that are UTF-8 without NUL bytes, in the order of the file;
        between them the records left out. Empty lines belong to neither.

    Raises:
        UserError: If the file is empty or in another encoding.
    """
    cutter = _Cutter(name, dialect)
    text = _as_utf8(stream, name, encoding)
    first = next(text, b"")
    if not first:
        raise UserError(f"{name}: is empty.", "Fetch it again, or correct the catalog entry.")
    for found in chain.from_iterable(map(cutter.feed, chain([first], text))):
        yield from _checked(found, name)
    for found in cutter.finish():
        yield from _checked(found, name)


def in_parallel(
    function: Callable[[Block], list[Result]], found: Iterable[Block | BadRecord]
) -> Iterator[Result | BadRecord]:
    """Applies a function to blocks, a few at once, and yields what it gives in the order of the blocks.

    Args:
        function: From a block to results; NumPy, Arrow and hashing let the threads run side by side.
        found: Blocks, and records that were left out, which are passed on.

    Yields:
        The results and the records left out.
    """
    with ThreadPoolExecutor(LOOKAHEAD) as pool:
        waiting: list[Future[list[Result]] | BadRecord] = []
        for item in found:
            waiting.append(item if isinstance(item, BadRecord) else pool.submit(function, item))
            while len(waiting) > LOOKAHEAD:
                yield from _results(waiting.pop(0))
        for ready in waiting:
            yield from _results(ready)


def _results(ready: "Future[list[Result]] | BadRecord") -> "list[Result] | list[BadRecord]":
    return [ready] if isinstance(ready, BadRecord) else ready.result()


class _Cutter:
    """Cuts bytes that come in pieces; keeps the unfinished record and the number of its first line."""

    def __init__(self, name: str, dialect: Dialect) -> None:
        self._name, self._dialect = name, dialect
        self._rest, self._line = b"", 1
        self._skipping = False  # inside a line that is too long to be kept

    def feed(self, piece: bytes) -> Iterator[Block | BadRecord]:
        """Takes the next bytes and yields what is whole."""
        yield from self._cut(self._rest + piece, ended=False)

    def finish(self) -> Iterator[Block | BadRecord]:
        """Yields what is left when nothing more comes."""
        rest = self._rest
        if rest:
            yield from self._cut(rest if rest.endswith(b"\n") else rest + b"\n", ended=True)

    def _cut(self, content: bytes, ended: bool) -> Iterator[Block | BadRecord]:
        while content:
            if self._skipping:
                content = self._skip_line(content)
                continue
            block, cut, fault = self._whole_records(content, ended)
            if len(block):
                yield block
            self._line += content.count(b"\n", 0, cut)
            content = content[cut:]
            if not fault and ended and content:
                fault = "a quote was opened here and never closed"
            if not fault and len(content) > MOST_RECORD_BYTES:
                fault = f"a quote opened here is not closed, or the record is longer than {MOST_RECORD_BYTES:,} bytes"
            if not fault:
                break
            line = content[: content.find(b"\n")] if b"\n" in content else content
            rule = "too_large" if len(line) > MOST_RECORD_BYTES else "quotes"
            yield BadRecord.of(f"{self._name}:{self._line}", rule, fault, line)
            self._skipping = True
        self._rest = content

    def _skip_line(self, content: bytes) -> bytes:
        end = content.find(b"\n") + 1
        self._skipping = not end
        self._line += 1 if end else 0
        return content[end:] if end else b""

    def _whole_records(self, content: bytes, ended: bool) -> tuple[Block, int, str]:
        """The records before the first fault or the end, where they end, and what the fault is."""
        masked = _without_escapes(content, self._dialect.escape)
        characters = np.frombuffer(masked, np.uint8)
        breaks = np.flatnonzero(characters == LINE_FEED)
        ends, fault = breaks, ""
        if self._dialect.quote and self._dialect.quote.encode() in content:
            quotes = np.flatnonzero(characters == ord(self._dialect.quote))
            ends = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
            wrong = _misplaced(characters, quotes, self._dialect, ended)
            if wrong is not None:
                ends = ends[: np.searchsorted(ends, wrong)]
                fault = "a quote inside a field without quotes, or one that is not closed"
        cut = int(ends[-1]) + 1 if len(ends) else 0
        starts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1])
        lines = self._line + np.searchsorted(breaks, starts)
        if len(ends):
            ends = ends - ((characters[ends - 1] == CARRIAGE_RETURN) & (ends > starts))
        filled = ends > starts
        return Block(content[:cut], starts[filled], ends[filled], lines[filled]), cut, fault


def _misplaced(characters: npt.NDArray[np.uint8], quotes: Numbers, dialect: Dialect, ended: bool) -> int | None:
    """Where the first quote stands that neither begins nor ends a field nor is doubled; None if all are in place."""
    neighbours = np.array([LINE_FEED, CARRIAGE_RETURN, *map(ord, (dialect.delimiter or "") + (dialect.quote or ""))])
    opening, closing = quotes[0::2], quotes[1::2]
    if not ended and len(closing) and closing[-1] == len(characters) - 1:
        closing = closing[:-1]  # what follows it is not there yet
    allowed = np.zeros(256, np.bool_)
    allowed[neighbours] = True
    wrong_opening = opening[(opening > 0) & ~allowed[characters[opening - 1]]]
    wrong_closing = closing[~allowed[characters[np.minimum(closing + 1, len(characters) - 1)]]]
    wrong = [int(positions[0]) for positions in (wrong_opening, wrong_closing) if len(positions)]
    return min(wrong) if wrong else None


def _without_escapes(content: bytes, escape: str | None) -> bytes:
    """The content with each escape and the character after it replaced by two others, so that every position holds."""
    if escape is None or escape.encode() not in content:
        return content
    mark = escape.encode()
    for escaped in (mark, b'"', b"'", b"\n"):
        content = content.replace(mark + escaped, b"xx")
    return content


def _checked(found: Block | BadRecord, name: str) -> Iterator[Block | BadRecord]:
    """Takes the records out of a block that hold NUL bytes, are no UTF-8 or are too large."""
    if isinstance(found, BadRecord):
        yield found
        return
    faults: dict[int, tuple[str, str]] = {}
    for row in np.flatnonzero(found.ends - found.starts > MOST_RECORD_BYTES).tolist():
        faults[row] = ("too_large", f"the record is longer than {MOST_RECORD_BYTES:,} bytes")
    if b"\0" in found.content:
        for row in range(len(found)):
            if b"\0" in found.record(row):
                faults[row] = ("nul", "holds NUL bytes, as text in another encoding (UTF-16) or a damaged file does")
    if not _is_utf8(found.content):
        for row in range(len(found)):
            if not _is_utf8(found.record(row)):
                faults[row] = ("undecodable", "is not UTF-8; if the file is in another encoding, set `encoding`")
    if not faults:
        yield found
        return
    for row, (rule, reason) in sorted(faults.items()):
        yield BadRecord.of(f"{name}:{found.lines[row]}", rule, reason, found.record(row))
    kept = found.keep(~np.isin(np.arange(len(found)), list(faults)))
    if len(kept):
        yield kept


def _is_utf8(content: bytes) -> bool:
    try:
        codecs.utf_8_decode(content, "strict", True)
    except UnicodeDecodeError:
        return False
    return True


def _as_utf8(stream: IO[bytes], name: str, encoding: str) -> Iterator[bytes]:
    """The stream in pieces, brought into UTF-8, without a byte order mark."""
    head = stream.read(BLOCK_BYTES)
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if marked and not encoding.lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
        raise UserError(f"{name}:1: is UTF-16, not {encoding}.", "Set `encoding: utf-16` in the catalog entry.")
    pieces = chain([head], iter(lambda: stream.read(BLOCK_BYTES), b""))
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from iter(lambda: stream.read(BLOCK_BYTES), b"")
        return
    decoder: Any = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for piece in pieces:
            text = decoder.decode(piece)
            line += text.count("\n")
            yield text.removeprefix("\ufeff").encode()
        yield decoder.decode(b"", True).encode()
    except UnicodeDecodeError as error:
        line += error.object[: error.start].decode(encoding, "replace").count("\n")
        raise UserError(f"{name}:{line}: is not {encoding} ({error.reason}).", "Correct `encoding`.") from None
