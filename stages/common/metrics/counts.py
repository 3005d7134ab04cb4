"""Metrics of a classifier that come from how often each class occurs, is predicted, and both."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
PER_CLASS = ("precision", "recall", "f1")
AVERAGES = ("macro", "micro", "weighted")
OF_CLASS = "class "  # how the name begins of a metric that each class has, shape (draws, classes)


class Tally(NamedTuple):
    """Counts for each class; axes before the last one, such as documents or resamples, are free.

    Attributes:
        hits: What is of the class and was predicted as such, shape (..., classes).
        actual: What is of the class.
        predicted: What was predicted as the class.
    """

    hits: Floats
    actual: Floats
    predicted: Floats

    def weighted(self, weights: Floats) -> "Tally":
        """The counts of resamples, shape (resamples, classes), from those of documents.

        Args:
            weights: How often each document counts, whole numbers, shape (resamples, documents).
        """
        return Tally(*(weights @ counts for counts in self))  # whole numbers below 2**53 add up exactly as floats


def tally(actual: Counts, predicted: Counts, classes: int) -> Tally:
    """What each document counts for.

    Args:
        actual: Index of each document's class, shape (documents,).
        predicted: Index of the class that was predicted for it.
        classes: How many classes there are.

    Returns:
        Zeros and ones of shape (documents, classes).
    """
    one_hot = np.eye(classes)
    return Tally(one_hot[actual] * (actual == predicted)[:, None], one_hot[actual], one_hot[predicted])


def class_metrics(counts: Tally) -> dict[str, Floats]:
    """Precision, recall and F1 of each class.

    Args:
        counts: Counts of shape (..., classes).

    Returns:
        For each name in :data:`PER_CLASS` an array of that shape; NaN where the denominator is 0: precision of a class
        that is never predicted, recall of one that does not occur, F1 of one to which both applies.
    """
    return {
        "precision": ratio(counts.hits, counts.predicted),
        "recall": ratio(counts.hits, counts.actual),
        "f1": ratio(2 * counts.hits, counts.actual + counts.predicted),
    }


def averages(counts: Tally) -> dict[str, Floats]:
    """The averages of the classes' metrics.

    They run over the classes for which the metric is defined, as scikit-learn's do with ``zero_division=nan``: macro
    counts each such class alike, weighted by its documents; micro adds up the classes' counts.

    Args:
        counts: Counts of shape (..., classes).

    Returns:
        By name, such as ``macro_f1``, arrays of shape (...); NaN where a metric is not defined.
    """
    per_class = class_metrics(counts)
    pooled = class_metrics(Tally(*(part.sum(axis=-1, keepdims=True) for part in counts)))
    metrics = {f"macro_{name}": macro(values) for name, values in per_class.items()}
    metrics |= {f"micro_{name}": values[..., 0] for name, values in pooled.items()}
    for name, values in per_class.items():
        weights = np.where(np.isnan(values), 0, counts.actual)
        metrics[f"weighted_{name}"] = ratio((weights * np.nan_to_num(values)).sum(axis=-1), weights.sum(axis=-1))
    return metrics


def overall_metrics(counts: Tally) -> dict[str, Floats]:
    """Accuracy, balanced accuracy, :func:`averages`, and Matthews' correlation, where each document has one class.

    Args:
        counts: Counts of shape (..., classes).

    Returns:
        By name, arrays of shape (...); NaN where a metric is not defined.
    """
    return {
        "accuracy": ratio(counts.hits.sum(axis=-1), counts.actual.sum(axis=-1)),
        "balanced_accuracy": macro(class_metrics(counts)["recall"]),
        **averages(counts),
        "matthews_correlation": _matthews(counts),
    }


def macro(values: Floats) -> Floats:
    """The mean over the classes for which a metric is defined, shape (...), from one of shape (..., classes)."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


def _matthews(counts: Tally) -> Floats:
    """The correlation of actual and predicted class (Gorodkin 2004), which needs no more than these counts."""
    hits, documents = counts.hits.sum(axis=-1), counts.actual.sum(axis=-1)
    covariance = hits * documents - (counts.actual * counts.predicted).sum(axis=-1)
    spread = documents**2 - (counts.actual**2).sum(axis=-1), documents**2 - (counts.predicted**2).sum(axis=-1)
    return ratio(covariance, np.sqrt(spread[0] * spread[1]))


def losses(actual: Counts, probability: Floats) -> Floats:
    """The cross-entropy of each document in nats: minus the logarithm of its class's probability.

    A probability of 0 counts as the smallest step of a float, as scikit-learn's ``log_loss`` takes it.

    Args:
        actual: Index of each document's class, shape (documents,).
        probability: Shape (documents, classes).
    """
    smallest = np.finfo(probability.dtype).eps
    return np.asarray(-np.log(np.clip(probability[np.arange(len(actual)), actual], smallest, 1 - smallest)))


def label_losses(truth: Floats, probability: Floats) -> Floats:
    """The binary cross-entropy of each document in nats, the mean over the labels; clipped as in :func:`losses`.

    Args:
        truth: 1 where a document has a label, else 0, shape (documents, labels).
        probability: Shape (documents, labels).
    """
    smallest = np.finfo(probability.dtype).eps
    of_truth = np.clip(np.where(truth > 0, probability, 1 - probability), smallest, 1 - smallest)
    return np.asarray(-np.log(of_truth).mean(axis=1))


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Part by whole; NaN where the whole is 0."""
    result = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=result, where=np.asarray(whole) > 0)
    return result
