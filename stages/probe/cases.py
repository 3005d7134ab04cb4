"""Reads suites whose cases are written out: tables, and the forms of WinoBias and Winogender."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from stages.common.core.messages import UserError
from stages.probe.entry import DIRECTION, INVARIANCE, MINIMUM, Cases, Kind

COLUMNS = ["case", "test", "functionality", "group", "text", "reference", "expected", "direction"]
BRACKETS = re.compile(r"[\[\]]")
FEMALE = re.compile(r"\b(she|her|hers|herself)\b", re.IGNORECASE)
GENDERS = {"female": "women for men", "neutral": "neutral for men"}  # as Winogender names its sentences
DIRECTIONS = ("up", "down")


def read_cases(cases: Cases, folder: Path) -> pd.DataFrame:
    """Reads a file of cases.

    Args:
        cases: What the entry says of it.
        folder: Where the suite's files are.

    Returns:
        One row a case: a text with the label that is expected, or with a reference that should be answered alike, or
        beside which the probability of a label should move up or down. What does not apply is None.

    Raises:
        UserError: If the file is not what the entry says, or a case lacks something, with its row.
    """
    if cases.format == "winobias":
        return _frame(_winobias(cases, folder))
    if cases.format == "winogender":
        return _frame(_winogender(cases, folder))
    return _frame(_table(cases, folder))


def _frame(rows: Iterator[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _table(cases: Cases, folder: Path) -> Iterator[list[Any]]:
    columns, path = cases.columns, folder / cases.file
    try:
        table = pd.read_csv(
            path, sep="\t" if cases.format == "tsv" else ",", dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{cases.file}: not a table in UTF-8 ({error}).", "Save it as CSV with a header.") from None
    named = {field: name for field, name in columns.model_dump().items() if name is not None}
    for field, name in named.items():
        if name not in table:
            raise UserError(f"{cases.file}: has no column {name!r}.", f"Name its column for {field} in the entry.")
    if table.empty:
        raise UserError(f"{cases.file}: has no cases.", "Write some below its header.")
    for number, row in enumerate(table.to_dict("records")):
        given = {field: str(row[name]) for field, name in named.items()}
        yield _checked(given, cases, f"{cases.file}, line {number + 2}", str(number + 1))


def _checked(given: dict[str, str], cases: Cases, where: str, number: str) -> list[Any]:
    test = given.get("test") or cases.test
    reference, label, direction = (given.get(field) or None for field in ("reference", "label", "direction"))
    if not given["text"].strip():
        raise UserError(f"{where}: the text is empty.", "Write one, or leave the line out.")
    if test not in get_args(Kind):
        raise UserError(f"{where}: there is no test {test!r}.", f"Known are: {', '.join(get_args(Kind))}.")
    if test != MINIMUM and not (reference or "").strip():
        raise UserError(f"{where}: {test} without a reference.", "Name the text that it is held against.")
    if test != INVARIANCE and not label:
        raise UserError(f"{where}: {test} without a label.", "Name it.")
    if test == DIRECTION and direction not in DIRECTIONS:
        raise UserError(f"{where}: the direction is {direction!r}.", "It is up or down.")
    return [
        given.get("id") or number,
        test,
        given.get("functionality") or cases.functionality,
        given.get("group") or None,
        given["text"],
        reference if test != MINIMUM else None,
        label if test != INVARIANCE else None,
        direction if test == DIRECTION else None,
    ]


def _winobias(cases: Cases, folder: Path) -> Iterator[list[Any]]:
    """Sentences against the stereotype, each held against the same one that follows it (Zhao et al. 2018)."""
    if cases.against is None:
        raise UserError(f"{cases.file}: winobias needs the file that it is held against.", "Name it as 'against'.")
    names = (cases.file, cases.against)
    lines = [(folder / name).read_text(encoding="utf-8").splitlines() for name in names]
    if len(lines[0]) != len(lines[1]):
        raise UserError(
            f"{names[0]} and {names[1]} have different numbers of lines.", "They are held against line by line."
        )
    for number, pair in enumerate(zip(*lines, strict=True), start=1):
        text, reference = (BRACKETS.sub("", line).partition(" ")[2].strip() for line in pair)
        group = GENDERS["female"] if FEMALE.search(text) else "men for women"
        yield [str(number), INVARIANCE, cases.functionality, group, text, reference, None, None]


def _winogender(cases: Cases, folder: Path) -> Iterator[list[Any]]:
    """Sentences about a woman, or a person, each held against the same one about a man (Rudinger et al. 2018)."""
    table = pd.read_csv(folder / cases.file, sep="\t", dtype=str, keep_default_na=False)
    sentences = dict(zip(table["sentid"], table["sentence"], strict=True))
    for ident, text in sentences.items():
        stem, _, gender = ident.removesuffix(".txt").rpartition(".")
        if gender in GENDERS and f"{stem}.male.txt" in sentences:
            reference = sentences[f"{stem}.male.txt"]
            yield [ident, INVARIANCE, cases.functionality, GENDERS[gender], text, reference, None, None]
