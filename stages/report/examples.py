"""Chooses examples: what a rule dropped or flagged, what cleaning changed, how variants differ from their origins."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from stages.common.documents import ORIGINAL
from stages.common.seeding import derived_seed
from stages.report.excerpts import Segment, changes, excerpt

LOOKED_AT = 5_000  # changed documents among which examples are looked for


@dataclass(frozen=True)
class Example:
    """One document.

    Attributes:
        id: Its id, or the place in the source where it never became a document.
        label: Its label, or nothing.
        reason: Why it was dropped or flagged.
        text: Its beginning.
    """

    id: str
    label: str
    reason: str
    text: str


@dataclass(frozen=True)
class RuleExamples:
    """What one rule did: how many documents it concerned, and some of them."""

    rule: str
    count: int
    examples: list[Example]


@dataclass(frozen=True)
class Change:
    """A document in two versions: ``id`` and ``label``, and the passage around the first change."""

    id: str
    label: str
    passage: list[Segment]


@dataclass(frozen=True)
class MethodExamples:
    """What one augmentation method made: how many variants, and some of them beside their origins."""

    method: str
    count: int
    examples: list[Change]


def by_rule(concerned: pd.DataFrame, count: int, characters: int, seed: int) -> list[RuleExamples]:
    """Groups dropped or flagged documents by rule.

    Args:
        concerned: Columns rule, reason, id, text, label; ``place`` stands in for a missing id.
        count: Examples of each rule, at most.
        characters: The most characters to show of a text.
        seed: Decides which documents are the examples.

    Returns:
        The rules, the one that concerned the most documents first.
    """
    found = []
    for rule, rows in concerned.groupby("rule", sort=True):
        names = rows["id"].fillna(rows["place"]) if "place" in rows else rows["id"]
        named = rows.assign(id=names.fillna(""))
        chosen = [
            Example(
                excerpt(row["id"], characters),
                "" if pd.isna(row["label"]) else row["label"],
                excerpt(row["reason"], characters),
                "" if pd.isna(row["text"]) else excerpt(row["text"], characters),
            )
            for row in some(named, count, seed).to_dict("records")
        ]
        found.append(RuleExamples(str(rule), len(rows), chosen))
    return sorted(found, key=lambda rule: -rule.count)


def changed_by_cleaning(
    raw: pd.DataFrame, clean: pd.DataFrame, count: int, characters: int, seed: int
) -> tuple[list[Change], list[Change]]:
    """Documents whose text cleaning changed.

    Args:
        raw: The documents before.
        clean: The documents after.
        count: Examples of each kind, at most.
        characters: The most characters to show of a text.
        seed: Decides which documents are the examples.

    Returns:
        Some in which more than white space was changed, and some in which only white space was.
    """
    both = raw[["id", "label", "text"]].merge(clean[["id", "text"]], on="id", suffixes=("_before", ""))
    changed = some(both[both["text_before"] != both["text"]], LOOKED_AT, seed)
    spaces = [
        "".join(before.split()) == "".join(after.split())
        for before, after in zip(changed["text_before"], changed["text"], strict=True)
    ]
    only_spaces = pd.Series(spaces, index=changed.index, dtype=bool)
    return (
        _as_changes(changed[~only_spaces].head(count), characters),
        _as_changes(changed[only_spaces].head(count), characters),
    )


def by_method(augmented: pd.DataFrame, count: int, characters: int, seed: int) -> list[MethodExamples]:
    """Variants beside the originals that they were made from.

    Args:
        augmented: Originals and variants.
        count: Examples of each method, at most.
        characters: The most characters to show of a text.
        seed: Decides which variants are the examples.

    Returns:
        The methods by name.
    """
    texts = augmented.loc[augmented["method"] == ORIGINAL].set_index("id")["text"]
    found = []
    for method, rows in augmented[augmented["method"] != ORIGINAL].groupby("method", sort=True):
        chosen = some(rows, count, seed)
        origins = chosen["derived_from"].str[0].map(texts)
        found.append(
            MethodExamples(
                str(method), len(rows), _as_changes(chosen.assign(text_before=origins.fillna("")), characters)
            )
        )
    return found


def some(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Rows chosen at random, the same ones for any order of the rows."""
    if len(rows) == 0:
        return rows
    return rows.assign(draw=_draws(rows["id"], seed)).sort_values(["draw", "id"]).head(count).drop(columns="draw")


def _draws(ids: Iterable[str], seed: int) -> list[int]:
    return [derived_seed(seed, "examples", name) >> 1 for name in ids]  # 63 bits fit pandas' integers


def _as_changes(rows: pd.DataFrame, characters: int) -> list[Change]:
    return [
        Change(
            excerpt(row["id"], characters),
            "" if pd.isna(row["label"]) else row["label"],
            changes(row["text_before"], row["text"], characters),
        )
        for row in rows.to_dict("records")
    ]
