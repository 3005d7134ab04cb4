"""What all kinds of answers share: pairs of annotators, and why a coefficient is not defined."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from stages.common.metrics.agreement.coefficients import OBSERVED, Sums, nominal_coefficients, unit_sums
from stages.common.metrics.agreement.pairs import COHEN, pair_counts
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import Counts
from stages.common.metrics.intervals import Estimate

Estimates = dict[str, Estimate]
ALONE = "no document has two answers"
ONE_AMONG_PAIRED = "only one category occurs among the documents with two answers"
MOST_CELLS = 20_000_000  # of documents by distinct answers: more is no table for memory
FEWEST_IN_COMMON = 5  # documents of two annotators: fewer say nothing about them
MOST_PAIRS = 200  # of annotators that are listed: those with the most documents in common


@dataclass(frozen=True)
class Pair:
    """Two annotators' agreement.

    Attributes:
        annotators: Both, in order.
        items: How many documents both answered.
        estimates: Coefficients by name.
    """

    annotators: tuple[str, str]
    items: int
    estimates: Estimates


class Kind(Protocol):
    """How agreement is measured where answers are of one kind; ``answers`` has one answer an annotator and document."""

    def overall(self, answers: pd.DataFrame) -> Estimates:
        """Coefficients over all annotators."""

    def by_label(self, answers: pd.DataFrame, /) -> dict[str, Estimates]:
        """Coefficients of each label against the rest."""

    def by_pair(self, answers: pd.DataFrame) -> tuple[list[Pair], int]:
        """Coefficients of pairs of annotators, those with most in common first; and how many pairs there are."""

    def prevalence(self, answers: pd.DataFrame, /) -> dict[str, float]:
        """The share of the answers that each label is."""


def of_classes(counts: Counts, copies: Counts, names: Sequence[str], bootstrap: ItemBootstrap) -> Estimates:
    """Nominal coefficients with intervals, None with the reason where there is one class only.

    Args:
        counts: How many annotators put each kind of documents into each class, shape (kinds, classes).
        copies: How many documents are of each kind.
        names: Of the classes.
        bootstrap: Draws the documents.
    """
    return of_sums(unit_sums(counts), (counts * copies[:, None]).sum(axis=0), copies, names, bootstrap)


def defined(
    compute: Compute, counts: Counts, copies: Counts, names: Sequence[str], bootstrap: ItemBootstrap
) -> Estimates:
    """Other coefficients in the same way; the arguments as in :func:`of_classes`."""
    reason = _reason((counts * copies[:, None]).sum(axis=0), bool((counts.sum(axis=1) > 1).any()), names)
    return _known(bootstrap.estimates(compute, copies, reason or ONE_AMONG_PAIRED), reason)


def of_sums(sums: Sums, answers: Counts, copies: Counts, names: Sequence[str], bootstrap: ItemBootstrap) -> Estimates:
    """The same from sums (:class:`Sums`); ``answers`` says how many of each class there are, shape (classes,)."""
    reason = _reason(answers, bool(sums.paired.any()), names)
    return _known(bootstrap.estimates(nominal_coefficients(sums), copies, reason or ONE_AMONG_PAIRED), reason)


def _reason(answers: Counts, paired: bool, names: Sequence[str]) -> str | None:
    """Why coefficients are not defined; None if they should be."""
    if not paired:
        return ALONE
    if (answers > 0).sum() < 2:
        return f"only one category occurs, {names[int(np.argmax(answers))]!r}: chance alone would agree as well"
    return None


def _known(found: Estimates, reason: str | None) -> Estimates:
    """With one category no coefficient is given, though AC1's formula would give 1; observed agreement is."""
    if reason is None:
        return found
    return {
        name: estimate if name.startswith(OBSERVED) else Estimate(None, reason=reason)
        for name, estimate in found.items()
    }


def coded_pairs(
    answers: pd.DataFrame, codes: Counts, compute: Callable[[Counts, Counts], Compute], bootstrap: ItemBootstrap
) -> tuple[list[Pair], int]:
    """Pairs of annotators whose answers are numbers of classes; ``compute`` takes both annotators' answers."""
    items = item_numbers(answers)
    annotators, names = pd.factorize(answers["annotator"], sort=True)
    counted = pair_counts(items, annotators.astype(np.int64), codes)
    starts = np.flatnonzero(
        np.diff(counted.one * len(names) + counted.other, prepend=-1)
    )  # they are sorted by both annotators
    if not len(starts):
        return [], 0
    totals = np.add.reduceat(counted.items, starts)
    ends = np.append(starts[1:], len(counted.items))
    pairs = []
    for rank in np.argsort(-totals, kind="stable")[:MOST_PAIRS]:
        rows = slice(starts[rank], ends[rank])
        of_pair = compute(counted.first[rows], counted.second[rows])
        both = (str(names[counted.one[starts[rank]]]), str(names[counted.other[starts[rank]]]))
        reason = {COHEN: "both gave one and the same answer only"}
        reason[f"{COHEN}_quadratic"] = reason[COHEN]
        found = (
            bootstrap.estimates(of_pair, counted.items[rows], reason)
            if totals[rank] >= FEWEST_IN_COMMON
            else too_few(of_pair(counted.items[rows][None].astype(np.float64)))
        )
        pairs.append(Pair(both, int(totals[rank]), found))
    return pairs, len(starts)


def too_few(names: Iterable[str]) -> Estimates:
    """Coefficients of two annotators that are not computed."""
    reason = f"they have fewer than {FEWEST_IN_COMMON} documents in common"
    return {name: Estimate(None, reason=reason) for name in names}


def item_numbers(answers: pd.DataFrame) -> Counts:
    """The place of each answer's document among all documents that were answered about, in the order of their ids."""
    return pd.factorize(answers["id"], sort=True)[0].astype(np.int64)
