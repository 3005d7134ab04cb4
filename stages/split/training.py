"""Says which documents and variants of the training side are trained on, and why the others are not."""

from collections.abc import Set

import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.documents.targets import strata
from stages.common.text_rules.normalisation import document_key
from stages.split.quotas import rounded
from stages.split.rejections import rejections


def copies(rows: pd.DataFrame, held_out: pd.DataFrame) -> pd.DataFrame:
    """Finds rows with the text of a held-out document, or both texts, but for case, white space, entities and the like.

    Args:
        rows: Documents or variants.
        held_out: Validation and test documents, with their ``split``.

    Returns:
        ``rule`` and ``reason``, indexed like the rows that are copies.
    """
    known = held_out.assign(key=document_key(held_out)).sort_values(["split", "id"])
    known = known.drop_duplicates("key").set_index("key")  # test comes before validation
    keys = document_key(rows)
    keys = keys[keys.isin(known.index)]
    split, document = (keys.map(known[column]).astype("str") for column in ("split", "id"))
    return rejections("equals_held_out", "the same text as the " + split + " document " + document)


def beside_held_out(rows: pd.DataFrame, held_out: pd.DataFrame) -> pd.DataFrame:
    """Finds documents that share a group with a held-out one: they are nearly the same, or belong together.

    Args:
        rows: Documents that are not held out.
        held_out: Validation and test documents, with their ``split``.

    Returns:
        ``rule`` and ``reason``, indexed like the documents that cannot be trained on.
    """
    known = held_out.sort_values("id").drop_duplicates("group").set_index("group")
    groups = rows.loc[rows["group"].isin(known.index), "group"]
    split, document = (groups.map(known[column]).astype("str") for column in ("split", "id"))
    return rejections("group_held_out", "in one group with the " + split + " document " + document)


def unsure(training: pd.DataFrame, left_out: Set[str]) -> pd.DataFrame:
    """Finds training documents about whose label people's answers are too unsure.

    Args:
        training: Training originals.
        left_out: The ids of the documents that annotate leaves out of training.

    Returns:
        ``rule`` and ``reason``, indexed like the documents left out.
    """
    found = training.index[training["id"].isin(left_out)]
    return rejections("unsure_label", pd.Series("people's answers about it are too unsure", index=found))


def beyond_class_size(training: pd.DataFrame, size: int | None, seed: int) -> pd.DataFrame:
    """Finds the training documents that a limit for each class leaves out.

    Args:
        training: Training originals.
        size: Documents of each class, at most; None for no limit. A higher one leaves out fewer of the same.
        seed: Decides with the documents' ids which ones.

    Returns:
        ``rule`` and ``reason``, indexed like the documents left out.
    """
    place = place_in_class(training, seed, "train_per_class")
    left_out = place.index[place >= (len(training) if size is None else size)]
    return rejections("train_per_class", pd.Series(f"its class has {size} documents without it", index=left_out))


def inadmissible(variants: pd.DataFrame, training: pd.DataFrame, held_out: pd.DataFrame) -> pd.DataFrame:
    """Finds variants with content of a document that is not trained on.

    Args:
        variants: All variants.
        training: The originals that are trained on.
        held_out: Validation and test documents, with their ``split``.

    Returns:
        ``rule`` and ``reason``, indexed like the variants that may not be trained on.
    """
    donors = variants["derived_from"].explode().astype("str")
    unused = donors[~donors.isin(training["id"])].sort_values()
    split = unused.map(held_out.set_index("id")["split"]).astype("str")
    leaked, lost = split.notna(), split.isna()
    groups = variants.loc[variants["group"].isin(held_out["group"]), "group"]
    found = pd.concat(
        [
            rejections("origin_held_out", "derived from the " + split[leaked] + " document " + unused[leaked]),
            rejections("group_held_out", "held-out documents are in its group, " + groups),
            rejections("origin_not_used", "derived from " + unused[lost] + ", which is not trained on"),
        ]
    )
    return found[~found.index.duplicated()]


def beyond_share(variants: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Finds the variants that a share for each class leaves out.

    Args:
        variants: The variants that may be trained on.
        share: How much of them is, 0 to 1. A higher one leaves out fewer of the same.
        seed: Decides with the variants' ids which ones.

    Returns:
        ``rule`` and ``reason``, indexed like the variants left out.
    """
    labels = strata(variants)
    limits = {label: rounded(share, size) for label, size in labels.value_counts().items()}
    place = place_in_class(variants, seed, "augmented")
    left_out = place.index[place >= labels.map(limits).astype("int64")]
    return rejections("augmented", pd.Series(f"beyond the {share:g} of its class's variants", index=left_out))


def place_in_class(rows: pd.DataFrame, seed: int, use: str) -> "pd.Series[int]":
    """The place of each row, from 0, in an order of its class that depends on the seed, the use and the ids alone."""
    rank = pd.array([derived_seed(seed, use, row) for row in rows["id"]], dtype="uint64")
    order = rows[["id"]].assign(rank=rank).sort_values(["rank", "id"]).index
    return strata(rows).loc[order].groupby(strata(rows)).cumcount().reindex(rows.index)
