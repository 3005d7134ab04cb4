"""Finds texts that occur more than once: repeats, and the same text with two labels."""

import pandas as pd

from stages.common.text_rules.normalisation import duplicate_key


def group_duplicates(documents: pd.DataFrame) -> pd.Series:
    """The group of each document: the smallest id among those that have the same text.

    A sentence of a token classification corpus is a group of its own: that it occurs again is no mistake.

    Args:
        documents: Rows of a document table.

    Returns:
        One group a row, with the index of the documents.
    """
    shared = documents.groupby(duplicate_key(documents["text"]), sort=False)["id"].transform("min")
    return shared.where(documents["tokens"].isna(), documents["id"])


def find_contradictions(documents: pd.DataFrame) -> pd.DataFrame:
    """Finds texts that have more than one label.

    Args:
        documents: Rows of a document table whose groups are set.

    Returns:
        One row for each copy: id, rule, reason.
    """
    labels = documents.groupby("group")["label"].agg(lambda column: sorted(set(column.dropna())))
    in_doubt = documents["group"].map(labels[labels.map(len) > 1])
    faults = documents.loc[in_doubt.notna(), ["id"]].assign(rule="contradictions")
    return faults.assign(reason=in_doubt.dropna().map(lambda names: f"the same text is labelled {' and '.join(names)}"))


def find_repeats(documents: pd.DataFrame) -> pd.DataFrame:
    """Finds the copies of a text beyond the one that is kept.

    A copy in the publisher's test split is kept before one in validation, and both before any other, so that what leaks
    out of training is the training copy; among equals, the smallest id is kept.

    Args:
        documents: Rows of a document table whose groups are set.

    Returns:
        One row for each further copy: id, rule, reason.
    """
    rank = documents["published_split"].map({"test": 0, "validation": 1}).fillna(2)
    ordered = documents.assign(rank=rank).sort_values(["rank", "id"])
    kept = ordered.groupby(duplicate_key(ordered["text"]), sort=False)["id"].transform("first")
    further = ordered["id"].ne(kept)
    reason = "the same text as document " + kept[further]
    return ordered.loc[further, ["id"]].assign(rule="duplicates", reason=reason)
