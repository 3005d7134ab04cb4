"""Fine-tuning for texts with one label each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from stages.common.core.messages import UserError
from stages.common.metrics.temperature import fit_temperature
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.training.loop import Objective
from stages.common.training.selection import Metrics
from stages.finetune.examples import document_examples as make_examples
from stages.finetune.objectives import ONE_OF_ALL, check_plain, mean_cross_entropy, of_classes, of_outputs
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

CURVES = ("accuracy", "macro_f1", "loss")
LIKENESS = ONE_OF_ALL

Indices = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float32]  # of each label, [documents, labels]


def read_targets(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> Indices:
    """The index of each document's label, [documents].

    Raises:
        UserError: If a document has no label or an unknown one.
    """
    unlabelled = documents.loc[documents["label"].isna(), "id"]
    if len(unlabelled):
        raise UserError(
            f"{where}: {len(unlabelled)} documents have no label, the first is {unlabelled.iloc[0]!r}.",
            "Label or remove them.",
        )
    indices = documents["label"].map({label: index for index, label in enumerate(labels)})
    unknown = documents[indices.isna()]
    if len(unknown):
        raise UserError(
            f"{where}: document {unknown['id'].iloc[0]!r} has the label {unknown['label'].iloc[0]!r}, which the "
            f"dataset's entry does not list (it lists {', '.join(labels)}).",
            "Add it to the dataset's entry in catalog/datasets.",
        )
    return np.array(indices, dtype=np.int64)


def soften(targets: Indices, documents: pd.DataFrame, consensus: pd.DataFrame) -> Shares:
    """How likely people's answers make each label, [documents, labels].

    A variant counts as its origin does. A document that nobody answered about, that was made from several, or whose
    label was corrected since has its one label.
    """
    known = consensus.dropna(subset="probabilities").set_index("id")
    origins = documents["derived_from"].map(lambda ids: ids[0] if len(ids) == 1 else None)
    if known.empty:
        raise UserError(
            "params.yaml: finetune.soft_labels is true, but nobody's answers are known.",
            "Set it to false, or choose a dataset with `answers` in its entry.",
        )
    labels = len(known["probabilities"].iloc[0])
    shares = np.eye(labels, dtype=np.float32)[targets]
    as_answered = documents["label"].eq(origins.map(known["label"])).to_numpy()
    shares[as_answered] = np.stack(origins[as_answered].map(known["probabilities"]).to_list())
    return shares


def true_outputs(targets: Indices | Shares, inference: Inference) -> Shares:
    """How much each label counts for each document, [documents, labels]."""
    shares = targets if targets.ndim == 2 else np.eye(len(inference.outputs))[targets]
    return np.asarray(shares, dtype=np.float32)


def check_targets(targets: Indices, outputs: Sequence[str], where: Path) -> None:
    """Makes sure that the training documents have two labels or more."""
    present = np.unique(targets)
    if len(present) < 2:
        raise UserError(
            f"{where}: all documents have the label {outputs[present[0]]!r}; a classifier needs two or more.",
            "Use data with at least two labels.",
        )


def plan_inference(inference: Inference, targets: Indices) -> Inference:
    """The record as it is."""
    return inference


def starting_bias(targets: Indices | Shares) -> None:
    """The outputs are left as they were drawn."""


def make_objective(
    parameters: Finetune, targets: Indices | Shares, outputs: Sequence[str], penalty: Penalty | None
) -> Objective:
    """The cross-entropy; see :func:`stages.finetune.objectives.of_classes`."""
    if targets.ndim == 2:
        check_plain(parameters, "finetune.soft_labels")
        return of_outputs(torch.nn.functional.cross_entropy, penalty)
    return of_classes(parameters, np.asarray(targets, dtype=np.int64), len(outputs), penalty)


def validation_metrics(logits: Logits | list[Logits], targets: Indices, inference: Inference) -> Metrics:
    """Compares the logits of documents with their true labels.

    Returns:
        The loss is the mean cross-entropy in nats, the others are shares from 0 to 1. Macro metrics are means over the
        labels that occur.
    """
    stacked = np.asarray(logits)
    predicted = stacked.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(targets, predicted, average="macro", zero_division=0.0)
    return {
        "accuracy": float(accuracy_score(targets, predicted)),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
        "loss": mean_cross_entropy(stacked, targets),
    }


def calibrate(logits: Logits, targets: Indices, inference: Inference) -> Inference:
    """Fits the temperature (Guo et al. 2017, arXiv 1706.04599)."""
    return inference.model_copy(update={"temperature": fit_temperature(logits, targets).value})
