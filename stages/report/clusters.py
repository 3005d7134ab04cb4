"""Clusters of documents that are the same or nearly so."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from stages.common.documents.targets import text_columns
from stages.report.excerpts import excerpt, text_excerpts

NAMED = 5  # members of a cluster that are named


@dataclass(frozen=True)
class Cluster:
    """Documents that are linked by being the same or nearly so.

    Attributes:
        size: How many they are.
        kept: The ids of some that stay.
        dropped: The ids of some that cleaning dropped.
        unnamed: How many are in neither list.
        texts: The beginning of each text of one of them.
    """

    size: int
    kept: list[str]
    dropped: list[str]
    unnamed: int
    texts: list[str]


@dataclass(frozen=True)
class Clusters:
    """All clusters: how many there are of each size, smallest first, and some of the largest."""

    sizes: dict[int, int]
    largest: list[Cluster]

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return sum(self.sizes.values())

    @property
    def documents(self) -> int:
        """How many documents are in one."""
        return sum(size * number for size, number in self.sizes.items())


def find_clusters(
    kept: pd.DataFrame, dropped: pd.DataFrame, rules: Collection[str], count: int, characters: int
) -> Clusters:
    """Finds the clusters by the group that cleaning gave each document.

    Args:
        kept: The documents that stay, with their group.
        dropped: Those that cleaning dropped, with the rule and the group.
        rules: The rules that drop documents by comparing them; what others dropped has no group yet.
        count: Clusters to show, at most; the largest first.
        characters: The most characters to show of a text.
    """
    compared = dropped[dropped["rule"].isin(rules)]
    members = pd.concat([kept[["group", "id"]].assign(kept=True), compared[["group", "id"]].assign(kept=False)])
    sizes = members["group"].value_counts()
    sizes = sizes[sizes > 1]
    by_size = sizes.value_counts().sort_index()
    largest = sizes.reset_index().sort_values(["count", "group"], ascending=[False, True]).head(count)["group"]
    shown = members[members["group"].isin(largest)].sort_values("id")
    named = pd.concat(
        [frame.loc[frame["id"].isin(shown["id"]), ["id", *text_columns(kept)]] for frame in (kept, compared)]
    )
    documents = named.set_index("id")
    clusters = []
    for group in largest:
        rows = shown[shown["group"] == group]
        stay, go = list(rows.loc[rows["kept"], "id"]), list(rows.loc[~rows["kept"], "id"])
        clusters.append(
            Cluster(
                size=len(rows),
                kept=[excerpt(name, characters) for name in stay[:NAMED]],
                dropped=[excerpt(name, characters) for name in go[:NAMED]],
                unnamed=len(stay[NAMED:]) + len(go[NAMED:]),
                texts=text_excerpts(documents.loc[(stay or go)[0]].to_dict(), characters),
            )
        )
    return Clusters(dict(zip(by_size.index.tolist(), by_size.tolist(), strict=True)), clusters)
