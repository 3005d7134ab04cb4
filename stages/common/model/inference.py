"""The inference record of a fine-tuned model: all that answering with it needs beside its weights and tokenizer."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from stages.common.core.outputs import write_json
from stages.common.core.validation import Strict, read_record, validate
from stages.common.model.tokenising import SENTENCE_OVERLAP, Truncation
from stages.common.tasks import Task, known_task, task_named, task_of

INFERENCE = "inference.json"
CARD = "card.json"  # beside models that were made before the record named task and labels


class Reading(Strict):
    """How a model reads documents.

    Attributes:
        max_length: The tokens after which a document is cut, special tokens included.
        batch_tokens: The most tokens that a batch holds, padding included; a longer document is a batch of its own.
        truncation: What is kept of a longer document: its head, its tail, some of both, or all of it in windows.
        window_overlap: The share of a window that the next one repeats.
    """

    max_length: int = Field(ge=1)
    batch_tokens: int = Field(ge=1)
    truncation: Truncation
    window_overlap: float = Field(ge=0, lt=1)


class Inference(Reading):
    """What answering with a fine-tuned model needs to know: ``inference.json``.

    Attributes:
        task: The name of the task that it was trained for.
        labels: The names of the labels, in the card's order.
        temperature: What logits are divided by before they become probabilities, fitted on validation documents; None
            where none was fitted.
        thresholds: The probability from which on each label is given, where a document has any number of labels.
        centre: What is added to the model's output times ``scale``, where it predicts a number.
        scale: See there; both are those of the training documents.
    """

    task: Annotated[str, AfterValidator(known_task)]
    labels: list[str]
    temperature: float | None = Field(default=None, gt=0)
    thresholds: list[float] | None = None
    centre: float = 0.0
    scale: float = Field(default=1.0, gt=0)

    @property
    def outputs(self) -> list[str]:
        """The names of the model's outputs, in their order."""
        return task_of(self).outputs(self.labels)

    @property
    def divisor(self) -> float:
        """What logits are divided by: the temperature, or 1 where none was fitted."""
        return 1.0 if self.temperature is None else self.temperature


def read_inference(folder: Path) -> Inference:
    """Reads ``inference.json`` of a fine-tuned model, also of one made before the record named its task and labels.

    Raises:
        UserError: If it is missing or something in it is wrong.
    """
    path = folder / INFERENCE
    if not (folder / CARD).is_file():
        return read_record(Inference, path)
    card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    labels = [label["name"] for label in card["labels"]]
    known = {"task": card["task"], "labels": labels, "truncation": "head", "window_overlap": 0.0}
    known |= json.loads(path.read_text(encoding="utf-8"))
    return validate(Inference, known | _whole_sentences(task_named(card["task"])), str(path))


def write_inference(inference: Inference, folder: Path) -> None:
    """Writes ``inference.json`` beside a fine-tuned model."""
    write_json(folder / INFERENCE, inference.model_dump())


def _whole_sentences(task: Task) -> dict[str, Any]:
    """How a sentence of tagged words is cut, which older records did not say: in windows that overlap by half."""
    if task.head == "document":
        return {}
    return {"truncation": "windows", "window_overlap": SENTENCE_OVERLAP}
