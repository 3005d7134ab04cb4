"""The probability from which on a label is given, where a document may have several."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve

DEFAULT = 0.5  # of a label that no validation document has


def best_thresholds(truth: npt.NDArray[np.floating], probability: npt.NDArray[np.float64]) -> list[float]:
    """For each label the threshold with the best F1, halfway to the next lower probability; the highest of equals.

    Args:
        truth: 1 where a document has a label, else 0, [documents, labels].
        probability: [documents, labels].

    Returns:
        One threshold a label, above 0 and at most 1; :data:`DEFAULT` where no document has the label, or a probability
        is missing.
    """
    thresholds = []
    for has, sure in zip(truth.T, probability.T, strict=True):
        if not has.any() or np.isnan(sure).any():
            thresholds.append(DEFAULT)
            continue
        precision, recall, steps = precision_recall_curve(has, sure)
        with np.errstate(invalid="ignore"):
            f1 = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
        best = int(np.flatnonzero(f1 == f1.max())[-1])
        below = steps[best - 1] if best else 0.0
        thresholds.append(float((steps[best] + below) / 2))
    return thresholds
