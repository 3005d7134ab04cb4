"""BIO tags and the spans of words that they mark (Ramshaw & Marcus 1995; the variant IOB2)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

OUTSIDE = "O"


class Span(NamedTuple):
    """A run of words with one label: the words from ``start`` on, up to but without ``end``."""

    label: str
    start: int
    end: int


def bio_tags(labels: Sequence[str]) -> list[str]:
    """The tags that a model for token classification gives, in the order of its outputs: O, B-first, I-first, ..."""
    return [OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


def decode_tags(logits: npt.NDArray[np.floating], tags: Sequence[str]) -> list[str]:
    """The most probable valid sequence of tags: an I- stands only right after a B- or an I- of its own label.

    It is found by Viterbi's algorithm; a word's tags are taken as independent but for that rule.

    Args:
        logits: Of one sentence, [words, tags]; all finite.
        tags: The tags' names in the order of the logits, such as :func:`bio_tags` gives.

    Returns:
        One tag a word.
    """
    if not len(logits):
        return []
    place = {tag: index for index, tag in enumerate(tags)}
    inside = [index for index, tag in enumerate(tags) if tag.startswith("I-")]
    begins = [place[f"B-{tags[index][2:]}"] for index in inside]
    every = np.arange(len(tags))
    total = logits[0].astype(np.float64)
    total[inside] = -np.inf
    before = np.zeros((len(logits), len(tags)), dtype=np.int64)
    for word in range(1, len(logits)):
        before[word] = total.argmax()
        before[word, inside] = np.where(total[inside] > total[begins], inside, begins)
        total = total[before[word, every]] + logits[word]
    path = [int(total.argmax())]
    for word in range(len(logits) - 1, 0, -1):
        path.append(int(before[word, path[-1]]))
    return [tags[index] for index in reversed(path)]


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans that tags mark, in their order; an I- that continues nothing of its type marks nothing.

    As seqeval counts them with ``mode="strict", scheme=IOB2``.

    Args:
        tags: One tag a word.
    """
    spans: list[Span] = []
    inside = ""
    for word, tag in enumerate(tags):
        if tag.startswith("B-"):
            inside = tag[2:]
            spans.append(Span(inside, word, word + 1))
        elif tag.startswith("I-") and tag[2:] == inside:
            spans[-1] = spans[-1]._replace(end=word + 1)
        else:
            inside = ""
    return spans
