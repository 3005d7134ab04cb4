"""What a run of `commands.predict` has answered so far, on the disk: a run that was stopped goes on from there.

A journal is one file beside the answers-to-be. Its first line says what answers are made with. Each record after it is
a line of JSON, which describes one window of texts, and then the window's answers. Windows stand in the order in which
they were finished. A record that is not whole ends the journal: the kill came while it was written.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import IO, Any, NamedTuple

from stages.common.core.messages import Interrupted, UserError

FORM = 1  # of the file; another is not read
LONGEST_LINE = 2**24  # bytes; a longer one is no line of a journal
FULL = (errno.ENOSPC, errno.EDQUOT)
MadeWith = Mapping[str, Any]


class Counts(NamedTuple):
    """How many texts there are, how many of them are empty, and how many have no label because none is likely."""

    texts: int
    empty: int
    unsure: int


class Answered(NamedTuple):
    """A window of texts with its answers.

    Attributes:
        number: The window's.
        digest: That of :class:`commands.texts.Window`.
        counts: Of its texts.
        answers: As :func:`commands.answers.encode` writes them.
    """

    number: int
    digest: str
    counts: Counts
    answers: bytes


class _Record(NamedTuple):
    """Where in the file a window's answers are, and what is known of them."""

    digest: str
    counts: Counts
    start: int
    size: int


class Journal:
    """The windows that are answered.

    Args:
        path: The file.
        file: The same, locked, opened for appending and without a buffer.
        records: By number what it holds.
    """

    def __init__(self, path: Path, file: FileIO, records: dict[int, _Record]) -> None:
        self._path, self._file, self._records = path, file, records

    @property
    def texts(self) -> int:
        """How many texts are answered."""
        return sum(record.counts.texts for record in self._records.values())

    def holds(self, number: int, digest: str) -> bool:
        """Whether a window is answered.

        Raises:
            UserError: If it is, but was read of other texts.
        """
        record = self._records.get(number)
        if record and record.digest != digest:
            raise UserError(
                f"{_place(self._records, number)} of the input are not those that were answered before.",
                "Give the same input, or leave out --resume to begin anew.",
            )
        return record is not None

    def add(self, answered: Answered) -> None:
        """Writes a window's answers; they are on the disk when this returns."""
        start = self._file.seek(0, os.SEEK_END)
        described = {
            "window": answered.number,
            "read": answered.digest,
            "counts": answered.counts,
            "bytes": len(answered.answers),
            "hash": _hash(answered.answers),
        }
        line = json.dumps(described).encode() + b"\n"
        try:
            _write(self._file, line + answered.answers)
        except BaseException:
            with suppress(OSError):  # if not even that goes, the next run sees that the record is not whole
                self._file.truncate(start)
            raise
        place = start + len(line)
        self._records[answered.number] = _Record(answered.digest, answered.counts, place, len(answered.answers))

    def counted(self, windows: int) -> Counts:
        """What is counted of all texts, once they are answered.

        Args:
            windows: How many the input has.

        Raises:
            UserError: If answers of further windows are there.
        """
        if len(self._records) > windows:
            raise UserError(
                "The input has fewer texts than were answered before.",
                "Give the same input, or leave out --resume to begin anew.",
            )
        every = [record.counts for record in self._records.values()]
        return Counts(*(sum(column) for column in zip(*every, strict=True))) if every else Counts(0, 0, 0)

    def answers(self) -> Iterator[bytes]:
        """The answers of all windows, in the order of the texts."""
        with self._path.open("rb") as file:
            for _, record in sorted(self._records.items()):
                file.seek(record.start)
                yield file.read(record.size)


@contextmanager
def open_journal(out: Path, made_with: MadeWith, resume: bool) -> Iterator[Journal]:
    """Opens the journal of a file of answers; it is removed when the block ends without an error.

    Args:
        out: The file of answers.
        made_with: What answers depend on beside the texts; JSON.
        resume: Whether what an earlier run has answered counts.

    Raises:
        UserError: If another run writes to the journal, or that of an earlier run was made with something else. An
            error in the block is told with what is kept.
    """
    path = journal_of(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileIO(path, "a") as file:
        _lock(file, out)
        head = json.dumps({"form": FORM, "made_with": made_with}).encode() + b"\n"
        records, end = _read(path, json.loads(head), out) if resume else ({}, 0)
        file.truncate(end)
        journal = Journal(path, file, records)
        try:
            if not end:
                _write(file, head)
            yield journal
        except BaseException as error:
            if not journal.texts:
                path.unlink(missing_ok=True)
                raise
            raise _kept(error, journal.texts, out) from error
        path.unlink(missing_ok=True)


def journal_of(out: Path) -> Path:
    """Where the journal of a file of answers is."""
    return out.with_name(f".{out.name}.answered")


def _kept(error: BaseException, texts: int, out: Path) -> BaseException:
    """The error, told with what to do now, where a person can do something."""
    go_on = f"Answers to {texts:,} text{'s' * (texts > 1)} are kept: run it again with --resume to go on."
    if isinstance(error, OSError) and any(os.strerror(code) in str(error) for code in FULL):  # pyarrow sets no errno
        return UserError(f"The disk is full while writing {out}.", f"Make room. {go_on}")
    if isinstance(error, UserError):
        return UserError(str(error), go_on)
    return Interrupted(go_on) if isinstance(error, KeyboardInterrupt) else error


def _lock(file: FileIO, out: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"{out}: another run is writing it.", "Wait for that, or name another file.") from None


def _read(path: Path, head: dict[str, Any], out: Path) -> tuple[dict[int, _Record], int]:
    """The whole records of a journal by their windows, and where the last one ends; 0 if not even the head is whole.

    Raises:
        UserError: If the journal was made with something else.
    """
    records: dict[int, _Record] = {}
    with path.open("rb") as file:
        begun = _line(file)
        if begun is None:
            return {}, 0
        _check(begun, head, out)
        end = file.tell()
        while (line := _line(file)) is not None:
            start = file.tell()
            answers = file.read(line["bytes"])
            if len(answers) < line["bytes"] or _hash(answers) != line["hash"]:
                break
            records[line["window"]] = _Record(line["read"], Counts(*line["counts"]), start, len(answers))
            end = file.tell()
    return records, end


def _line(reader: IO[bytes]) -> dict[str, Any] | None:
    """The next line; None if it is not whole."""
    line = reader.readline(LONGEST_LINE)
    try:
        content = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _check(begun: dict[str, Any], head: dict[str, Any], out: Path) -> None:
    mend = "Give the same again, or leave out --resume to begin anew."
    if begun.get("form") != head["form"]:
        raise UserError(f"{journal_of(out)}: was written by another version of the code.", mend)
    before, now = begun["made_with"], head["made_with"]
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if old != new:
            short = all(isinstance(value, str | int | float | None) for value in (old, new))
            values = f" ({old}, and now {new})" if short else ""
            raise UserError(f"{out}: was begun with another {name}{values}.", mend)


def _place(records: dict[int, _Record], number: int) -> str:
    """Which texts a window has, where the windows before it are known."""
    before = [records[other].counts.texts for other in range(number) if other in records]
    if len(before) < number:
        return "Texts"
    first = sum(before) + 1
    return f"Texts {first:,} to {first + records[number].counts.texts - 1:,}"


def _hash(answers: bytes) -> str:
    return blake2b(answers, digest_size=16).hexdigest()


def _write(file: FileIO, content: bytes) -> None:
    """Writes all of it, which one call may not do where the disk is nearly full, and waits until it is on the disk."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())
