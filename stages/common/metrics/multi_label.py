"""Metrics where a document may have any number of labels: as functions of how often each document counts."""

import numpy as np
from scipy.stats import rankdata

from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import OF_CLASS, Floats, Tally, averages, class_metrics, label_losses
from stages.common.metrics.ranking import Flags


def label_set_metrics(truth: Flags, chosen: Flags, probability: Floats) -> Compute:
    """Subset accuracy, label ranking average precision, log loss, and what counts give, of each label and averaged.

    Args:
        truth: Which labels each document has, shape (documents, labels).
        chosen: Which it is given.
        probability: Of each label.
    """
    scores = {
        "subset_accuracy": (truth == chosen).all(axis=1).astype(np.float64),
        "label_ranking_average_precision": ranking_precision(truth, probability),
        "log_loss": label_losses(truth.astype(np.float64), probability),
    }
    counted = Tally(*(part.astype(np.float64) for part in (truth & chosen, truth, chosen)))

    def compute(weights: Floats) -> dict[str, Floats]:
        counts = counted.weighted(weights)
        per_class = {f"{OF_CLASS}{name}": values for name, values in class_metrics(counts).items()}
        return {name: weights @ each / len(each) for name, each in scores.items()} | averages(counts) | per_class

    return compute


def ranking_precision(truth: Flags, scores: Floats) -> Floats:
    """For each document, the mean over its labels of how many of those ranked as high or higher are its own.

    Its mean is the label ranking average precision (Tsoumakas, Katakis & Vlahavas 2010) as scikit-learn computes it:
    a document with no label, or with all of them, counts 1.

    Args:
        truth: Which labels each document has, shape (documents, labels).
        scores: Higher for likelier ones.

    Returns:
        Shape (documents,), above 0 and at most 1.
    """
    own = truth.sum(axis=1)
    among_all = rankdata(-scores, method="max", axis=1)
    among_own = rankdata(np.where(truth, -scores, np.inf), method="max", axis=1)
    total = np.where(truth, among_own / among_all, 0.0).sum(axis=1)
    return np.where((own == 0) | (own == truth.shape[1]), 1.0, total / np.maximum(own, 1))
