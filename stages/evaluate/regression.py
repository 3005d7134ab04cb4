"""Logistic regression whose penalty does best on the validation split: what both plain classifiers end in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from stages.common.core.messages import UserError, progress
from stages.common.metrics.counts import Counts, Floats, overall_figures, tally

Features = Any  # csr_array or Floats; scipy has no types


@dataclass(frozen=True)
class PlainClassifier:
    """What a plain classifier says of the test documents, and how its penalty was chosen.

    Attributes:
        probability: Of each label for each test document, shape (documents, labels); 0 for labels it never saw.
        c: The inverse penalty that was taken.
        validation_macro_f1: For each inverse penalty that was tried, the macro F1 on the validation split.
        features: How many features it has.
        documents: Training documents that it was fitted on.
    """

    probability: Floats
    c: float
    validation_macro_f1: dict[float, float]
    features: int
    documents: int

    @property
    def predicted(self) -> Counts:
        """Index of the label that it predicts for each test document, shape (documents,)."""
        return np.asarray(self.probability.argmax(axis=1))

    def as_json(self) -> dict[str, Any]:
        """How it was made, for a JSON file."""
        scores = {str(c): score for c, score in self.validation_macro_f1.items()}
        return {"features": self.features, "documents": self.documents, "c": self.c, "validation_macro_f1": scores}


def fit_plain(
    train: tuple[Features, Counts],
    validation: tuple[Features, Counts],
    test: Features,
    classes: int,
    penalties: Sequence[float],
    max_iterations: int,
    what: str,
) -> PlainClassifier:
    """Trains with each penalty and takes the one with the best validation macro F1, the strongest of equals.

    Args:
        train: Features [documents, features] and the index of each document's label.
        validation: Likewise.
        test: Features of the test documents.
        classes: How many labels there are.
        penalties: Inverse strengths of the L2 penalty.
        max_iterations: Steps of the solver (L-BFGS), at most.
        what: The progress bar's title.

    Raises:
        UserError: If all training documents have one label.
    """
    if len(np.unique(train[1])) < 2:
        raise UserError("data/audited/train.parquet: all documents have one label.", "A classifier needs two or more.")
    models, scores = {}, {}
    for c in progress(sorted(set(penalties)), what, "penalty"):
        with threadpool_limits(limits=1):  # another number of threads changes the last digits of the weights
            models[c] = LogisticRegression(C=c, max_iter=max_iterations).fit(*train)
        guessed = np.asarray(models[c].predict(validation[0]), dtype=np.int64)
        counts = tally(validation[1], guessed, classes)
        scores[c] = float(overall_figures(type(counts)(*(part.sum(axis=0) for part in counts)))["macro_f1"])
    best = max(scores, key=scores.__getitem__)  # the first, which is the strongest penalty, wins a tie
    probability = np.zeros((test.shape[0], classes))
    probability[:, models[best].classes_] = models[best].predict_proba(test)
    return PlainClassifier(probability, best, scores, train[0].shape[1], train[0].shape[0])
