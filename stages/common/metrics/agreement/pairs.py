"""Agreement of two annotators: what each said where both answered, and Cohen's kappa."""

from typing import NamedTuple

import numpy as np

from stages.common.metrics.agreement.coefficients import OBSERVED
from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import Counts, Floats, ratio

COHEN, DIFFERENCE = "cohen_kappa", "mean_absolute_difference"


class PairCounts(NamedTuple):
    """How often two annotators gave two answers about one item; a row for each such pair of annotators and answers.

    Attributes:
        one: An annotator.
        other: Another one, with a higher number.
        first: What the one answered.
        second: What the other answered.
        items: About how many items, 1 or more.
    """

    one: Counts
    other: Counts
    first: Counts
    second: Counts
    items: Counts


def pair_counts(items: Counts, annotators: Counts, values: Counts) -> PairCounts:
    """Counts what each two annotators said about the items that both answered.

    Args:
        items: The item of each answer, shape (answers,).
        annotators: Who gave it, at most once an item.
        values: What it was.

    Returns:
        Sorted by annotators, then answers.
    """
    order = np.lexsort((annotators, items))
    items, annotators, values = items[order], annotators[order], values[order]
    parts = []
    step = 1
    while (same := np.flatnonzero(items[step:] == items[:-step])).size:
        parts.append(np.stack([annotators[same], annotators[same + step], values[same], values[same + step]]))
        step += 1
    joined = np.concatenate(parts, axis=1) if parts else np.zeros((4, 0), dtype=np.int64)
    found, counts = np.unique(joined, axis=1, return_counts=True)
    return PairCounts(found[0], found[1], found[2], found[3], counts)


def cohen_coefficients(first: Counts, second: Counts, classes: int, cost: Floats | None = None) -> Compute:
    """Observed agreement and Cohen's (1960) kappa; with costs, his weighted kappa (1968).

    Args:
        first: What the one annotator answered in each kind of items, shape (kinds,).
        second: What the other answered.
        classes: How many classes there are.
        cost: Of each confusion, 0 on the diagonal, shape (classes, classes); 1 for each if None.

    Returns:
        A function to arrays of shape (draws,); kappa is NaN where both gave one and the same answer only.
    """
    costs = 1 - np.eye(classes) if cost is None else cost
    one_hot = np.eye(classes)

    def compute(weights: Floats) -> dict[str, Floats]:
        items = weights.sum(axis=1)
        rows, columns = weights @ one_hot[first], weights @ one_hot[second]
        expected = ((rows @ costs) * columns).sum(axis=1)
        return {
            OBSERVED: ratio(weights @ (first == second), items),
            COHEN: 1 - ratio(weights @ costs[first, second] * items, expected),
        }

    return compute


def mean_difference(differences: Floats) -> Compute:
    """How far two annotators' numbers are apart on average, in their unit.

    Args:
        differences: Of each kind of items, without sign, shape (kinds,).
    """
    return lambda weights: {DIFFERENCE: ratio(weights @ differences, weights.sum(axis=1))}
