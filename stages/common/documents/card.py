"""card.json: what a dataset is, carried beside the documents through every stage."""

from pathlib import Path
from typing import Literal

from stages.common.core.outputs import write_json
from stages.common.core.validation import Strict, read_record

CARD = "card.json"


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
        task: Whether a document has one label, or each of its tokens a BIO tag.
        language: A BCP 47 tag.
        licence: Under what terms the data may be used.
        citation: What to cite.
        known_faults: What is known to be wrong with it.
        labels: In the order of the model's outputs.
        sources: The files it was read from.
        rows: How many documents download read.
    """

    name: str
    title: str
    task: Literal["text-classification", "token-classification"]
    language: str
    licence: str
    citation: str
    known_faults: list[str]
    labels: list[Label]
    sources: list[SourceFile]
    rows: int

    @property
    def label_names(self) -> list[str]:
        """The names of the labels, in the order of the model's outputs."""
        return [label.name for label in self.labels]


def read_card(folder: Path) -> Card:
    """Reads ``card.json`` from a stage's output folder.

    Raises:
        UserError: If it is missing or is not a card.
    """
    return read_record(Card, folder / CARD)


def write_card(card: Card, folder: Path) -> None:
    """Writes ``card.json`` into a stage's output folder."""
    write_json(folder / CARD, card.model_dump())
