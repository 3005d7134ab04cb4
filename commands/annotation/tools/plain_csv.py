"""CSV for a spreadsheet: a row a document, with a column ``answer`` to fill in; answers.csv of a round is read, too."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from commands.annotation.answers import check_size, read_csv
from commands.annotation.forms import Canonical, Kind
from commands.annotation.offsets import CODE_POINTS
from commands.annotation.tools.sheet import Found, Sheet

SUFFIX = ".csv"
UNITS = (CODE_POINTS,)
COLUMNS = ("id", "annotator", "answer", "time", "seconds", "round", "guideline")
HEAD_BYTES = 10_000  # of the line of names, at most
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is computed by spreadsheets


def write(sheets: Sequence[Sheet], kind: Kind) -> str:
    """A table to fill in."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    names = list(sheets[0].item.texts) if sheets else ["text"]
    model = ["model"] if any(sheet.prediction for sheet in sheets) else []
    words = ["words"] if kind == "tags" else []
    writer.writerow([*COLUMNS, *model, *words, *names])
    for sheet in sheets:
        given = sheet.answer
        row: list[Any] = [sheet.item.id, sheet.annotator, given and given.answer, given and given.time]
        row += [given and given.seconds, sheet.round, sheet.marks["guideline"]]
        row += [sheet.prediction and sheet.prediction.answer] if model else []
        if words:
            row.append(shown(" ".join(f"{place}:{word.text}" for place, word in enumerate(sheet.item.words or ()))))
        writer.writerow([*row, *map(shown, sheet.item.texts.values())])
    return made.getvalue()


def read(path: Path, _: Kind) -> Iterator[Found]:
    """Yields the rows that have an answer.

    Raises:
        UserError: If the file is no CSV file with the columns id and answer.
    """
    for place, row in read_csv(path, ("id", "answer"), delimiter_of(path)):
        answer = row["answer"].strip()
        if answer:
            yield Found(
                place,
                f"line {place.rpartition(':')[2]}",
                row["id"] or None,
                Canonical(answer),
                assigned=row.get("annotator") or None,
                known={name: row.get(name) or None for name in ("time", "seconds", "round", "guideline")},
            )


def delimiter_of(path: Path) -> str:
    """What stands between fields: a comma, or a semicolon where a spreadsheet of some languages saved the file.

    Raises:
        UserError: If there is no such file.
    """
    check_size(path)
    with path.open("rb") as file:
        head = file.readline(HEAD_BYTES)
    return ";" if head.count(b";") > head.count(b",") else ","


def shown(text: str) -> str:
    """A text for a cell of a spreadsheet: one that would be computed has an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text
