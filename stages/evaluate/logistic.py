"""Logistic regression whose penalty does best on the validation split: what the plain classifiers end in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from stages.common.core.messages import UserError, progress
from stages.common.metrics.counts import Counts, Floats, overall_metrics, tally

Matrix = Any  # csr_array or Floats; scipy has no types


class Features(NamedTuple):
    """What a plain method sees of the documents of each split, each [documents, features]."""

    train: Matrix
    validation: Matrix
    test: Matrix


@dataclass(frozen=True)
class PlainModel:
    """How a plain method was made: its penalty is chosen on the validation split.

    Attributes:
        features: How many features it has.
        documents: Training documents that it was fitted on.
        c: The inverse penalty that was taken.
        metric: The name of the metric by which it was chosen.
        scores: For each inverse penalty that was tried, the metric on the validation split.
    """

    features: int
    documents: int
    c: float
    metric: str
    scores: dict[float, float]

    def as_json(self) -> dict[str, Any]:
        """The fields for a JSON file."""
        scores = {str(c): score for c, score in self.scores.items()}
        return {
            "features": self.features,
            "documents": self.documents,
            "c": self.c,
            f"validation_{self.metric}": scores,
        }


class PlainClassifier(NamedTuple):
    """A plain classifier.

    Attributes:
        probability: Of each label for each test document, shape (documents, labels); 0 for labels it never saw.
        model: How it was made.
    """

    probability: Floats
    model: PlainModel


def fit_logistic(
    features: Features,
    train: Counts,
    validation: Counts,
    classes: int,
    penalties: Sequence[float],
    max_iterations: int,
    what: str,
) -> PlainClassifier:
    """Trains with each penalty and takes the one with the best validation macro F1, the strongest of equals.

    Args:
        features: Of the documents of each split.
        train: The index of each training document's label.
        validation: Likewise.
        classes: How many labels there are.
        penalties: Inverse strengths of the L2 penalty.
        max_iterations: Steps of the solver (L-BFGS), at most.
        what: The progress bar's title.

    Raises:
        UserError: If all training documents have one label.
    """
    if len(np.unique(train)) < 2:
        raise UserError("data/audited/train.parquet: all documents have one label.", "A classifier needs two or more.")
    models, scores = {}, {}
    for c in progress(sorted(set(penalties)), what, "penalty"):
        with threadpool_limits(limits=1):  # another number of threads changes the last digits of the weights
            models[c] = LogisticRegression(C=c, max_iter=max_iterations).fit(features.train, train)
        guessed = np.asarray(models[c].predict(features.validation), dtype=np.int64)
        counts = tally(validation, guessed, classes)
        scores[c] = float(overall_metrics(type(counts)(*(part.sum(axis=0) for part in counts)))["macro_f1"])
    best = max(scores, key=scores.__getitem__)  # the first, which is the strongest penalty, wins a tie
    probability = np.zeros((features.test.shape[0], classes))
    probability[:, models[best].classes_] = models[best].predict_proba(features.test)
    documents, columns = features.train.shape
    return PlainClassifier(probability, PlainModel(columns, documents, best, "macro_f1", scores))
