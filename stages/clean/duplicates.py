"""Says which documents are the same or nearly so, which of them stay, and which leak between published splits."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stages.clean.parameters import Contradictions, Duplicates, Keep, NearDuplicates
from stages.common.text_rules.normalisation import duplicate_key

HELD_OUT = ["test", "validation"]  # a copy in test is kept before one in validation, both before any other
NO_FAULT = pd.DataFrame(columns=["id", "rule", "reason"], dtype="str")
EXCERPT = 160  # characters of a leaking text that are listed


def text_keys(documents: pd.DataFrame) -> pd.Series:
    """What is the same for two documents with the same text.

    Args:
        documents: Rows of a document table.

    Returns:
        One key a row: the smallest id among those with the same text.
    """
    return documents.groupby(duplicate_key(documents["text"]), sort=False)["id"].transform("min")


def group_duplicates(documents: pd.DataFrame, keys: pd.Series, pairs: pd.DataFrame) -> pd.Series:
    """The group of each document: one for all that are the same or nearly so, directly or through others.

    A sentence of a token classification corpus has a group of its own: that it occurs again is no mistake.

    Args:
        documents: Rows of a document table.
        keys: What :func:`text_keys` makes of them.
        pairs: Near-duplicates among the keys: one, other.

    Returns:
        One group a row, with the index of the documents: the smallest id in it.
    """
    numbers = pd.Series(np.arange(len(documents)), index=documents["id"].to_numpy(dtype=object))
    ends = pairs["one"].map(numbers).to_numpy(), pairs["other"].map(numbers).to_numpy()
    own, same = (
        np.arange(len(documents)),
        keys.where(documents["tokens"].isna(), documents["id"]).map(numbers).to_numpy(),
    )
    rows, columns = np.concatenate([own, ends[0]]), np.concatenate([same, ends[1]])
    links = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(len(documents), len(documents)))
    _, clusters = connected_components(links, directed=False)
    return documents.groupby(clusters)["id"].transform("min")


def find_contradictions(documents: pd.DataFrame, keys: pd.Series, settings: Contradictions) -> pd.DataFrame:
    """Finds texts that have more than one label.

    Args:
        documents: Rows of a document table.
        keys: What :func:`text_keys` makes of them.
        settings: Whether copies with the commonest label stay. Labels in published test and validation splits have no
            vote, and where two labels are equally common, no copy stays.

    Returns:
        One row for each copy that is in doubt: id, rule, reason.
    """
    if not settings.enabled:
        return NO_FAULT
    labels = documents.groupby(keys)["label"].agg(lambda column: sorted(set(column.dropna())))
    in_doubt = keys.map(labels[labels.map(len) > 1]).dropna()
    reason = "the same text is labelled " + in_doubt.map(" and ".join).astype("str")
    if settings.keep == "majority":
        voting = documents.loc[in_doubt.index[~documents.loc[in_doubt.index, "published_split"].isin(HELD_OUT)]]
        votes = voting.groupby([keys[voting.index], "label"]).size().sort_values(ascending=False)
        best = votes.groupby(level=0).agg(lambda counts: counts.index[0][1] if _has_winner(counts) else None).dropna()
        winner = in_doubt.index.to_series().map(keys).map(best)
        outvoted = winner.isna() | winner.ne(documents.loc[in_doubt.index, "label"])
        reason = reason + winner.map(", mostly {}".format, na_action="ignore").fillna("").astype("str")
        reason = reason[outvoted]
    return documents.loc[reason.index, ["id"]].assign(rule="contradictions", reason=reason)


def _has_winner(counts: pd.Series) -> bool:
    return len(counts) == 1 or bool(counts.iloc[0] > counts.iloc[1])


def find_repeats(documents: pd.DataFrame, keys: pd.Series, settings: Duplicates) -> pd.DataFrame:
    """Finds the copies of a text beyond the one that is kept.

    A copy in the publisher's test split is kept before one in validation, and both before any other, so that what leaks
    out of training is the training copy.

    Args:
        documents: Rows of a document table.
        keys: What :func:`text_keys` makes of them.
        settings: Which of the others is kept: the one with the smallest id, the longest one, or all of them, unless a
            copy is in a published test or validation split.

    Returns:
        One row for each further copy: id, rule, reason.
    """
    if not settings.enabled:
        return NO_FAULT
    ordered = _by_preference(documents, settings.keep)
    key = keys[ordered.index]
    kept = ordered.groupby(key, sort=False)["id"].transform("first")
    further = ordered["id"].ne(kept)
    if settings.keep == "all":
        leaking = ordered["published_split"].isin(HELD_OUT).groupby(key).transform("any")
        further &= leaking
    reason = "the same text as document " + kept[further]
    return ordered.loc[further, ["id"]].assign(rule="duplicates", reason=reason)


def find_near_repeats(documents: pd.DataFrame, pairs: pd.DataFrame, settings: NearDuplicates) -> pd.DataFrame:
    """Finds the documents that are nearly the same as one that is kept.

    Documents are gone through in the order of preference of :func:`find_repeats`; each is kept unless it is similar to
    one that was kept already. So each document that goes was compared with one that stays.

    Args:
        documents: Rows of a document table in which no text occurs twice, but for token classification.
        pairs: Near-duplicates: one, other (ids), similarity.
        settings: Which one is kept, as in :func:`find_repeats`.

    Returns:
        One row for each that goes: id, rule, reason.
    """
    similar: dict[str, dict[str, float]] = {}
    for one, other, similarity in pairs.itertuples(index=False):
        similar.setdefault(one, {})[other] = similarity
        similar.setdefault(other, {})[one] = similarity
    concerned = _by_preference(documents[documents["id"].isin(similar)], settings.keep)
    kept: dict[str, bool] = {}  # those that stay, and whether a publisher held them out
    faults = []
    for name, held_out in zip(concerned["id"], concerned["published_split"].isin(HELD_OUT), strict=True):
        near = {other: value for other, value in similar[name].items() if other in kept}
        if settings.keep == "all":
            near = {other: value for other, value in near.items() if kept[other]}
        if near:
            other = min(near, key=lambda other: (-near[other], other))
            faults.append((name, "near_duplicates", f"{near[other]:.2f} of its word n-grams are shared with {other}"))
        else:
            kept[name] = held_out
    return pd.DataFrame(faults, columns=["id", "rule", "reason"], dtype="str")


def _by_preference(documents: pd.DataFrame, keep: Keep) -> pd.DataFrame:
    rank = documents["published_split"].map({split: place for place, split in enumerate(HELD_OUT)}).fillna(2)
    length = -documents["text"].str.len() if keep == "longest" else 0
    order = documents.assign(rank=rank, length=length).sort_values(["rank", "length", "id"])
    return order.drop(columns=["rank", "length"])


def spread(pairs: pd.DataFrame, keys: pd.Series, documents: pd.DataFrame) -> pd.DataFrame:
    """Turns pairs of keys into pairs of documents.

    Args:
        pairs: one, other (keys), similarity.
        keys: The key of each document, and of others that went.
        documents: Rows of a document table.

    Returns:
        One row for each pair of documents with these keys: one, other (ids), similarity.
    """
    ids = pd.DataFrame({"key": keys.loc[documents.index], "id": documents["id"]})
    sides = pairs.merge(ids, left_on="one", right_on="key").merge(ids, left_on="other", right_on="key")
    return sides[["id_x", "id_y", "similarity"]].set_axis(["one", "other", "similarity"], axis=1)


def list_leaks(documents: pd.DataFrame, keys: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Lists documents of different published splits that are the same or nearly so, for text classification.

    Args:
        documents: Rows of a document table.
        keys: What :func:`text_keys` makes of them.
        pairs: Near-duplicates among the keys: one, other, similarity.

    Returns:
        One row a pair: ``split``, ``other_split`` (training before validation before test), ``id``, ``other_id``,
        ``similarity`` from 0 to 1, and the beginning of the first text; sorted in this order.
    """
    documents = documents[documents["tokens"].isna()]
    split = documents["published_split"].fillna("train")
    torn = split.groupby(keys).nunique()
    whole = pd.DataFrame({"one": torn.index[torn > 1], "other": torn.index[torn > 1], "similarity": 1.0})
    every = pd.concat([whole, pairs, pairs.rename(columns={"one": "other", "other": "one"})])
    found = spread(every, keys, documents)
    splits = pd.Series(split.to_numpy(), index=documents["id"])
    found["split"], found["other_split"] = found["one"].map(splits), found["other"].map(splits)
    order = {"train": 0, "validation": 1, "test": 2}
    leaks = found[found["split"].map(order) < found["other_split"].map(order)]
    texts = pd.Series(documents["text"].to_numpy(), index=documents["id"])
    excerpt = leaks["one"].map(texts).astype("str").str.slice(0, EXCERPT).str.replace(r"\s+", " ", regex=True)
    leaks = leaks.rename(columns={"one": "id", "other": "other_id"}).assign(excerpt=excerpt)
    columns = ["split", "other_split", "id", "other_id", "similarity", "excerpt"]
    return leaks[columns].sort_values(columns[:4], ignore_index=True).round({"similarity": 4})
