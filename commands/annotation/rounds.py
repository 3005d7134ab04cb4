"""A round of annotation: a folder in the catalog that git keeps, with who was asked what, and what they answered.

``round.yaml`` says how it was planned, ``plan.csv`` who labels what, ``gold.csv`` what is known of the items that check
annotators, ``guideline.md`` what held, ``answers.csv`` what was answered, ``rejected.csv`` what could not be used. What
holds texts (``tasks/``) is not for git: it is made anew from the plan and the data.
"""

from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from commands.annotation.answers import Answer, read_answer_file, read_csv, write_csv
from commands.annotation.corpus import Corpus, check_name
from commands.annotation.tools import Tool
from stages.common.core.messages import UserError, suggestion
from stages.common.core.validation import Strict, read_yaml, validate
from stages.common.documents.answers import ADJUDICATOR

ROUNDS, GUIDELINES = Path("catalog/annotation"), Path("catalog/guidelines")

TASKS = "tasks"
PLAN_COLUMNS = ("id", "annotator", "kind", "guideline")
GOLD_COLUMNS = ("id", "answer")


class RoundRecord(Strict):
    """How a round was planned: ``round.yaml``.

    Attributes:
        dataset: The name of the dataset's catalog entry.
        guideline: The SHA-256 of the guideline that the annotators were given.
        annotators: Their ids.
        outranks: Whose answers outrank those of all others.
        chosen: By what the documents were chosen.
        split: The split that they are of.
        overlap: How many annotators answer each document.
        gold: How many documents of known answer are mixed in; every annotator gets all of them.
        seed: Of what was drawn.
        model: The hash of the model that was asked, if one was.
        shows_predictions: Whether annotators see the model's answers.
        tool: The tool that the tasks are for.
    """

    dataset: str
    guideline: str
    annotators: list[str]
    outranks: str = ADJUDICATOR
    chosen: Literal["random", "uncertainty", "disagreement", "margin", "badge", "coreset", "clusters"]
    split: str
    overlap: int
    gold: int
    seed: int
    model: str | None = None
    shows_predictions: bool = False
    tool: Tool


class Planned(NamedTuple):
    """A row of the plan: who labels what; ``kind`` is item or gold, which annotators do not see."""

    id: str
    annotator: str
    kind: str
    guideline: str


class Round(NamedTuple):
    """A round as it lies in the catalog.

    Attributes:
        name: The round's name.
        folder: Where it lies.
        record: How it was planned.
        plan: Who labels what, in the order in which they get it.
    """

    name: str
    folder: Path
    record: RoundRecord
    plan: list[Planned]

    @property
    def asked(self) -> frozenset[tuple[str, str]]:
        """Which documents which annotators are asked about."""
        return frozenset((row.id, row.annotator) for row in self.plan)

    @property
    def answers(self) -> list[Answer]:
        """What was imported so far, decisions included."""
        return read_answer_file(self.folder / "answers.csv")

    @property
    def gold(self) -> dict[str, str]:
        """The known answers, by document."""
        path = self.folder / "gold.csv"
        return {row["id"]: row["answer"] for _, row in read_csv(path, GOLD_COLUMNS)} if path.exists() else {}

    @property
    def decided(self) -> set[str]:
        """The documents about which there is a decision."""
        return {answer.id for answer in self.answers if answer.annotator == ADJUDICATOR}

    @property
    def contested(self) -> set[str]:
        """The documents that annotators answered differently; those of known answer are none."""
        said: dict[str, set[str]] = defaultdict(set)
        for answer in self.answers:
            if answer.annotator != ADJUDICATOR:
                said[answer.id].add(answer.answer)
        return {row_id for row_id, different in said.items() if len(different) > 1} - set(self.gold)


def load_round(corpus: Corpus, name: str) -> Round:
    """Reads a round.

    Raises:
        UserError: If there is none of this name, or it is damaged.
    """
    folder = ROUNDS / corpus.card.name / check_name(name, "a round")
    if not (folder / "round.yaml").exists():
        known = round_names(corpus)
        raise UserError(f"{ROUNDS / corpus.card.name} has no round {name!r}.", suggestion(name, known))
    record = validate(RoundRecord, read_yaml(folder / "round.yaml"), str(folder / "round.yaml"))
    rows = [
        Planned(*(row[column] for column in PLAN_COLUMNS)) for _, row in read_csv(folder / "plan.csv", PLAN_COLUMNS)
    ]
    return Round(name, folder, record, rows)


def round_names(corpus: Corpus) -> list[str]:
    """The names of a dataset's rounds, sorted."""
    return sorted(path.parent.name for path in (ROUNDS / corpus.card.name).glob("*/round.yaml"))


def all_rounds(corpus: Corpus) -> list[Round]:
    """The rounds of a dataset, by name."""
    return [load_round(corpus, name) for name in round_names(corpus)]


def write_record(record: RoundRecord, path: Path) -> None:
    """Writes round.yaml."""
    path.write_text(yaml.safe_dump(record.model_dump(), sort_keys=False), encoding="utf-8")


def write_plan(plan: list[Planned], path: Path) -> None:
    """Writes plan.csv, in the order of the tasks."""
    write_csv(path, PLAN_COLUMNS, plan)


def guideline_path(corpus: Corpus) -> Path:
    """Where the guideline of a dataset lies."""
    return GUIDELINES / f"{corpus.card.name}.md"


def guideline_hash(corpus: Corpus) -> str:
    """The SHA-256 of the guideline as it is now.

    Raises:
        UserError: If there is none.
    """
    path = guideline_path(corpus)
    if not path.exists():
        raise UserError(f"{path}: there is no guideline.", "Draft one with `python -m commands.annotate guideline`.")
    return sha256(path.read_bytes()).hexdigest()
