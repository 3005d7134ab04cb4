"""Agreement where an answer is any number of labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.annotate.agreement.kind import (
    MOST_CELLS,
    Estimates,
    Pair,
    coded_pairs,
    defined,
    item_numbers,
    of_classes,
)
from stages.annotate.agreement.reading import read_label_sets
from stages.common.metrics.agreement.coefficients import (
    ALPHA,
    OBSERVED,
    alpha_of_distances,
    count_answers,
    kinds_of_items,
    nominal_coefficients,
    unit_sums,
)
from stages.common.metrics.agreement.distances import jaccard_distances, masi_distances
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.bootstrap import Compute, together
from stages.common.metrics.counts import Counts, ratio
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.ranking import Flags

MOST_SETS = 3_000  # distinct sets of labels, of which each two have a distance


@dataclass(frozen=True)
class LabelSets:
    """Each answer is any number of labels.

    Attributes:
        labels: Their names.
        bootstrap: Draws the documents.
    """

    labels: Sequence[str]
    bootstrap: ItemBootstrap

    def overall(self, answers: pd.DataFrame) -> Estimates:
        """The share of pairs of answers that are the same set, and alpha with the distances of Jaccard and MASI."""
        items, codes, sets = self._coded(answers)
        if len(sets) > MOST_SETS or items.max(initial=0) * len(sets) > MOST_CELLS:
            reason = f"there are {len(sets):,} distinct sets of labels, too many to compare each with each"
            return {name: Estimate(None, reason=reason) for name in (OBSERVED, f"{ALPHA}_masi", f"{ALPHA}_jaccard")}
        counts, copies = kinds_of_items(count_answers(items, codes, len(sets)))
        nominal = nominal_coefficients(unit_sums(counts))
        compute = together(
            lambda weights: {OBSERVED: nominal(weights)[OBSERVED]},
            alpha_of_distances(counts, masi_distances(sets), f"{ALPHA}_masi"),
            alpha_of_distances(counts, jaccard_distances(sets), f"{ALPHA}_jaccard"),
        )
        chosen = [[label for label, has in zip(self.labels, row, strict=True) if has] for row in sets]
        names = [", ".join(each) or "no label" for each in chosen]
        return defined(compute, counts, copies, names, self.bootstrap)

    def by_label(self, answers: pd.DataFrame) -> dict[str, Estimates]:
        """Nominal coefficients of whether each label is given."""
        items, codes, sets = self._coded(answers)
        return {
            label: of_classes(
                *kinds_of_items(count_answers(items, 1 - sets[codes, place].astype(np.int64), 2)),
                [label, f"not {label}"],
                self.bootstrap,
            )
            for place, label in enumerate(self.labels)
        }

    def by_pair(self, answers: pd.DataFrame) -> tuple[list[Pair], int]:
        """The share of equal sets, and the mean of Jaccard's similarity."""
        _, codes, sets = self._coded(answers)
        numbers = sets.astype(np.float64)

        def compute(first: Counts, second: Counts) -> Compute:
            both = (numbers[first] * numbers[second]).sum(axis=1)
            either = numbers[first].sum(axis=1) + numbers[second].sum(axis=1) - both
            similar = np.where(either > 0, both / np.maximum(either, 1), 1.0)
            return lambda weights: {
                OBSERVED: ratio(weights @ (first == second), weights.sum(axis=1)),
                "mean_jaccard": ratio(weights @ similar, weights.sum(axis=1)),
            }

        return coded_pairs(answers, codes, compute, self.bootstrap)

    def prevalence(self, answers: pd.DataFrame) -> dict[str, float]:
        """The share of the answers that name each label."""
        _, codes, sets = self._coded(answers)
        return dict(zip(self.labels, sets[codes].mean(axis=0).tolist(), strict=True)) if len(codes) else {}

    def _coded(self, answers: pd.DataFrame) -> tuple[Counts, Counts, Flags]:
        """The document of each answer, its set as a number, and which labels each set has, [sets, labels]."""
        place = {label: index for index, label in enumerate(self.labels)}
        flags = np.zeros((len(answers), len(self.labels)), dtype=bool)
        for row, chosen in enumerate(read_label_sets(answers, self.labels)):
            flags[row, [place[label] for label in chosen]] = True
        sets, codes = np.unique(flags, axis=0, return_inverse=True)
        return item_numbers(answers), codes.ravel().astype(np.int64), sets
