"""What documents are labelled with, whatever their task: read from the columns that their table has."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from stages.common.documents.spans import spans_of
from stages.common.documents.table import SPLITS

UNLABELLED = "(none)"  # the stratum of documents without a label
VALUE_STRATA = 5  # equally large parts that numbers are cut into, so that a split holds low ones and high ones alike


def has_free_words(documents: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each document's wording may be changed, cut and compared: not where each word has a tag of its own."""
    if "tokens" not in documents:
        return pd.Series(True, index=documents.index)
    return documents["tokens"].isna()


def text_columns(documents: pd.DataFrame) -> list[str]:
    """The columns that hold texts: ``text``, and ``text_pair`` where documents are pairs."""
    return [name for name in ("text", "text_pair") if name in documents]


def joined_texts(documents: pd.DataFrame, separator: str) -> pd.Series:
    """The text of each document; of a pair both, with a separator between."""
    texts, *others = (documents[name] for name in text_columns(documents))
    for other in others:
        texts = texts + separator + other
    return texts


def has_several_labels(documents: pd.DataFrame) -> bool:
    """Whether a document may have any number of labels."""
    return "labels" in documents


def predicted_alike(documents: pd.DataFrame) -> str:
    """What all documents have in common that is to be predicted, in words; empty if they differ, or have tags."""
    if "value" in documents:
        values = documents["value"].dropna().unique()
        return f"the value {values[0]:g}" if len(values) == 1 else ""
    labels = answers(documents).dropna().unique()
    return f"the label {labels[0]!r}" if len(labels) == 1 else ""


def label_sets(documents: pd.DataFrame) -> pd.Series:
    """The labels of each document, a list: its one, its several, or the types of its spans; empty for a number."""
    rows: Iterator[list[str]]
    if "labels" in documents:
        rows = (sorted(labels) if isinstance(labels, list) else [] for labels in documents["labels"])
    elif "value" in documents:
        rows = ([] for _ in range(len(documents)))
    else:
        spans = documents["tags"] if "tags" in documents else [None] * len(documents)
        alone = ([label] if isinstance(label, str) else [] for label in documents["label"])
        rows = (
            [span.label for span in spans_of(tags)] if isinstance(tags, list) else label
            for label, tags in zip(alone, spans, strict=True)
        )
    return pd.Series(list(rows), index=documents.index, dtype=object)


def answers(documents: pd.DataFrame) -> pd.Series:
    """What copies of a document must agree on, as a string: its label, or its labels; missing for tags and numbers."""
    if "label" in documents:
        return documents["label"]
    if "labels" in documents:
        joined = documents["labels"].map(lambda labels: " + ".join(sorted(labels)) or UNLABELLED, na_action="ignore")
        return joined.astype("str")
    return pd.Series(np.nan, index=documents.index, dtype="str")


def strata(documents: pd.DataFrame) -> pd.Series:
    """The class of each document, by which it is divided: its label, its set of labels, or a fifth of the numbers.

    Returns:
        Strings; :data:`UNLABELLED` where a document has no label.
    """
    if "value" in documents:
        return value_strata(documents["value"])
    return answers(documents).fillna(UNLABELLED)


def value_strata(values: "pd.Series[float]") -> pd.Series:
    """Which fifth of the distinct numbers each lies in, such as ``2 of 5``; the same for equal numbers."""
    known = values.dropna()
    cuts = known.quantile(np.arange(1, VALUE_STRATA) / VALUE_STRATA) if len(known) else known
    edges = np.unique(cuts.to_numpy())
    place = pd.Series(np.searchsorted(edges, values, side="left") + 1, index=values.index)
    named = place.astype("str") + f" of {len(edges) + 1}"
    return named.where(values.notna(), UNLABELLED)


def too_small(classes: Mapping[Any, int], published: Collection[str]) -> str:
    """Names the classes that cannot be in each split, long before split stops at them.

    Args:
        classes: How many documents each class has.
        published: The splits that documents were put into by the publisher; then any class may be small.

    Returns:
        The end of a closing line; empty where there are none.
    """
    small = sorted(name for name, count in classes.items() if 0 < count < len(SPLITS))
    if not small or set(published) & set(SPLITS[1:]):
        return ""
    listed = ", ".join(f"{name!r} ({classes[name]})" for name in small)
    return (
        f"; as it is, split will stop at the classes with fewer documents than the {len(SPLITS)} splits: {listed}. "
        "Add documents of them, merge them with other classes, or leave them out"
    )
