"""Agreement about spans of words: F1 of exact spans, and what each annotator says of each word.

Kappa needs to know how many spans could have been marked and were not, which nobody knows; F1 does without, and kappa
comes to it where the unmarked ones are many (Hripcsak & Rothschild 2005). Of words both are known.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from stages.common.documents.spans import Span
from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import Counts, Tally, class_metrics

SPAN_F1 = "span_f1"


def span_agreement(answers: Sequence[Sequence[frozenset[Span]]], types: Sequence[str]) -> Tally:
    """For each item, summed over the pairs of its annotators: spans that both marked, and that each marked.

    Args:
        answers: For each item, the spans of each annotator who answered.
        types: The names of the types.

    Returns:
        Shape (items, types); in each pair the first annotator's spans are ``actual`` and the other's ``predicted``.
    """
    place = {name: index for index, name in enumerate(types)}
    counts = np.zeros((3, len(answers), len(types)))
    for row, sets in enumerate(answers):
        for earlier, spans in enumerate(sets):
            for span in spans:
                counts[1, row, place[span.label]] += len(sets) - 1 - earlier
                counts[2, row, place[span.label]] += earlier
        for span, times in Counter(span for spans in sets for span in spans).items():
            counts[0, row, place[span.label]] += times * (times - 1) / 2
    return Tally(*counts)


def span_f1(counted: Tally) -> Compute:
    """F1 of the spans of two annotators, of which neither is the truth: it is the same both ways round.

    Args:
        counted: Of each item, shape (items, types); all types are counted together.
    """
    pooled = Tally(*(part.sum(axis=1, keepdims=True) for part in counted))
    return lambda weights: {SPAN_F1: class_metrics(pooled.weighted(weights))["f1"][:, 0]}


def word_classes(spans: frozenset[Span], words: int, types: Sequence[str]) -> Counts:
    """The class of each word: 0 outside of all spans, else 1 and the place of the type; the earliest span counts.

    Args:
        spans: What an annotator marked.
        words: How many words the document has.
        types: The names of the types.
    """
    classes = np.zeros(words, dtype=np.int64)
    for span in sorted(spans, key=lambda span: (span.start, span.end, span.label), reverse=True):
        classes[span.start : span.end] = types.index(span.label) + 1
    return classes
