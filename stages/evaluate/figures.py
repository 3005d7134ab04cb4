"""The figures of a classifier, from how often each class occurs, is predicted, and both."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
PER_CLASS = ("precision", "recall", "f1")


class Tally(NamedTuple):
    """Counts of documents for each class; axes before the last one, such as resamples, are free.

    Attributes:
        hits: Documents of the class that were predicted as such, shape (..., classes).
        actual: Documents of the class.
        predicted: Documents predicted as the class.
    """

    hits: Counts
    actual: Counts
    predicted: Counts


def tally(actual: Counts, predicted: Counts, classes: int, weights: Counts | None = None) -> Tally:
    """Counts documents by class.

    Args:
        actual: Index of each document's class, shape (documents,).
        predicted: Index of the class that was predicted for it.
        classes: How many classes there are.
        weights: How often each document counts; once by default.

    Returns:
        Counts of shape (classes,).
    """
    weights = np.ones(len(actual), dtype=np.int64) if weights is None else weights
    right = actual == predicted
    counted = (
        np.bincount(index, weights=weight, minlength=classes)  # whole numbers below 2**53 add up exactly as floats
        for index, weight in ((actual[right], weights[right]), (actual, weights), (predicted, weights))
    )
    return Tally(*(count.astype(np.int64) for count in counted))


def class_figures(counts: Tally) -> dict[str, Floats]:
    """Precision, recall and F1 of each class.

    Args:
        counts: Counts of shape (..., classes).

    Returns:
        For each name in :data:`PER_CLASS` an array of that shape; NaN where the denominator is 0: precision of a class
        that is never predicted, recall of one that does not occur, F1 of one to which both applies.
    """
    return {
        "precision": _ratio(counts.hits, counts.predicted),
        "recall": _ratio(counts.hits, counts.actual),
        "f1": _ratio(2 * counts.hits, counts.actual + counts.predicted),
    }


def overall_figures(counts: Tally) -> dict[str, Floats]:
    """Accuracy, and the macro and weighted averages of the classes' figures.

    Averages run over the classes for which the figure is defined, as scikit-learn's do with ``zero_division=nan``:
    macro counts each such class alike, weighted by its documents.

    Args:
        counts: Counts of shape (..., classes).

    Returns:
        By name, arrays of shape (...); NaN where a figure is not defined.
    """
    figures = {"accuracy": _ratio(counts.hits.sum(axis=-1), counts.actual.sum(axis=-1))}
    per_class = class_figures(counts)
    for average, weights in (("macro", np.ones_like(counts.actual)), ("weighted", counts.actual)):
        for name, values in per_class.items():
            defined = ~np.isnan(values)
            total = np.where(defined, weights * np.nan_to_num(values), 0.0).sum(axis=-1)
            figures[f"{average}_{name}"] = _ratio(total, np.where(defined, weights, 0).sum(axis=-1))
    return figures


def why_undefined(figure: str) -> str:
    """In words, why a class has no figure of this name (one of :data:`PER_CLASS`)."""
    absent, never = "the test split has no document of this class", "no test document is predicted as this class"
    return {"precision": never, "recall": absent, "f1": f"{absent}, and {never}"}[figure]


def left_out(name: str, counts: Tally, labels: Sequence[str]) -> str | None:
    """In words, which classes a figure of :func:`overall_figures` leaves out; None if it covers all of them.

    Args:
        name: The figure's name.
        counts: Counts on the test split, shape (classes,).
        labels: The classes' names.
    """
    figure = name.removeprefix("macro_").removeprefix("weighted_")
    if figure not in PER_CLASS:
        return None
    undefined = [label for label, value in zip(labels, class_figures(counts)[figure], strict=True) if np.isnan(value)]
    if not undefined:
        return None
    over = f"the average is over {len(labels) - len(undefined)} of {len(labels)} classes"
    return f"{over}; for {', '.join(undefined)} {why_undefined(figure)}"


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Part by whole; NaN where the whole is 0."""
    result = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=result, where=np.asarray(whole) > 0)
    return result
