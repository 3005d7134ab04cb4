"""Fine-tuning for sentences whose words have BIO tags."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from seqeval.metrics.v1 import precision_recall_fscore_support
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score

from stages.common.core.messages import UserError
from stages.common.documents.spans import bio_tags, decode_tags
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.model.tokenising import SENTENCE_OVERLAP
from stages.common.training.loop import Objective
from stages.common.training.selection import Metrics
from stages.finetune.examples import word_examples as make_examples
from stages.finetune.objectives import ONE_OF_ALL, mean_cross_entropy, of_classes
from stages.finetune.objectives import has_no_shares as soften
from stages.finetune.parameters import Finetune
from stages.finetune.tasks import Penalty

__all__ = [
    "CURVES",
    "LIKENESS",
    "calibrate",
    "check_targets",
    "make_examples",
    "make_objective",
    "plan_inference",
    "read_targets",
    "soften",
    "starting_bias",
    "true_outputs",
    "validation_metrics",
]

CURVES = ("accuracy", "span_f1", "loss")
LIKENESS = ONE_OF_ALL

Tags = list[npt.NDArray[np.int64]]


def read_targets(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> Tags:
    """The index of each word's tag among :func:`stages.common.documents.spans.bio_tags` of the labels.

    Returns:
        For each document, int64, [words].

    Raises:
        UserError: If a document has no tags or an unknown one.
    """
    place = {tag: index for index, tag in enumerate(bio_tags(labels))}
    indices = []
    for identity, tags in zip(documents["id"], documents["tags"], strict=True):
        if tags is None:
            raise UserError(f"{where}: document {identity!r} has no tags.", "Tag its words or remove it.")
        unknown = next((tag for tag in tags if tag not in place), None)
        if unknown is not None:
            raise UserError(
                f"{where}: document {identity!r} has the tag {unknown!r}, but the dataset's entry lists the labels "
                f"{', '.join(labels)} only.",
                "Add its label to the dataset's entry in catalog/datasets.",
            )
        indices.append(np.array([place[tag] for tag in tags], dtype=np.int64))
    return indices


def true_outputs(targets: Tags, inference: Inference) -> list[npt.NDArray[np.float32]]:
    """1 for each word's tag and 0 for the others: for each document, [words, tags]."""
    return [np.eye(len(inference.outputs), dtype=np.float32)[tags] for tags in targets]


def check_targets(targets: Tags, outputs: Sequence[str], where: Path) -> None:
    """Makes sure that the training documents have two tags or more."""
    present = np.unique(np.concatenate(targets))
    if len(present) < 2:
        raise UserError(
            f"{where}: all words have the tag {outputs[present[0]]!r}; a classifier needs two or more.",
            "Use data with at least two labels.",
        )


def plan_inference(inference: Inference, targets: Tags) -> Inference:
    """A sentence is always kept whole, in windows that overlap by half."""
    return inference.model_copy(update={"truncation": "windows", "window_overlap": SENTENCE_OVERLAP})


def starting_bias(targets: Tags) -> None:
    """The outputs are left as they were drawn."""


def make_objective(parameters: Finetune, targets: Tags, outputs: Sequence[str], penalty: Penalty | None) -> Objective:
    """The cross-entropy over the words' first pieces; see :func:`stages.finetune.objectives.of_classes`."""
    return of_classes(parameters, np.concatenate(targets), len(outputs), penalty)


def validation_metrics(logits: Logits | list[Logits], targets: Tags, inference: Inference) -> Metrics:
    """Compares the logits of words with their true tags: spans by seqeval, strict (IOB2), over all labels together.

    Returns:
        Precision, recall and F1 of spans, of which label and both ends must be right; the accuracy is that of the
        words' tags, the loss the mean cross-entropy over words in nats.
    """
    tags = inference.outputs
    predicted = [decode_tags(sentence, tags) for sentence in logits]
    truth = [[tags[index] for index in sentence] for sentence in targets]
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, average="micro", scheme=IOB2, zero_division=0.0
    )
    words = [tag for sentence in truth for tag in sentence]
    return {
        "accuracy": float(accuracy_score(words, [tag for sentence in predicted for tag in sentence])),
        "span_precision": float(precision),
        "span_recall": float(recall),
        "span_f1": float(f1),
        "loss": mean_cross_entropy(np.concatenate(logits), np.concatenate(targets)),
    }


def calibrate(logits: Logits, targets: Tags, inference: Inference) -> Inference:
    """The record as it is: the probabilities of tags are not calibrated."""
    return inference
