"""Chooses examples: what a rule dropped, flagged or changed, and how variants differ from their origins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.documents.table import ORIGINAL
from stages.common.documents.targets import text_columns
from stages.report.excerpts import Segment, changes, excerpt, shown_answers, text_excerpts


@dataclass(frozen=True)
class Example:
    """One document.

    Attributes:
        id: Its id, or the place in the source where it never became a document.
        answer: What it is labelled with, or nothing.
        reason: Why it was dropped or flagged.
        texts: The beginning of each of its texts; none where they are not to be shown.
    """

    id: str
    answer: str
    reason: str
    texts: list[str]


@dataclass(frozen=True)
class RuleExamples:
    """What one rule did: how many documents it concerned, and some of them."""

    rule: str
    count: int
    examples: list[Example]


@dataclass(frozen=True)
class Change:
    """A document in two versions: ``id`` and ``answer``, and the passage around the first change."""

    id: str
    answer: str
    passage: list[Segment]


@dataclass(frozen=True)
class RuleChanges:
    """What one rule or method made: of how many documents other versions, or how many variants, and some of them."""

    rule: str
    count: int
    examples: list[Change]


def by_rule(concerned: pd.DataFrame, count: int, characters: int, seed: int) -> list[RuleExamples]:
    """Groups dropped or flagged documents by rule.

    Args:
        concerned: Columns rule, reason, id and those of a document table; ``place`` stands in for a missing id.
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
                row["answer"],
                excerpt(row["reason"], characters),
                text_excerpts(row, characters),
            )
            for row in with_answers(some(named, count, seed)).to_dict("records")
        ]
        found.append(RuleExamples(str(rule), len(rows), chosen))
    return sorted(found, key=lambda rule: -rule.count)


def by_changing_rule(
    changes: pd.DataFrame, counts: Mapping[str, int], answers: pd.Series, count: int, characters: int
) -> list[RuleChanges]:
    """What the rules of cleaning that change texts did.

    Args:
        changes: Passages before and after: id, rule, before, after.
        counts: How many documents each rule changed.
        answers: What the documents are labelled with, by id.
        count: Examples of each rule, at most.
        characters: The most characters to show of a passage.

    Returns:
        The rules, the one that changed the most documents first.
    """
    shown = changes.groupby("rule").head(count)
    rows = shown.assign(answer=shown["id"].map(answers).fillna(""))
    return [
        RuleChanges(rule, number, _as_changes(rows[rows["rule"] == rule], characters))
        for rule, number in sorted(counts.items(), key=lambda item: -item[1])
    ]


def by_method(augmented: pd.DataFrame, count: int, characters: int, seed: int) -> list[RuleChanges]:
    """Variants beside the originals that they were made from.

    Args:
        augmented: Originals and variants.
        count: Examples of each method, at most.
        characters: The most characters to show of a text.
        seed: Decides which variants are the examples.

    Returns:
        The methods by name.
    """
    origins = augmented.loc[augmented["method"] == ORIGINAL].set_index("id")[text_columns(augmented)]
    found = []
    for method, rows in augmented[augmented["method"] != ORIGINAL].groupby("method", sort=True):
        chosen = with_answers(some(rows, count, seed))
        before = origins.reindex(chosen["derived_from"].str[0]).fillna("")
        found.append(RuleChanges(str(method), len(rows), _as_changes(_changed_text(chosen, before), characters)))
    return found


def _changed_text(variants: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """The variants with the columns before and after: the first text that differs from the origin's, if any does."""
    *_, first = origins.columns
    before, after = (frame[first].to_numpy() for frame in (origins, variants))
    for name in reversed(origins.columns[:-1]):
        differs = origins[name].to_numpy() != variants[name].to_numpy()
        before, after = (np.where(differs, frame[name], rest) for frame, rest in ((origins, before), (variants, after)))
    return variants.assign(before=before, after=after)


def with_answers(documents: pd.DataFrame) -> pd.DataFrame:
    """Documents with the column answer: what each is labelled with, to be shown."""
    return documents.assign(answer=shown_answers(documents))


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
            row["answer"],
            changes(row["before"], row["after"], characters),
        )
        for row in rows.to_dict("records")
    ]
