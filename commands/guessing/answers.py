"""Guesses where several people's answers stand: in a column a person, or in a table with a row an answer."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.guessing.dialect import guess_table
from commands.guessing.encoding import guess_encoding
from commands.guessing.guess import LABEL_NAMES, TRUE
from stages.common.core.messages import UserError
from stages.common.fetching.archives import is_archive
from stages.download.answers import AnswerTable
from stages.download.readers.record import BadRecord, as_number

SAMPLE_BYTES = 1024**2
PERSON = r"annotators?|annot|ann|raters?|ratings?|coders?|judges?|workers?|votes?|voters?|experts?|turkers?|labell?ers?"
PERSONS = re.compile(rf"((?:.*[^a-z])?(?:{PERSON})(?:[^a-z\d].*?)??)[_ .-]?(\d+|[a-c])", re.IGNORECASE)
LABELS = re.compile(r"((?:.*[^a-z])?(?:label|class|tag|answer|response)s?)[_ .-]?(\d+|[a-c])", re.IGNORECASE)
WORKER = re.compile(rf"(.*[^a-z])?({PERSON}|users?|crowd)([^a-z].*)?", re.IGNORECASE)
ANSWER = re.compile(
    r"(.*[^a-z])?(response|answer|judge?ment|annotation|vote|label|rating|choice|score)s?", re.IGNORECASE
)
TIME = re.compile(r"(.*[^a-z])?(time|timestamp|date|when|submitted)([^a-z].*)?", re.IGNORECASE)
MOST_ANSWERS = 20
FEWEST_AN_ITEM = 1.5  # answers, on average
Values = Mapping[str, Sequence[str]]


def annotator_columns(values: Values) -> tuple[list[str], str]:
    """The columns of a table that hold answers, one a person: numbered alike, or with the same few values.

    Args:
        values: The cells of each column.

    Returns:
        The columns, none if there are none such; and why that is not sure, empty if it is.
    """
    for pattern in (PERSONS, LABELS):
        stems: dict[str, list[str]] = {}
        for name in values:
            match = pattern.fullmatch(name)
            if match:
                stems.setdefault(match.group(1).lower(), []).append(name)
        for names in stems.values():
            kinds = _kinds(values, names)
            if len(names) < 2 or not _few(kinds) or not set.intersection(*kinds[:2]):
                continue
            if pattern is PERSONS:
                return names, ""
            if not set().union(*kinds) <= {"0", "1", "0.0", "1.0"}:
                return names, "answers of several people about one text; or several labels of it, for multi-label"
    by_name = {name: _kinds(values, [name])[0] for name in values}
    others = {name: kinds for name, kinds in by_name.items() if not _is_truth(name)}
    truths = [kinds for name, kinds in by_name.items() if _is_truth(name)]
    for every in others.values():
        names = [name for name, some in others.items() if some and some <= every]
        if len(names) < 3 or not 1 < len(every) <= MOST_ANSWERS or any(as_number(cell) == 0 for cell in every):
            continue
        if not truths or any(kinds & every for kinds in truths):
            return names, "columns with the same values: answers of several people, or several things about a text"
    return [], ""


def _is_truth(name: str) -> bool:
    return name.lower() in LABEL_NAMES or TRUE.search(name) is not None


def _kinds(values: Values, names: Sequence[str]) -> list[set[str]]:
    return [{cell for cell in values[name] if cell.strip()} for name in names]


def _few(kinds: Sequence[set[str]]) -> bool:
    return len(set[str]().union(*kinds)) <= MOST_ANSWERS


@dataclass(frozen=True)
class AnswerFile:
    """A table of answers, a row each, without texts.

    Attributes:
        path: The file.
        entry: What a catalog entry says of it, under ``answers``.
        answers: How often each answer occurs.
        items: The ids that are answered about.
        workers: How many people answered.
        bad: The records that cannot be read.
        numbers: Whether the answers are too many numbers to be labels.
    """

    path: Path
    entry: dict[str, Any]
    answers: Counter[str]
    items: frozenset[str]
    workers: int
    bad: list[BadRecord]
    numbers: bool

    @property
    def shown(self) -> str:
        """What it holds, in words."""
        return f"{sum(self.answers.values()):,} answers of {self.workers:,} people about {len(self.items):,} items"


def guess_answer_file(path: Path) -> AnswerFile | None:
    """The table of answers that a file is; None if it is none.

    Raises:
        UserError: If it holds texts as well, each as often as it was answered.
    """
    if path.is_dir() or is_archive(path):
        return None
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES + 1)
    cut = len(head) > SAMPLE_BYTES
    head = head[: head.rfind(b"\n") + 1 or None] if cut else head
    if not head or b"\0" in head[:1000]:
        return None
    encoding = guess_encoding(head)
    table = guess_table(head.decode(encoding.name, "replace").removeprefix("\ufeff"), cut)
    if table is None or not table.rows or set(table.dialect) - {"delimiter", "quote"}:
        return None
    values = {name: [row[at] for row in table.rows] for at, name in enumerate(table.names) if name}
    found = _who_what_about(values)
    if found is None:
        return None
    worker, answer, item = found
    prose = [name for name in values if name not in found and _is_prose(values[name])]
    if prose or _is_prose(values[item]):
        text = (prose or [item])[0]
        if len(set(values[text])) > len(table.rows) / FEWEST_AN_ITEM:
            return None  # who wrote a text, not who answered about it
        raise UserError(
            f"{path}: has a row an answer, and so each text ({text!r}) once for every {worker!r}.",
            f"Write each text once to a file with an id, and id, {worker}, {answer} to another; describe both.",
        )
    entry: dict[str, Any] = {"file": path.name, **table.dialect, "id": item, "annotator": worker, "answer": answer}
    times = [name for name in values if name not in found and TIME.fullmatch(name) and all(values[name])]
    if len(times) == 1:
        entry["time"] = times[0]
    if encoding.name != "utf-8":
        entry["encoding"] = encoding.name
    return _counted(path, entry)


def _who_what_about(values: Values) -> tuple[str, str, str] | None:
    """The columns of who answered, of the answer, and of what it is about."""
    rows = len(next(iter(values.values())))
    again = [name for name in values if len(set(values[name])) < rows]
    workers = [name for name in again if WORKER.fullmatch(name) and not ANSWER.fullmatch(name)]
    answers = [name for name in again if ANSWER.fullmatch(name) and name not in workers]
    if not workers or not answers:
        return None
    worker = workers[0]
    answer = min(answers, key=lambda name: (name.lower().startswith(("gold", "true")), len(set(values[name]))))
    items = [
        name
        for name in again
        if name not in (worker, answer)
        and len(set(values[name])) <= rows / FEWEST_AN_ITEM
        and len(set(zip(values[name], values[worker], strict=True))) > 0.95 * rows
    ]
    if not items:
        return None
    return worker, answer, max(items, key=lambda name: ("id" in re.split(r"[^a-z]+", name.lower()), -len(values[name])))


def _is_prose(cells: Sequence[str]) -> bool:
    return sum(len(cell) >= 15 and len(cell.split()) > 2 for cell in cells) > 0.5 * len(cells)


def _counted(path: Path, entry: dict[str, Any]) -> AnswerFile:
    """Reads the whole table."""
    answers: Counter[str] = Counter()
    items: set[str] = set()
    workers: set[str] = set()
    bad: list[BadRecord] = []
    for found in AnswerTable.model_validate(entry).read(path):
        if isinstance(found, BadRecord):
            bad.append(found)
            continue
        answers.update(found["answer"].dropna())
        items.update(found["id"].dropna())
        workers.update(found["annotator"].dropna())
    numbers = len(answers) > MOST_ANSWERS and all(as_number(answer) == as_number(answer) for answer in answers)
    return AnswerFile(path, entry, answers, frozenset(items), len(workers), bad, numbers)
