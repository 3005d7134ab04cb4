"""Cuts a stream of bytes into blocks of whole records and finds the records that cannot be parsed.

A record ends at a line feed outside quotes. Counting quotes tells inside from outside, so a whole block is cut with a
few array operations; where the quotes do not add up, the line at fault is left out and the next one starts afresh.
"""

import codecs
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from stages.common.core.messages import UserError
from stages.download.readers.record import MOST_RECORD_BYTES, BadRecord, Batch

BLOCK_BYTES = 2 * 1024**2
PIECE_BYTES = 256 * 1024
LOOKAHEAD = 3  # blocks that are parsed at once
LINE_FEED, CARRIAGE_RETURN = 10, 13
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dialect:
    """How records and fields are told apart.

    Attributes:
        quote: The character around fields that hold line breaks or delimiters; None if there is none.
        escape: The character that takes away the next one's meaning; None if there is none.
        delimiter: The character between fields; None if there are no fields.
        blanks: Whether blanks may stand between a delimiter and the field after it, and belong to neither.
        carriage_returns: Whether a carriage return alone ends a line, as on a Mac before 2001.
    """

    quote: str | None = None
    escape: str | None = None
    delimiter: str | None = None
    blanks: bool = False
    carriage_returns: bool = False


class Spans(NamedTuple):
    """Where the records of a block lie.

    Attributes:
        starts: Where in the content each record begins.
        ends: Where it ends, its line break not counted.
        lines: The number of its first line in the file, counted from 1.
    """

    starts: Numbers
    ends: Numbers
    lines: Numbers


@dataclass(frozen=True)
class Block:
    """Some records that follow each other.

    Attributes:
        content: Their bytes, each record closed by a line feed; what follows ``size`` belongs to the next block.
        size: How many bytes of the content are theirs.
        line: The number of the first line in the file, counted from 1.
        dialect: How records are told apart.
        known: Where they lie, if that is known.
    """

    content: bytes
    size: int
    line: int
    dialect: Dialect
    known: Spans | None = None

    @cached_property
    def spans(self) -> Spans:
        """Where the records lie; found when it is asked for."""
        return self.known or _find_records(self)

    def __len__(self) -> int:
        return len(self.spans.starts)

    def record(self, row: int) -> bytes:
        """The bytes of one record."""
        return self.content[self.spans.starts[row] : self.spans.ends[row]]

    def place(self, name: str, row: int) -> str:
        """The file's name and the line that a record begins in."""
        return f"{name}:{self.spans.lines[row]}"

    def bad(self, name: str, row: int, rule: str, reason: str) -> BadRecord:
        """What is wrong with one record."""
        return BadRecord.of(self.place(name, row), rule, reason, self.record(row))

    def without(self, rows: Iterable[int]) -> "Block":
        """A block of the other records."""
        kept = np.setdiff1d(np.arange(len(self)), list(rows))
        records = [self.record(row) for row in kept.tolist()]
        ends = np.cumsum([len(record) + 1 for record in records], dtype=np.int64) - 1
        content = b"\n".join([*records, b""])
        spans = Spans(_starts(ends), ends, self.spans.lines[kept])
        return Block(content, len(content), self.line, self.dialect, spans)

    def ids(self, source: str) -> pa.Array:
        """A hash of each record (XXH3, 128 bits), another one for another source; equal records have equal ones."""
        content, seed = memoryview(self.content), xxhash.xxh3_64_intdigest(source.encode())
        bounds = zip(self.spans.starts.tolist(), self.spans.ends.tolist(), strict=True)
        return pa.array([xxhash.xxh3_128_hexdigest(content[start:end], seed) for start, end in bounds], pa.string())


def read_blocks(stream: IO[bytes], name: str, encoding: str, dialect: Dialect) -> Iterator[Block | BadRecord]:
    """Cuts a stream into blocks.

    Args:
        stream: The file's bytes.
        name: How messages call the file.
        encoding: Of the file.
        dialect: How records are told apart.

    Yields:
        Blocks of records whose quotes are in order, in the order of the file; between them the records left out. Empty
        lines belong to neither.

    Raises:
        UserError: If the file is empty or in another encoding.
    """
    cutter = _Cutter(name, dialect)
    pieces = _as_utf8(stream, name, encoding)
    if dialect.carriage_returns:
        pieces = (piece.replace(b"\r", b"\n") for piece in pieces)
    first = next(pieces, b"")
    if not first:
        raise UserError(f"{name}: is empty.", "Fetch it again, or correct the catalog entry.")
    yield from chain.from_iterable(map(cutter.feed, chain([first], pieces)))
    yield from cutter.finish()


def parse_blocks(
    parse: Callable[[Block], list[Batch | BadRecord]], found: Iterable[Block | BadRecord], name: str
) -> Iterator[Batch | BadRecord]:
    """Parses blocks, a few at once, and yields what is in them in the order of the blocks.

    Args:
        parse: From a block, whose records are UTF-8 without NUL bytes, to what is in it.
        found: Blocks, and records that were left out, which are passed on.
        name: How messages call the file.

    Yields:
        The batches and the records left out.
    """

    def work(block: Block) -> list[Batch | BadRecord]:
        sound, bad = _sound(block, name)
        return [*bad, *parse(sound)] if sound.size else bad

    with ThreadPoolExecutor(LOOKAHEAD) as pool:
        waiting: deque[Future[list[Batch | BadRecord]] | BadRecord] = deque()
        for item in found:
            waiting.append(item if isinstance(item, BadRecord) else pool.submit(work, item))
            while len(waiting) > LOOKAHEAD:
                yield from _results(waiting.popleft())
        for ready in waiting:
            yield from _results(ready)


def _results(ready: "Future[list[Batch | BadRecord]] | BadRecord") -> list[Batch | BadRecord]:
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
            cut, fault = self._whole_records(content, ended)
            if cut:
                yield Block(content, cut, self._line, self._dialect)
                self._line += count(content, LINE_FEED, cut)
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

    def _whole_records(self, content: bytes, ended: bool) -> tuple[int, str]:
        """Where the records end that lie before the first fault, and what the fault is."""
        cut, fault = content.rfind(b"\n") + 1, ""
        quote = self._dialect.quote
        if quote and quote.encode() in content:
            masked = _without_escapes(content, self._dialect)
            quotes = positions(masked, ord(quote))
            wrong = _misplaced(masked, quotes, self._dialect, ended)
            if wrong is not None:
                cut, fault = wrong, "a quote inside a field without quotes, or one that is not closed"
            while cut and (np.searchsorted(quotes, cut) % 2 or masked[cut - 1] != LINE_FEED):
                cut = masked.rfind(b"\n", 0, cut - 1) + 1
        return cut, fault


def positions(content: bytes, character: int) -> Numbers:
    """Where a character stands."""
    return np.concatenate([np.flatnonzero(equal) + start for start, equal in _compared(content, character)])


def count(content: bytes, character: int, size: int) -> int:
    """How often a character stands in the first bytes of a content."""
    return sum(int(np.count_nonzero(equal)) for _, equal in _compared(memoryview(content)[:size], character))


def _compared(content: bytes | memoryview, character: int) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """Which bytes are the character, piece by piece: fresh memory for a whole block costs more than the looking."""
    found, equal = np.frombuffer(content, np.uint8), np.empty(PIECE_BYTES, np.bool_)
    for start in range(0, len(found), PIECE_BYTES):
        piece = found[start : start + PIECE_BYTES]
        yield start, np.equal(piece, character, out=equal[: len(piece)])


def _find_records(block: Block) -> Spans:
    content = _without_escapes(block.content[: block.size], block.dialect)
    breaks = ends = positions(content, LINE_FEED)
    if block.dialect.quote and block.dialect.quote.encode() in content:
        quotes = positions(content, ord(block.dialect.quote))
        ends = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    starts = _starts(ends)
    lines = block.line + (np.searchsorted(breaks, starts) if len(ends) < len(breaks) else np.arange(len(ends)))
    if b"\r" in content:
        before = np.frombuffer(content, np.uint8)[ends - 1]
        ends = ends - ((before == CARRIAGE_RETURN) & (ends > starts))
    filled = ends > starts
    return Spans(starts, ends, lines) if filled.all() else Spans(starts[filled], ends[filled], lines[filled])


def _starts(ends: Numbers) -> Numbers:
    """Where records begin, each one after the line feed that ends the one before."""
    return np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1])


def _misplaced(content: bytes, quotes: Numbers, dialect: Dialect, ended: bool) -> int | None:
    """Where the first quote stands that neither begins nor ends a field nor is doubled; None if all are in place."""
    characters = np.frombuffer(content, np.uint8)
    neighbours = np.array([LINE_FEED, CARRIAGE_RETURN, *map(ord, (dialect.delimiter or "") + (dialect.quote or ""))])
    opening, closing = quotes[0::2], quotes[1::2]
    if not ended and len(closing) and closing[-1] == len(characters) - 1:
        closing = closing[:-1]  # what follows it is not there yet
    allowed = np.zeros(256, np.bool_)
    allowed[neighbours] = True
    before = allowed.copy()
    before[ord(" ")] |= dialect.blanks
    wrong_opening = opening[(opening > 0) & ~before[characters[opening - 1]]]
    wrong_closing = closing[~allowed[characters[np.minimum(closing + 1, len(characters) - 1)]]]
    wrong = [int(positions[0]) for positions in (wrong_opening, wrong_closing) if len(positions)]
    return min(wrong) if wrong else None


def _without_escapes(content: bytes, dialect: Dialect) -> bytes:
    """The content with each escape and the character after it replaced by two others, so that every position holds."""
    if dialect.escape is None or dialect.escape.encode() not in content:
        return content
    mark = dialect.escape.encode()
    for escaped in (mark, (dialect.quote or "").encode(), b"\n"):
        content = content.replace(mark + escaped, b"xx"[: len(mark + escaped)])
    return content


def _sound(block: Block, name: str) -> tuple[Block, list[Batch | BadRecord]]:
    """The records of a block but those that hold NUL bytes, are no UTF-8 or are too large; and these."""
    faults: dict[int, tuple[str, str]] = {}
    if block.size > MOST_RECORD_BYTES:
        for row in np.flatnonzero(block.spans.ends - block.spans.starts > MOST_RECORD_BYTES).tolist():
            faults[row] = ("too_large", f"is longer than {MOST_RECORD_BYTES:,} bytes")
    if block.content.find(b"\0", 0, block.size) >= 0:
        for row in range(len(block)):
            if b"\0" in block.record(row):
                faults[row] = ("nul", "holds NUL bytes, as a file in UTF-16 or a damaged one does")
    if not _is_utf8(block.content, block.size):
        for row in range(len(block)):
            if not _is_utf8(block.record(row)):
                faults[row] = ("undecodable", "is not UTF-8; if the file is in another encoding, set `encoding`")
    if not faults:
        return block, []
    bad = [block.bad(name, row, rule, reason) for row, (rule, reason) in sorted(faults.items())]
    return block.without(faults), list(bad)


def _is_utf8(content: bytes, size: int | None = None) -> bool:
    bounds = pa.py_buffer(np.array([0, len(content) if size is None else size], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, bounds, pa.py_buffer(content)]).validate(full=True)
    except pa.ArrowInvalid:
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
