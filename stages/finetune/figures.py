"""The validation figures that runs are compared by."""

from typing import TypedDict

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import accuracy_score, precision_recall_fscore_support


class Figures(TypedDict):
    """How well the model does on the validation documents; macro figures are means over the labels that occur."""

    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    loss: float


def validation_figures(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> Figures:
    """Compares the logits with the true labels.

    Args:
        logits: [documents, labels].
        labels: The index of each document's label, [documents].

    Returns:
        The figures; the loss is the mean cross-entropy in nats, the others are shares from 0 to 1.
    """
    predicted = logits.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0.0)
    loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(labels))
    return Figures(
        accuracy=float(accuracy_score(labels, predicted)),
        macro_precision=float(precision),
        macro_recall=float(recall),
        macro_f1=float(f1),
        loss=loss.item(),
    )
