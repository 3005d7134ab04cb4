"""Fine-tuning for texts with any number of labels each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.metrics import accuracy_score, f1_score, label_ranking_average_precision_score

from stages.common.core.messages import UserError
from stages.common.metrics.temperature import fit_sigmoid_temperature
from stages.common.metrics.thresholds import best_thresholds
from stages.common.model.answers import chosen_labels, probabilities
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.training.loop import Objective
from stages.common.training.selection import Metrics
from stages.finetune.examples import document_examples as make_examples
from stages.finetune.objectives import EACH_ALONE, check_plain, of_outputs
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

CURVES = ("micro_f1", "macro_f1", "loss")
LIKENESS = EACH_ALONE

Sets = npt.NDArray[np.float32]  # 1 for each label that a document has, else 0, [documents, labels]


def read_targets(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> Sets:
    """Which labels each document has, [documents, labels].

    Raises:
        UserError: If nothing is said of a document's labels, or one is unknown.
    """
    place = {label: index for index, label in enumerate(labels)}
    targets = np.zeros((len(documents), len(labels)), dtype=np.float32)
    for row, (identity, named) in enumerate(zip(documents["id"], documents["labels"], strict=True)):
        if not isinstance(named, list):
            raise UserError(f"{where}: of document {identity!r} it is not said which labels it has.", "Remove it.")
        unknown = next((label for label in named if label not in place), None)
        if unknown is not None:
            raise UserError(
                f"{where}: document {identity!r} has the label {unknown!r}, which the dataset's entry does not list "
                f"(it lists {', '.join(labels)}).",
                "Add it to the dataset's entry in catalog/datasets.",
            )
        targets[row, [place[label] for label in named]] = 1
    return targets


def true_outputs(targets: Sets, inference: Inference) -> Sets:
    """The targets as they are."""
    return targets


def check_targets(targets: Sets, outputs: Sequence[str], where: Path) -> None:
    """Makes sure that some documents have each label and others have not."""
    share = targets.mean(axis=0)
    for label, found in zip(outputs, share, strict=True):
        if found in (0, 1):
            which = "no training document has" if found == 0 else "every training document has"
            raise UserError(f"{where}: {which} the label {label!r}.", "Leave it out of the dataset's entry.")


def plan_inference(inference: Inference, targets: Sets) -> Inference:
    """The record as it is."""
    return inference


def starting_bias(targets: Sets) -> npt.NDArray[np.float32]:
    """The log-odds of each label in the training documents (Lin et al. 2017, arXiv 1708.02002, section 3.3).

    Most labels are rare. A model that begins by giving each one half spends its first steps on learning just that: on
    newsgroups20_topics 300 steps taught it nothing else.
    """
    share = targets.mean(axis=0)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float32)


def make_objective(
    parameters: Finetune,
    targets: Sets,
    outputs: Sequence[str],
    penalty: Penalty | None,
) -> Objective:
    """The mean binary cross-entropy over documents and labels, in nats.

    Raises:
        UserError: If a parameter is set that goes with one label a document only.
    """
    check_plain(parameters, "documents with any number of labels")
    return of_outputs(torch.nn.functional.binary_cross_entropy_with_logits, penalty)


def validation_metrics(logits: Logits | list[Logits], targets: Sets, inference: Inference) -> Metrics:
    """Compares the logits of documents with their labels, at the thresholds that :func:`calibrate` would choose.

    Returns:
        Micro and macro F1, the share of documents whose labels are all right (``subset_accuracy``), label ranking
        average precision, and the loss, the mean binary cross-entropy in nats.
    """
    stacked = np.asarray(logits)
    known = calibrate(stacked, targets, inference)
    chosen = chosen_labels(probabilities(stacked, known), known)
    truth = targets.astype(bool)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(stacked).double(), torch.from_numpy(targets).double()
    )
    return {
        "micro_f1": float(f1_score(truth, chosen, average="micro", zero_division=0.0)),
        "macro_f1": float(f1_score(truth, chosen, average="macro", zero_division=0.0)),
        "subset_accuracy": float(accuracy_score(truth, chosen)),
        "label_ranking_average_precision": float(label_ranking_average_precision_score(truth, stacked)),
        "loss": loss.item(),
    }


def calibrate(logits: Logits, targets: Sets, inference: Inference) -> Inference:
    """Fits the temperature, then for each label the threshold with the best F1."""
    known = inference.model_copy(update={"temperature": fit_sigmoid_temperature(logits, targets).value})
    return known.model_copy(update={"thresholds": best_thresholds(targets, probabilities(logits, known))})
