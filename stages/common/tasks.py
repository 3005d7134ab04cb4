"""What a task is, as data: which columns its documents have, what is predicted of them, and which metric counts.

Only this file and the folders ``tasks/`` of the stages know one task from another. All other code asks what a task is
like (:class:`Task`), or what columns a table has (:mod:`stages.common.documents.targets`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

from stages.common.core.messages import UserError, suggestion
from stages.common.documents.spans import bio_tags

LABEL = pa.field("label", pa.string())
TOKENS = pa.field("tokens", pa.list_(pa.string()))
TAGS = pa.field("tags", pa.list_(pa.string()))
TEXT_PAIR = pa.field("text_pair", pa.string())
LABELS = pa.field("labels", pa.list_(pa.string()))
VALUE = pa.field("value", pa.float64())


def _as_they_are(labels: Sequence[str]) -> list[str]:
    return list(labels)


def _one_number(_: Sequence[str]) -> list[str]:
    return ["value"]


@dataclass(frozen=True)
class Task:
    """What a task is like.

    Attributes:
        name: As ``task`` in a catalog entry and in card.json says it.
        columns: The columns of a document table between ``text`` and ``published_split``.
        inputs: The columns that a model reads, in their order.
        target: The column that a model predicts.
        answer: What a prediction is: one of the card's labels, any number of them, a tag for each word, or a number.
        fewest_labels: How many labels a card must name.
        outputs: From the card's labels to the names of the model's outputs, in their order.
        reworded: The column whose words a variant of a document may change without changing what is predicted; None if
            there is none.
        headline: The metric by which epochs, runs and classifiers are compared, on validation and on test.
        higher_is_better: Whether more of it is better.
        hub_name: What the Hugging Face hub calls the task.
    """

    name: str
    columns: tuple[pa.Field, ...]
    inputs: tuple[str, ...]
    target: str
    answer: Literal["label", "labels", "tags", "value"]
    fewest_labels: int
    outputs: Callable[[Sequence[str]], list[str]]
    reworded: Literal["text", "tokens"] | None
    headline: str
    higher_is_better: bool
    hub_name: str

    @property
    def head(self) -> Literal["document", "word"]:
        """What an output of the model is about."""
        return "word" if self.answer == "tags" else "document"

    @property
    def filled(self) -> frozenset[str]:
        """The columns that a reader of its documents fills, beside the text."""
        return frozenset({*self.inputs, self.target} - {"text"})

    @property
    def module(self) -> str:
        """The name of the task's file in every folder ``tasks/``."""
        return self.name.replace("-", "_")


TASKS = {
    task.name: task
    for task in (
        Task(
            name="text-classification",
            columns=(LABEL, TOKENS, TAGS),
            inputs=("text",),
            target="label",
            answer="label",
            fewest_labels=2,
            outputs=_as_they_are,
            reworded="text",
            headline="macro_f1",
            higher_is_better=True,
            hub_name="text-classification",
        ),
        Task(
            name="token-classification",
            columns=(LABEL, TOKENS, TAGS),
            inputs=("tokens",),
            target="tags",
            answer="tags",
            fewest_labels=1,
            outputs=bio_tags,
            reworded="tokens",
            headline="span_f1",
            higher_is_better=True,
            hub_name="token-classification",
        ),
        Task(
            name="pairs",
            columns=(TEXT_PAIR, LABEL),
            inputs=("text", "text_pair"),
            target="label",
            answer="label",
            fewest_labels=2,
            outputs=_as_they_are,
            reworded=None,  # a premise in other words may not entail the hypothesis any more
            headline="macro_f1",
            higher_is_better=True,
            hub_name="text-classification",
        ),
        Task(
            name="multi-label",
            columns=(LABELS,),
            inputs=("text",),
            target="labels",
            answer="labels",
            fewest_labels=2,
            outputs=_as_they_are,
            reworded="text",
            headline="macro_f1",
            higher_is_better=True,
            hub_name="text-classification",
        ),
        Task(
            name="regression",
            columns=(VALUE,),
            inputs=("text",),
            target="value",
            answer="value",
            fewest_labels=0,
            outputs=_one_number,
            reworded="text",
            headline="mae",
            higher_is_better=False,
            hub_name="text-classification",
        ),
    )
}


class HasTask(Protocol):
    """What names its task: a card, a catalog entry, the labels of a run, the inference record of a model."""

    @property
    def task(self) -> str:
        """The task's name."""


def task_named(name: str) -> Task:
    """The task of this name.

    Raises:
        UserError: If there is none.
    """
    if name not in TASKS:
        raise UserError(f"there is no task {name!r}.", suggestion(name, TASKS))
    return TASKS[name]


def task_of(record: HasTask) -> Task:
    """The task that a record names."""
    return task_named(record.task)


def known_task(name: str) -> str:
    """The name itself, for pydantic's validators.

    Raises:
        ValueError: If there is no such task.
    """
    if name not in TASKS:
        raise ValueError(f"there is no task {name!r}. {suggestion(name, TASKS)}")
    return name
