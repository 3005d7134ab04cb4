"""The figures of a classifier, from how often each class occurs, is predicted, and both."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
PER_CLASS = ("precision", "recall", "f1")
AVERAGES = ("macro", "micro", "weighted")


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


def class_figures(counts: Tally) -> dict[str, Floats]:
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


def overall_figures(counts: Tally) -> dict[str, Floats]:
    """Accuracy, balanced accuracy, the averages of the classes' figures, and Matthews' correlation.

    Averages run over the classes for which the figure is defined, as scikit-learn's do with ``zero_division=nan``:
    macro counts each such class alike, weighted by its documents; micro adds up the classes' counts.

    Args:
        counts: Counts of shape (..., classes).

    Returns:
        By name, arrays of shape (...); NaN where a figure is not defined.
    """
    per_class = class_figures(counts)
    pooled = class_figures(Tally(*(part.sum(axis=-1, keepdims=True) for part in counts)))
    figures = {
        "accuracy": ratio(counts.hits.sum(axis=-1), counts.actual.sum(axis=-1)),
        "balanced_accuracy": macro(per_class["recall"]),
    }
    for name, values in per_class.items():
        figures[f"macro_{name}"] = macro(values)
    for name, values in pooled.items():
        figures[f"micro_{name}"] = values[..., 0]
    for name, values in per_class.items():
        weights = np.where(np.isnan(values), 0, counts.actual)
        figures[f"weighted_{name}"] = ratio((weights * np.nan_to_num(values)).sum(axis=-1), weights.sum(axis=-1))
    figures["matthews_correlation"] = _matthews(counts)
    return figures


def macro(values: Floats) -> Floats:
    """The mean over the classes for which a figure is defined, shape (...), from one of shape (..., classes)."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


def _matthews(counts: Tally) -> Floats:
    """The correlation of actual and predicted class (Gorodkin 2004), which needs no more than these counts."""
    hits, documents = counts.hits.sum(axis=-1), counts.actual.sum(axis=-1)
    covariance = hits * documents - (counts.actual * counts.predicted).sum(axis=-1)
    spread = documents**2 - (counts.actual**2).sum(axis=-1), documents**2 - (counts.predicted**2).sum(axis=-1)
    return ratio(covariance, np.sqrt(np.maximum(spread[0] * spread[1], 0)))  # of spans it can be negative: no figure


def losses(actual: Counts, probability: Floats) -> Floats:
    """The cross-entropy of each document in nats: minus the logarithm of its class's probability.

    A probability of 0 counts as the smallest step of a float, as scikit-learn's ``log_loss`` takes it.

    Args:
        actual: Index of each document's class, shape (documents,).
        probability: Shape (documents, classes).
    """
    smallest = np.finfo(probability.dtype).eps
    return np.asarray(-np.log(np.clip(probability[np.arange(len(actual)), actual], smallest, 1 - smallest)))


def why_undefined(figure: str) -> str:
    """In words, why a class or a split has no figure of this name."""
    absent, never = "the test split has no document of this class", "no test document is predicted as this class"
    return {
        "precision": never,
        "recall": absent,
        "f1": f"{absent}, and {never}",
        "roc_auc": "the test split has no document of this class, or of no other",
        "average_precision": absent,
        "matthews_correlation": "all test documents are of one class, or predicted as one",
    }[figure]


def left_out(figure: str, per_class: Floats, labels: Sequence[str]) -> str | None:
    """In words, which classes an average of a figure leaves out; None if it covers all of them.

    Args:
        figure: The classes' figure.
        per_class: Its values on the test split, shape (classes,).
        labels: The classes' names.
    """
    undefined = [label for label, value in zip(labels, per_class, strict=True) if np.isnan(value)]
    if not undefined:
        return None
    over = f"the average is over {len(labels) - len(undefined)} of {len(labels)} classes"
    return f"{over}; for {', '.join(undefined)} {why_undefined(figure)}"


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Part by whole; NaN where the whole is 0."""
    result = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=result, where=np.asarray(whole) > 0)
    return result
