"""How well a class's probability ranks its documents before all others: ROC AUC, average precision, and the curves."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import OF_CLASS, Floats, macro, ratio

Flags = npt.NDArray[np.bool_]

RANKED = ("roc_auc", "average_precision")
POINTS = 101  # of a curve, at most


class Ranking:
    """The test documents in the order of one class's probability, the most probable first; ties are one step.

    Args:
        positive: Whether each document has the class, shape (documents,).
        scores: The class's probability, shape (documents,).
    """

    def __init__(self, positive: Flags, scores: Floats) -> None:
        self._order = np.argsort(-scores, kind="stable")
        self._positive = positive[self._order].astype(np.float64)
        self._begins = np.flatnonzero(np.diff(scores[self._order], prepend=np.inf))

    def steps(self, weights: Floats) -> tuple[Floats, Floats]:
        """Documents of the class, and others, at each distinct probability, both of shape (resamples, steps).

        Args:
            weights: How often each document counts, shape (resamples, documents).
        """
        ordered = weights[:, self._order]
        hits = np.add.reduceat(ordered * self._positive, self._begins, axis=1)
        return hits, np.add.reduceat(ordered, self._begins, axis=1) - hits

    def areas(self, weights: Floats) -> tuple[Floats, Floats]:
        """ROC AUC and average precision, as scikit-learn defines them, both of shape (resamples,); NaN where undefined.

        Args:
            weights: How often each document counts, shape (resamples, documents).
        """
        hits, misses = self.steps(weights)
        right, wrong = hits.cumsum(axis=1), misses.cumsum(axis=1)
        area = (misses * (right - hits / 2)).sum(axis=1)  # a document before another counts 1, a tie 1/2
        precision = (hits * np.nan_to_num(ratio(right, right + wrong))).sum(axis=1)
        return ratio(area, right[:, -1] * wrong[:, -1]), ratio(precision, right[:, -1])

    def curves(self) -> tuple[Floats, Floats, Floats]:
        """False positive rate, recall (which is the true positive rate) and precision at each step."""
        hits, misses = (part[0].cumsum() for part in self.steps(np.ones((1, len(self._order)))))
        return (
            ratio(misses, np.full_like(misses, misses[-1])),
            ratio(hits, np.full_like(hits, hits[-1])),
            hits / (hits + misses),
        )


def ranking_metrics(truth: Flags, probability: Floats) -> Compute:
    """ROC AUC and average precision of each class against all others, and their means over the classes.

    Args:
        truth: Which classes each document has, shape (documents, classes).
        probability: Likewise.
    """
    rankings = [Ranking(has, sure) for has, sure in zip(truth.T, probability.T, strict=True)]

    def compute(weights: Floats) -> dict[str, Floats]:
        areas = np.array([ranking.areas(weights) for ranking in rankings])
        per_class = {name: areas[:, place].T for place, name in enumerate(RANKED)}
        overall = {name: macro(values) for name, values in per_class.items()}
        return overall | {f"{OF_CLASS}{name}": values for name, values in per_class.items()}

    return compute


def curve_tables(truth: Flags, probability: Floats, labels: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ROC and the precision-recall curve of each class for which it is defined.

    Args:
        truth: Which classes each document has, shape (documents, classes).
        probability: Likewise.
        labels: The classes' names.

    Returns:
        Columns label, false_positive_rate, true_positive_rate; and label, recall, precision.
    """
    roc = [pd.DataFrame(columns=["label", "false_positive_rate", "true_positive_rate"])]
    precision_recall = [pd.DataFrame(columns=["label", "recall", "precision"])]
    for index, label in enumerate(labels):
        positive = truth[:, index]
        if not positive.any():
            continue
        false, recall, precision = Ranking(positive, probability[:, index]).curves()
        shown = np.unique(np.linspace(0, len(recall) - 1, POINTS - 1).round().astype(int))
        row = {"label": label, "recall": recall[shown], "precision": precision[shown]}
        precision_recall.append(pd.DataFrame(row))
        if not positive.all():
            begin = {"false_positive_rate": [0.0, *false[shown]], "true_positive_rate": [0.0, *recall[shown]]}
            roc.append(pd.DataFrame({"label": label, **begin}))
    return _joined(roc), _joined(precision_recall)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts[1:], ignore_index=True) if len(parts) > 1 else parts[0]
