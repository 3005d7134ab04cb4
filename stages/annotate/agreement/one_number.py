"""Agreement where an answer is a number."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.annotate.agreement.kind import ALONE, MOST_CELLS, Estimates, Pair, coded_pairs, item_numbers
from stages.annotate.agreement.reading import read_numbers
from stages.common.metrics.agreement.coefficients import (
    ALPHA,
    count_answers,
    interval_alpha,
    kinds_of_items,
    ordinal_alpha,
)
from stages.common.metrics.agreement.pairs import mean_difference
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import Counts
from stages.common.metrics.intervals import Estimate


@dataclass(frozen=True)
class OneNumber:
    """Each answer is a number.

    Attributes:
        bootstrap: Draws the documents.
    """

    bootstrap: ItemBootstrap

    def overall(self, answers: pd.DataFrame) -> Estimates:
        """Alpha for interval and for ordinal data."""
        items = item_numbers(answers)
        numbers = read_numbers(answers)
        distinct, codes = np.unique(numbers, return_inverse=True)
        copies = np.ones(int(items.max()) + 1, dtype=np.int64)
        alone = np.bincount(items).max() < 2
        reason = ALONE if alone else "all numbers of documents with two answers are the same"
        name, ordinal = f"{ALPHA}_interval", f"{ALPHA}_ordinal"
        found = self.bootstrap.estimates(interval_alpha(items, numbers), copies, {name: reason})
        if len(copies) * len(distinct) > MOST_CELLS:
            too_many = f"there are {len(distinct):,} distinct numbers, too many to count by document"
            return found | {ordinal: Estimate(None, reason=too_many)}
        counts, copies = kinds_of_items(count_answers(items, codes.astype(np.int64), len(distinct)))
        return found | self.bootstrap.estimates(ordinal_alpha(counts), copies, {ordinal: reason})

    def by_label(self, _: pd.DataFrame) -> dict[str, Estimates]:
        """Nothing: there are no labels."""
        return {}

    def by_pair(self, answers: pd.DataFrame) -> tuple[list[Pair], int]:
        """How far two annotators' numbers are apart on average."""
        distinct, codes = np.unique(read_numbers(answers), return_inverse=True)

        def compute(first: Counts, second: Counts) -> Compute:
            return mean_difference(np.abs(distinct[first] - distinct[second]))

        return coded_pairs(answers, codes.astype(np.int64), compute, self.bootstrap)

    def prevalence(self, _: pd.DataFrame) -> dict[str, float]:
        """Nothing: there are no labels."""
        return {}
