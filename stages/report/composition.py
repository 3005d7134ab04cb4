"""What the splits are made of: documents of each class, lengths, and how many are variants."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.common.documents.table import ORIGINAL

BINS = 30


@dataclass(frozen=True)
class ClassCount:
    """How often a class occurs: ``counts`` by name of the split, ``definition`` from the card."""

    label: str
    definition: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Lengths:
    """How long the documents of a split are, in words between white space."""

    split: str
    documents: int
    variants: int
    median: float
    most: float  # 95 % are no longer
    longest: int


def class_counts(splits: dict[str, pd.DataFrame], definitions: dict[str, str]) -> list[ClassCount]:
    """Documents of each class in each split, or mentions of each type of entity, in the order of the definitions."""
    counted = {name: _occurrences(documents).value_counts() for name, documents in splits.items()}
    return [
        ClassCount(label, definition, {name: int(counts.get(label, 0)) for name, counts in counted.items()})
        for label, definition in definitions.items()
    ]


def _occurrences(documents: pd.DataFrame) -> pd.Series:
    """The class of each document; where words have tags instead, the type of each mention, which a B- tag begins."""
    if documents["tags"].isna().all():
        return documents["label"]
    tags = documents["tags"].explode().dropna().astype("str")
    return tags[tags.str.startswith("B-")].str.removeprefix("B-")


def words_per_document(documents: pd.DataFrame) -> NDArray[np.int64]:
    """The length of each document in words between white space."""
    return np.array([len(text.split()) for text in documents["text"]], dtype=np.int64)


def lengths(splits: dict[str, pd.DataFrame], words: dict[str, NDArray[np.int64]]) -> list[Lengths]:
    """The lengths of each split in a few numbers.

    Args:
        splits: The documents; none may be empty.
        words: Their lengths.
    """
    return [
        Lengths(
            split=name,
            documents=len(documents),
            variants=int((documents["method"] != ORIGINAL).sum()),
            median=float(np.median(words[name])),
            most=float(np.quantile(words[name], 0.95)),
            longest=int(words[name].max()),
        )
        for name, documents in splits.items()
    ]


def length_shares(words: dict[str, NDArray[np.int64]]) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """How the lengths are distributed, in bins that all splits share.

    The last bin ends at the length that 99 % of all documents stay below; longer ones are counted into it.

    Args:
        words: Lengths in words, by name of the split.

    Returns:
        The bins' edges, and for each split the share of its documents in each bin.
    """
    together = np.concatenate(list(words.values()))
    edges = np.linspace(together.min(), max(np.quantile(together, 0.99), together.min() + 1), BINS + 1)
    shares = {
        name: np.histogram(np.minimum(values, edges[-1]), edges)[0] / max(len(values), 1)
        for name, values in words.items()
    }
    return edges, shares
