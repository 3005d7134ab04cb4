"""Metrics of tags and of the spans that they mark."""

from collections.abc import Sequence

import numpy as np

from stages.common.documents.spans import spans_of
from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import OF_CLASS, Floats, Tally, averages, class_metrics

Tags = Sequence[Sequence[str]]  # of each document, one tag a word


def span_tally(actual: Tags, predicted: Tags, types: Sequence[str]) -> Tally:
    """The spans of each document that are right (type and both ends), that there are, and that were predicted.

    Args:
        actual: The tags of each document's words.
        predicted: Likewise.
        types: The names of the types.

    Returns:
        Counts of shape (documents, types).
    """
    place = {name: index for index, name in enumerate(types)}
    counts = np.zeros((3, len(actual), len(types)))
    for row, pair in enumerate(zip(actual, predicted, strict=True)):
        true, given = (set(spans_of(tags)) for tags in pair)
        for count, spans in zip(counts, (true & given, true, given), strict=True):
            for span in spans:
                count[row, place[span.label]] += 1
    return Tally(*counts)


def span_metrics(counted: Tally) -> Compute:
    """Precision, recall and F1 of spans, of each type and averaged; a span that is not there counts for none.

    Args:
        counted: What each document counts for, shape (documents, types).
    """

    def compute(weights: Floats) -> dict[str, Floats]:
        counts = counted.weighted(weights)
        per_class = {f"{OF_CLASS}{name}": values for name, values in class_metrics(counts).items()}
        return averages(counts) | per_class

    return compute


def token_tally(actual: Tags, predicted: Tags, tags: Sequence[str]) -> Tally:
    """The tokens of each document by tag, shape (documents, tags)."""
    place = {name: index for index, name in enumerate(tags)}
    counts = np.zeros((3, len(actual), len(tags)))
    for row, (true, given) in enumerate(zip(actual, predicted, strict=True)):
        for one, other in zip(true, given, strict=True):
            counts[0, row, place[one]] += one == other
            counts[1, row, place[one]] += 1
            counts[2, row, place[other]] += 1
    return Tally(*counts)
