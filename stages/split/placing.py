"""Says which split each original belongs to: where the publisher put it, else by class and whole group."""

import pandas as pd

from stages.common.core.messages import UserError
from stages.common.core.seeding import derived_seed
from stages.common.documents.table import SPLITS
from stages.split.parameters import SplitParameters
from stages.split.quotas import quotas
from stages.split.rejections import rejections

HELD_OUT = ("test", "validation")  # test is filled first, so that it does not depend on validation's share
UNLABELLED = "(none)"  # the class of documents without a label


def strata(documents: pd.DataFrame) -> pd.Series:
    """The class of each document, ``(none)`` where it has no label."""
    return documents["label"].fillna(UNLABELLED)


def check_corpus(originals: pd.DataFrame, where: str) -> None:
    """Refuses a corpus that no classifier can be trained on.

    Args:
        originals: All originals.
        where: The file they were read from.

    Raises:
        UserError: If there are none, or all have the same label.
    """
    if originals.empty:
        raise UserError(f"{where}: holds no document.", "See data/clean/rejected.parquet for what cleaning dropped.")
    labels = originals["label"].dropna().unique()
    if len(labels) == 1:
        raise UserError(f"{where}: all documents have the label {labels[0]!r}.", "Add documents of another class.")


def clashing(originals: pd.DataFrame) -> pd.DataFrame:
    """Finds documents that are not held out, but share a group with one that the publisher held out.

    Args:
        originals: All originals.

    Returns:
        ``rule`` and ``reason``, indexed like the originals that cannot be trained on.
    """
    published = originals["published_split"].isin(HELD_OUT)
    held_out = originals[published].sort_values("id").drop_duplicates("group").set_index("group")
    groups = originals.loc[~published & originals["group"].isin(held_out.index), "group"]
    split, document = (groups.map(held_out[column]).astype("str") for column in ("published_split", "id"))
    return rejections("group_held_out", "in one group with the " + split + " document " + document)


def place(originals: pd.DataFrame, parameters: SplitParameters) -> pd.Series:
    """Puts each original into a split.

    Rows that the publisher put into validation or test are there. Of the others, whole groups are taken for those of
    the two splits that the publisher did not fix, as many documents of each class as its part of the share; the rest
    is trained on. Which groups are taken depends on the seed and their names alone.

    Where the publisher fixed one of the two, a class with too few groups to be in the other one too is trained on
    whole.

    Args:
        originals: Originals without those that :func:`clashing` found.
        parameters: Seed and shares.

    Returns:
        The name of the split, indexed like the originals.

    Raises:
        UserError: If a class has too few groups to be in each split, and the publisher fixed no split.
    """
    fixed = originals["published_split"].where(originals["published_split"].isin(HELD_OUT))
    shares = {split: getattr(parameters, split) for split in HELD_OUT if not fixed.eq(split).any()}
    groups = _groups(originals[fixed.isna()], parameters.seed)
    counted = groups["label"].value_counts()
    small = sorted(counted.index[counted <= len(shares)])
    if small and len(shares) == len(HELD_OUT):
        raise UserError(
            f"Class {small[0]!r} has {counted[small[0]]} group(s) of documents, fewer than the {len(SPLITS)} splits.",
            "Add documents of it, merge it with another class, or leave it out.",
        )
    divided = groups[~groups["label"].isin(small)]
    sizes = {str(label): int(size) for label, size in divided.groupby("label")["size"].sum().items()}
    wanted = {split: quotas(sizes, share) for split, share in shares.items()}
    chosen: dict[str, str] = {}
    for label, members in divided.groupby("label"):
        waiting = dict(zip(members["group"], members["size"], strict=True))
        for number, split in enumerate(shares):
            taken = _fill(waiting, wanted[split][str(label)], reserve=len(shares) - number)
            chosen.update(dict.fromkeys(taken, split))
            waiting = {group: size for group, size in waiting.items() if group not in chosen}
    return fixed.fillna(originals["group"].map(chosen)).fillna("train")


def _groups(documents: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row a group: its size, its commonest label, in an order that depends on the seed and the group alone."""
    labels = pd.DataFrame({"group": documents["group"], "label": strata(documents)}).value_counts().reset_index()
    labels = labels.sort_values(["group", "count", "label"], ascending=[True, False, True])
    groups = labels.groupby("group").agg(label=("label", "first"), size=("count", "sum")).reset_index()
    rank = [derived_seed(seed, "group", group) for group in groups["group"]]
    return groups.assign(rank=pd.array(rank, dtype="uint64")).sort_values(["rank", "group"])


def _fill(groups: dict[str, int], quota: int, reserve: int) -> list[str]:
    """Takes groups in their order while they fit, then one more if that comes nearer to the quota or none did fit.

    Args:
        groups: Sizes by name.
        quota: Documents wanted.
        reserve: How many groups must be left.

    Returns:
        The names of the groups taken, at least one.
    """
    taken: dict[str, None] = {}
    missing = quota
    for group, size in groups.items():
        if size <= missing and len(groups) - len(taken) > reserve:
            taken[group] = None
            missing -= size
    others = {group: size for group, size in groups.items() if group not in taken}
    if missing and len(others) > reserve:
        smallest = min(others, key=lambda group: others[group])
        if not taken or others[smallest] - missing < missing:
            taken[smallest] = None
    return list(taken)
