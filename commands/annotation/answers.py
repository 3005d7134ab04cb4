"""The answers of a round, and its other tables, as CSV files that git keeps."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from stages.common.core.messages import UserError

MOST_BYTES = 256 * 2**20  # of a file that is read back
LONGEST_FIELD = 8 * 2**20  # characters


class Answer(NamedTuple):
    """One row of the table of answers (:mod:`stages.common.documents.answers`); what is not known is None."""

    id: str
    annotator: str
    answer: str
    time: str | None = None  # such as 2026-03-01T09:30:00.000000Z
    seconds: float | None = None
    round: str | None = None
    guideline: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What there is one answer for in a round."""
        return self.id, self.annotator


def read_answer_file(path: Path) -> list[Answer]:
    """Reads what :func:`write_answer_file` wrote; nothing where there is no such file."""
    if not path.exists():
        return []
    rows = []
    for place, row in read_csv(path, Answer._fields):
        try:
            seconds = seconds_of(row["seconds"] or None)
            time = time_of(row["time"] or None)
        except ValueError as error:
            raise UserError(f"{place}: {error}.", "Restore the file from git.") from None
        said = (row[name] or None for name in ("round", "guideline"))
        rows.append(Answer(row["id"], row["annotator"], row["answer"], time, seconds, *said))
    return rows


def write_answer_file(answers: Iterable[Answer], path: Path) -> None:
    """Writes answers sorted by id, annotator and the rest: the same bytes for any order."""
    write_csv(path, Answer._fields, sorted(answers, key=lambda answer: tuple(map(str, answer))))


def read_csv(path: Path, needed: Sequence[str], delimiter: str = ",") -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the rows of a CSV file in UTF-8, each with its place, such as ``answers.csv:3``.

    Args:
        path: The file.
        needed: Columns that it must have.
        delimiter: What stands between fields.

    Raises:
        UserError: If there is no such file, or it is no CSV file with these columns.
    """
    check_size(path)
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=delimiter, strict=True)
            head = next(rows, [])
            missing = [name for name in needed if name not in head]
            if missing:
                raise UserError(f"{path}: there is no column {missing[0]!r}.", f"It needs {', '.join(needed)}.")
            if len(set(head)) < len(head):
                raise UserError(f"{path}: two columns have one name.", "Rename one.")
            for row in rows:
                place = f"{path}:{rows.line_num}"
                if row and len(row) != len(head):
                    raise UserError(
                        f"{place}: the row that ends here has {len(row)} fields, not {len(head)}.", "Quote."
                    )
                if row:
                    yield place, dict(zip(head, row, strict=True))
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error.reason}).", "Save it as UTF-8.") from None
    except csv.Error as error:
        raise UserError(f"{path}: not CSV ({error}).", "Look for a quote that never closes.") from None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV file; None is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def check_size(path: Path) -> None:
    """Refuses what is no file, or too large to be answers.

    Raises:
        UserError: Then.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.", "Name another.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UserError(f"{path}: is {size:,} bytes large, more than {MOST_BYTES:,}.", "Export it in parts.")


def time_of(said: Any) -> str | None:
    """A point in time in one form, UTC with microseconds; without a time zone it is taken as UTC.

    Args:
        said: ISO 8601, or seconds since 1970.

    Raises:
        ValueError: If it is neither.
    """
    if said is None:
        return None
    try:
        if isinstance(said, int | float) and not isinstance(said, bool):
            when = datetime.fromtimestamp(said, UTC)
        else:
            when = datetime.fromisoformat(said)
            when = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise ValueError(f"{str(said)[:40]!r} is no time") from None
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(said: Any) -> float | None:
    """How long an answer took.

    Raises:
        ValueError: If it is no number of seconds.
    """
    if said is None:
        return None
    try:
        seconds = float(said)
    except (ValueError, TypeError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{str(said)[:40]!r} is no number of seconds")
    return seconds
