"""Says which split each original belongs to: where the publisher put it, else by class and whole group."""

from collections.abc import Mapping, Set
from pathlib import Path

import pandas as pd

from stages.common.core.messages import UserError
from stages.common.core.seeding import derived_seed
from stages.common.documents.table import SPLITS
from stages.common.documents.targets import has_several_labels, label_sets, predicted_alike, strata
from stages.split.parameters import SplitParameters
from stages.split.quotas import quotas
from stages.split.stratification import deal_out
from stages.split.training import beside_held_out

AUGMENTED = Path("data/augmented")
HELD_OUT = ("test", "validation")  # test is filled first, so that it does not depend on validation's share


def check_corpus(originals: pd.DataFrame, where: str) -> None:
    """Refuses a corpus from which nothing can be learned.

    Args:
        originals: All originals.
        where: The file they were read from.

    Raises:
        UserError: If there are none, or all of them are to be predicted alike.
    """
    if originals.empty:
        raise UserError(f"{where}: holds no document.", "See data/clean/rejected.parquet for what cleaning dropped.")
    alike = predicted_alike(originals)
    if alike:
        raise UserError(f"{where}: all documents have {alike}.", "Add documents that differ from them.")


def check_filled(splits: Mapping[str, pd.DataFrame]) -> None:
    """Refuses splits of which one is empty.

    Raises:
        UserError: If one is.
    """
    for split, rows in splits.items():
        if rows.empty:
            raise UserError(f"{AUGMENTED}: no document is left for the {split} split.", "Add documents to the corpus.")


def check_training(train: pd.DataFrame) -> None:
    """Refuses to train on documents that are all to be predicted alike, though others of the corpus are not.

    Args:
        train: What is trained on.

    Raises:
        UserError: If they are.
    """
    alike = predicted_alike(train)
    if alike:
        raise UserError(
            f"{AUGMENTED}: all documents of the train split have {alike}, and a model needs two to tell apart.",
            "Add training documents that differ from them.",
        )


def clashing(originals: pd.DataFrame) -> pd.DataFrame:
    """Finds documents that are not held out, but share a group with one that the publisher held out.

    Args:
        originals: All originals.

    Returns:
        ``rule`` and ``reason``, indexed like the originals that cannot be trained on.
    """
    published = originals["published_split"].isin(HELD_OUT)
    held_out = originals[published].assign(split=originals["published_split"])
    return beside_held_out(originals[~published], held_out)


def place(originals: pd.DataFrame, parameters: SplitParameters, trained: Set[str] = frozenset()) -> pd.Series:
    """Puts each original into a split.

    Rows that the publisher put into validation or test are there. Of the others, whole groups are taken for those of
    the two splits that the publisher did not fix, as many documents of each class as its part of the share; the rest
    is trained on. Which groups are taken depends on the seed and their names alone.

    Where the publisher fixed one of the two, a class with too few groups to be in the other one too is trained on
    whole. Where documents have several labels each, groups are dealt out by
    :func:`stages.split.stratification.deal_out`.

    Args:
        originals: Originals without those that :func:`clashing` found.
        parameters: Seed and shares.
        trained: The ids of documents that must be trained on, with their groups, unless the publisher held them out.

    Returns:
        The name of the split, indexed like the originals.

    Raises:
        UserError: If a class has too few groups to be in each split, and the publisher fixed no split.
    """
    fixed = originals["published_split"].where(originals["published_split"].isin(HELD_OUT))
    shares = {split: getattr(parameters, split) for split in HELD_OUT if not fixed.eq(split).any()}
    bound = originals.loc[originals["id"].isin(trained), "group"]
    waiting = originals[fixed.isna() & ~originals["group"].isin(bound)]
    if has_several_labels(originals):
        members, sets = _in_order(waiting, parameters.seed), label_sets(waiting)
        chosen = deal_out({group: sets[rows].to_list() for group, rows in members.items()}, shares)
    else:
        chosen = _by_class(waiting, shares, parameters.seed)
    return fixed.fillna(originals["group"].map(chosen)).fillna("train")


def _in_order(documents: pd.DataFrame, seed: int) -> dict[str, pd.Index]:
    """The rows of each group, in an order of the groups that depends on the seed and their names alone."""
    rows = {str(group): index for group, index in documents.groupby("group").groups.items()}
    return {group: rows[group] for group in sorted(rows, key=lambda group: (_rank(seed, group), group))}


def _by_class(documents: pd.DataFrame, shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Which groups are held out, and where: of each class its part of the share.

    Args:
        documents: Originals whose split the publisher did not fix.
        shares: For each split to be drawn its share of these documents.
        seed: Decides with the groups' names which ones.

    Raises:
        UserError: If a class has too few groups to be in each split, and the publisher fixed no split.
    """
    groups = _groups(documents, seed)
    counted = groups["label"].value_counts()
    small = sorted(counted.index[counted <= len(shares)])
    if small and len(shares) == len(HELD_OUT):
        listed = ", ".join(f"{label!r} ({counted[label]})" for label in small)
        raise UserError(
            f"Classes with fewer groups of documents than the {len(SPLITS)} splits: {listed}.",
            "Add documents of them, merge them with other classes, or leave them out.",
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
    return chosen


def _groups(documents: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row a group: its size, its commonest label, in an order that depends on the seed and the group alone."""
    labels = pd.DataFrame({"group": documents["group"], "label": strata(documents)}).value_counts().reset_index()
    labels = labels.sort_values(["group", "count", "label"], ascending=[True, False, True])
    groups = labels.groupby("group").agg(label=("label", "first"), size=("count", "sum")).reset_index()
    rank = [_rank(seed, group) for group in groups["group"]]
    return groups.assign(rank=pd.array(rank, dtype="uint64")).sort_values(["rank", "group"])


def _rank(seed: int, group: str) -> int:
    return derived_seed(seed, "group", group)


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
