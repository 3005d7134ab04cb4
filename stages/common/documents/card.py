"""card.json: what a dataset is, carried beside the documents through every stage."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from stages.common.core.outputs import write_json
from stages.common.core.validation import Strict, read_record
from stages.common.tasks import known_task, task_of

CARD = "card.json"
LABELS = Path("data/labels.json")


class Label(Strict):
    """A label and what it means, written for a human annotator."""

    name: str
    definition: str


class SourceFile(Strict):
    """A file that the dataset was read from, and the hash that it was checked against."""

    name: str
    hash: str


class Card(Strict):
    """What a dataset is.

    Attributes:
        name: The name of its entry in catalog/datasets.
        title: The name that people know it by.
        task: The name of its task (:mod:`stages.common.tasks`).
        language: A BCP 47 tag.
        licence: Under what terms the data may be used.
        citation: What to cite.
        known_faults: What is known to be wrong with it.
        labels: In the order of the model's outputs.
        sources: The files it was read from.
        rows: How many documents download read.
        most_dropped: The share of them that one rule of cleaning may drop, where the entry says so; else not written.
        redistribution: Whether its texts may be passed on; where it is ``no``, no file that git tracks holds any. Not
            written where the entry does not say.
    """

    name: str
    title: str
    task: Annotated[str, AfterValidator(known_task)]
    language: str
    licence: str
    citation: str
    known_faults: list[str]
    labels: list[Label]
    sources: list[SourceFile]
    rows: int
    most_dropped: float | None = None
    redistribution: bool | None = None

    @property
    def shows_texts(self) -> bool:
        """Whether files that git tracks may hold texts of the dataset."""
        return self.redistribution is not False

    @property
    def label_names(self) -> list[str]:
        """The names of the labels, in the order of the model's outputs."""
        return [label.name for label in self.labels]


class Labels(Strict):
    """What a model is to tell apart: ``data/labels.json``, the part of a card that training depends on.

    Attributes:
        task: The name of the task.
        labels: The names of the labels, in the order of the model's outputs.
    """

    task: Annotated[str, AfterValidator(known_task)]
    labels: list[str]

    @property
    def outputs(self) -> list[str]:
        """The names of the model's outputs, in their order."""
        return task_of(self).outputs(self.labels)


def read_labels(path: Path) -> Labels:
    """Reads the labels that download wrote.

    Raises:
        UserError: If the file is missing or damaged.
    """
    return read_record(Labels, path)


def write_labels(card: Card, path: Path) -> None:
    """Writes the part of a card that training depends on: a corrected citation is not in it."""
    write_json(path, Labels(task=task_of(card).name, labels=card.label_names).model_dump())


def read_card(folder: Path) -> Card:
    """Reads ``card.json`` from a stage's output folder.

    Raises:
        UserError: If it is missing or is not a card.
    """
    return read_record(Card, folder / CARD)


def write_card(card: Card, folder: Path) -> None:
    """Writes ``card.json`` into a stage's output folder."""
    write_json(folder / CARD, card.model_dump(exclude_none=True))
