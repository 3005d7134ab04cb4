"""How different two sets of labels are."""

import numpy as np

from stages.common.metrics.counts import Floats
from stages.common.metrics.ranking import Flags


def jaccard_distances(sets: Flags) -> Floats:
    """1 minus the share of the labels of two sets that both have; 0 between two empty sets.

    Args:
        sets: Which labels each set has, shape (sets, labels).

    Returns:
        Shape (sets, sets).
    """
    both, either = _overlap(sets)
    return np.where(either > 0, 1 - both / np.maximum(either, 1), 0.0)


def masi_distances(sets: Flags) -> Floats:
    """Passonneau's (2006) distance of two sets: 1 minus Jaccard's similarity times how alike their shapes are.

    That is 1 for equal sets, 2/3 where one holds the other, 1/3 where they overlap, 0 else. nltk rounds both thirds
    to two digits.

    Args:
        sets: Which labels each set has, shape (sets, labels).
    """
    both, either = _overlap(sets)
    sizes = sets.sum(axis=1)
    smaller = np.minimum(sizes[:, None], sizes)
    alike = np.select([both == either, both == smaller, both > 0], [1.0, 2 / 3, 1 / 3], 0.0)
    return np.asarray(1 - (1 - jaccard_distances(sets)) * alike)


def _overlap(sets: Flags) -> tuple[Floats, Floats]:
    numbers = sets.astype(np.float64)
    both = numbers @ numbers.T
    sizes = numbers.sum(axis=1)
    return both, sizes[:, None] + sizes - both
