"""What must hold of the splits before they are written; a violation is a fault of this stage, not of the user."""

from collections.abc import Mapping

import pandas as pd

from stages.common.documents.table import LABEL_TEXT, OVERSAMPLED, SPLITS
from stages.common.text_rules.normalisation import document_key
from stages.split.unlabelled import Pool


def check_splits(splits: Mapping[str, pd.DataFrame], rejected: pd.DataFrame, documents: pd.DataFrame) -> None:
    """Checks that no row is lost or doubled, and that nothing of a held-out document is trained on.

    Args:
        splits: The rows of train, validation and test.
        rejected: The rows that are in none.
        documents: The rows that came in.

    Raises:
        RuntimeError: Naming a row or group for which that is not so.
    """
    placed = pd.concat([rows.assign(split=split) for split, rows in splits.items()], ignore_index=True)
    ids = pd.concat([placed["id"], rejected["id"]])
    if ids.duplicated().any():
        raise RuntimeError(f"{ids[ids.duplicated()].iloc[0]!r} is in two places")
    if placed.loc[placed["method"].eq(LABEL_TEXT), "split"].ne("train").any():
        raise RuntimeError("the text of a label is held out")
    placed, rejected = (rows[rows["method"].ne(LABEL_TEXT)] for rows in (placed, rejected))
    ids = pd.concat([placed["id"], rejected["id"]])
    copies = placed[placed["method"].eq(OVERSAMPLED)]
    known = set(ids) - set(copies["id"])
    if known != set(documents["id"]):
        raise RuntimeError(f"{sorted(known ^ set(documents['id']))[0]!r} was lost, or came from nowhere")
    origins = documents.set_index("id")["text"]
    altered = copies["text"].ne(copies["derived_from"].str[0].map(origins))
    if altered.any():
        raise RuntimeError(f"{copies.loc[altered, 'id'].iloc[0]!r} is no copy of the document it is derived from")

    published = placed["published_split"].isin(["validation", "test"]) & placed["split"].eq(placed["published_split"])
    sides = placed.groupby("group")["split"].nunique()
    torn = placed["group"].isin(sides.index[sides > 1]) & ~published  # the publisher's own rows stay where they are
    if torn.any():
        raise RuntimeError(f"the group {placed.loc[torn, 'group'].iloc[0]!r} is on two sides")

    moved = documents[documents["published_split"].isin(["validation", "test"]) & documents["method"].eq("original")]
    moved = moved[~moved["id"].isin(placed.loc[published, "id"])]
    if len(moved):
        raise RuntimeError(f"{moved['id'].iloc[0]!r} is not in the split that its publisher put it in")

    originals = placed["method"].eq("original")
    variants = placed[~originals]
    donors = variants["derived_from"].explode()
    stray = donors.index[~donors.isin(placed.loc[originals & placed["split"].eq("train"), "id"])]
    stray = stray.append(variants.index[variants["split"].ne("train")])
    if len(stray):
        raise RuntimeError(f"{placed.loc[stray[0], 'id']!r} is derived from a document that is not trained on")


def check_unlabelled(pool: Pool, splits: Mapping[str, pd.DataFrame], unlabelled: pd.DataFrame) -> None:
    """Checks that no document without a label is lost or doubled, and that none is, or is made of, a held-out one.

    Args:
        pool: What became of them.
        splits: The rows of train, validation and test.
        unlabelled: The documents without a label that came in, and their variants.

    Raises:
        RuntimeError: Naming a row for which that is not so.
    """
    ids = pd.concat([pool.documents["id"], pool.rejected["id"], pool.unused["id"]])
    if ids.duplicated().any():
        raise RuntimeError(f"{ids[ids.duplicated()].iloc[0]!r} is in two places")
    lost = set(unlabelled["id"]) - set(ids)
    if lost:
        raise RuntimeError(f"{sorted(lost)[0]!r} was lost")
    if pool.documents.empty:
        return
    held_out = pd.concat([splits[split] for split in SPLITS[1:]])
    kept = pool.documents
    stray = kept["id"].isin(splits["train"]["id"]) | kept["group"].isin(held_out["group"])
    stray |= document_key(kept).isin(document_key(held_out))
    stray |= kept["derived_from"].map(set(held_out["id"]).isdisjoint).eq(False)
    if stray.any():
        raise RuntimeError(f"the unlabelled document {kept.loc[stray, 'id'].iloc[0]!r} is trained on or held out")
