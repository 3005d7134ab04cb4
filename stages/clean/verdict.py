"""Decides what a fault costs: the document is dropped, or kept with a flag."""

from typing import NamedTuple

import pandas as pd

from stages.common.messages import UserError


class Verdict(NamedTuple):
    """What became of a table of documents.

    Attributes:
        kept: The documents that stay.
        rejected: The documents that go, with the columns ``rule`` and ``reason``.
        flags: The remarks on documents that stay although they have a fault: id, rule, reason.
    """

    kept: pd.DataFrame
    rejected: pd.DataFrame
    flags: pd.DataFrame


def judge(documents: pd.DataFrame, faults: pd.DataFrame) -> Verdict:
    """Drops the documents that have a fault, but for those that must stay.

    A row of a test or validation split that the publisher fixed always stays. So does a sentence of a token
    classification corpus: short sentences that occur again and again are no mistake there.

    Args:
        documents: Rows of a document table.
        faults: At most one row a document: id, rule, reason.

    Returns:
        What stays, what goes, and what stays with a remark.
    """
    must_stay = documents["published_split"].isin(["validation", "test"]) | documents["tokens"].notna()
    flagged = faults["id"].isin(documents.loc[must_stay, "id"])
    rejected = documents.merge(faults[~flagged], on="id")
    kept = documents[~documents["id"].isin(rejected["id"])].copy()
    return Verdict(kept, rejected, faults[flagged])


def check_outcome(before: pd.DataFrame, kept: pd.DataFrame, rejected: pd.DataFrame) -> None:
    """Checks that every document is accounted for and that some are left.

    Args:
        before: The documents that came in.
        kept: Those that stay.
        rejected: Those that go.

    Raises:
        AssertionError: If a document was lost or counted twice: a fault of this program.
        UserError: If nothing is left, with the rule that took the most.
    """
    after = pd.concat([kept["id"], rejected["id"]])
    if sorted(after) != sorted(before["id"]):
        raise AssertionError(f"{len(before)} documents came in, {len(kept)} stay, {len(rejected)} go")
    if kept.empty:
        rule = rejected["rule"].value_counts().index[0] if len(rejected) else "none"
        raise UserError(
            f"clean: all {len(rejected):,} documents were rejected, most of them by the rule {rule!r}.",
            f"Change clean.{rule} in params.yaml.",
        )
