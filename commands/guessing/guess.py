"""What is guessed of a file: how it is read, what was seen, and what a person has to decide."""

import re
from dataclasses import dataclass, field
from typing import Any

from stages.common.tasks import TASKS

EDIT = "EDIT"
LABEL_NAMES = ("label", "labels", "class", "category", "target", "topic", "sentiment", "polarity", "tags")
# What columns of true labels are called, beside those of answers.
TRUE = re.compile(r"(?<![a-z])(gold|true|truth|gt|expert)(?![a-z])|ground.?truth", re.IGNORECASE)

PLAINEST = {task.answer: task.name for task in reversed(TASKS.values())}  # the first task of each kind of answer


@dataclass
class Guess:
    """What is guessed of a file.

    Attributes:
        reader: The ``reader`` of a catalog entry: the likeliest one, valid as it is.
        task: The name of the task.
        remarks: What was seen, for the comments of the draft.
        doubts: By key of the reader: what is written in place of its value, since it is not sure.
        columns: The names of the table's columns, if it is one.
        annotators: Those of several people's answers, if the table has any.
        annotators_doubt: Why these are not sure.
    """

    reader: dict[str, Any]
    task: str = PLAINEST["label"]
    remarks: list[str] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    annotators: list[str] = field(default_factory=list)
    annotators_doubt: str = ""

    def doubt(self, key: str, text: str) -> None:
        """Marks a key of the reader as one that a person has to decide."""
        self.doubts[key] = f"{EDIT} {text}"
