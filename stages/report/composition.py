"""What the splits are made of: documents of each class, numbers, lengths, and how many are variants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.common.documents.table import ORIGINAL
from stages.common.documents.targets import answers, label_sets, text_columns
from stages.common.words.splitting import count_words

BINS = 30


@dataclass(frozen=True)
class ClassCount:
    """How often a label occurs: ``counts`` by name of the split, ``definition`` from the card."""

    label: str
    definition: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Lengths:
    """How long the documents of a split are, in words."""

    split: str
    documents: int
    variants: int
    median: float
    most: float  # 95 % are no longer
    longest: int


@dataclass(frozen=True)
class SetCount:
    """How often documents have exactly these labels, joined in one name: ``counts`` by name of the split."""

    labels: str
    counts: dict[str, int]


def class_counts(splits: dict[str, pd.DataFrame], definitions: dict[str, str]) -> list[ClassCount]:
    """How often each label occurs in each split, on documents or spans, in the order of the definitions."""
    counted = {name: label_sets(documents).explode().value_counts() for name, documents in splits.items()}
    return [
        ClassCount(label, definition, {name: int(counts.get(label, 0)) for name, counts in counted.items()})
        for label, definition in definitions.items()
    ]


def set_counts(splits: dict[str, pd.DataFrame]) -> list[SetCount]:
    """How often documents have the same labels, most frequent first; none where a document has one label at most."""
    if not all("labels" in documents for documents in splits.values()):
        return []
    sets = {name: answers(documents) for name, documents in splits.items()}
    table = pd.DataFrame({name: labels.value_counts() for name, labels in sets.items()}).fillna(0).astype(int)
    order = (
        table.assign(total=table.sum(axis=1)).rename_axis("set").sort_values(["total", "set"], ascending=[False, True])
    )
    return [SetCount(str(name), table.loc[name].to_dict()) for name in order.index]


def values_of(splits: dict[str, pd.DataFrame]) -> dict[str, NDArray[np.float64]]:
    """The numbers that documents are labelled with, by name of the split; none where they have none."""
    return {name: documents["value"].dropna().to_numpy() for name, documents in splits.items() if "value" in documents}


def words_per_document(documents: pd.DataFrame) -> NDArray[np.int64]:
    """The length of each document in words, both texts of a pair together."""
    counts = documents[text_columns(documents)].fillna("").apply(count_words)
    return counts.sum(axis=1).to_numpy(dtype=np.int64)


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

    The last bin holds the length that 99 % of all documents stay below; longer ones are counted into it.

    Args:
        words: Lengths in words, by name of the split.

    Returns:
        The bins' edges, whole numbers at equal distances, and for each split the share of its documents in each bin.
    """
    together = np.concatenate(list(words.values()))
    first, last = int(together.min()), int(np.ceil(np.quantile(together, 0.99)))
    width = max(1, -(-(last + 1 - first) // BINS))  # whole words, or bins would hold now one length and now two
    bins = -(-(last + 1 - first) // width)
    edges = first + width * np.arange(bins + 1, dtype=np.float64)
    return edges, _shares({name: np.minimum(lengths, edges[-1] - 1) for name, lengths in words.items()}, edges)


def value_shares(
    values: dict[str, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """How the numbers are distributed, in bins that all splits share.

    Args:
        values: The numbers, by name of the split; not all are empty.

    Returns:
        The bins' edges, and for each split the share of its documents in each bin.
    """
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), BINS)
    return edges, _shares(values, edges)


def _shares(values: Mapping[str, NDArray[Any]], edges: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {
        name: np.histogram(np.minimum(numbers, edges[-1]), edges)[0] / max(len(numbers), 1)
        for name, numbers in values.items()
    }
