"""The words of each class: what many documents' explanations come to."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from stages.explain.erasing import Floats

COLUMNS = ["label", "input", "word", "documents", "score", "total"]
FEWEST_DOCUMENTS = 3  # that hold a word of which something is said


def global_words(
    labels: Sequence[str], words: Sequence[Sequence[tuple[int, str]]], scores: Sequence[Floats]
) -> pd.DataFrame:
    """Adds up the scores of words over documents that a model gives one class.

    A document's scores are first divided by the sum of their sizes, so that each document counts as much.

    Args:
        labels: The class of each document, [documents].
        words: Of each document its words, as input (0, or 1 for the second of a pair) and text, [words].
        scores: Their scores, [words].

    Returns:
        Columns label, input, word (in lower case), documents (of the class, with the word), score (their mean; 0.1
        is a tenth of all scores of a document) and total (the score in a document of the class on average, also
        without the word); for each label those first whose score, times the
        root of the number of documents, is largest. Words of fewer than three documents are left out.
    """
    sums: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for label, named, values in zip(labels, words, scores, strict=True):
        size = np.abs(values).sum()
        own: dict[tuple[int, str], float] = defaultdict(float)
        for (text, word), score in zip(named, values / size if size else values, strict=True):
            own[text, word.casefold()] += float(score)
        for (text, word), score in own.items():
            sums[label, text, word].append(score)
    counts = pd.Series(list(labels), dtype="str").value_counts()
    rows = [
        [label, text, word, len(found), float(np.mean(found)), float(np.sum(found) / counts[label])]
        for (label, text, word), found in sums.items()
        if len(found) >= FEWEST_DOCUMENTS
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["strength"] = table["score"] * np.sqrt(table["documents"].astype(np.float64))
    order = {"label": True, "strength": False, "word": True, "input": True}
    return table.sort_values(list(order), ascending=list(order.values()), ignore_index=True)[COLUMNS]
