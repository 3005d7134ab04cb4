"""Agreement where an answer is one label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stages.annotate.agreement.kind import Estimates, Pair, coded_pairs, defined, item_numbers, of_classes
from stages.annotate.agreement.reading import read_label_codes
from stages.common.metrics.agreement.coefficients import (
    agreement_weights,
    count_answers,
    interval_alpha,
    kinds_of_items,
    ordinal_alpha,
    weighted_coefficients,
)
from stages.common.metrics.agreement.pairs import COHEN, cohen_coefficients
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.bootstrap import Compute, together
from stages.common.metrics.counts import Counts, Floats

WEIGHTS: tuple[Literal["linear", "quadratic", "ordinal"], ...] = ("linear", "quadratic", "ordinal")


@dataclass(frozen=True)
class OneLabel:
    """Each answer is one label.

    Attributes:
        labels: Their names.
        ordered: Whether their order means something; then ordinal coefficients are computed too, and interval ones
            where the names are numbers.
        bootstrap: Draws the documents.
    """

    labels: Sequence[str]
    ordered: bool
    bootstrap: ItemBootstrap

    def overall(self, answers: pd.DataFrame) -> Estimates:
        """Nominal coefficients, and ordinal and interval ones where they fit."""
        counts, copies = kinds_of_items(self._counts(answers))
        found = of_classes(counts, copies, self.labels, self.bootstrap)
        if not self.ordered:
            return found
        numbers = _rising_numbers(self.labels)
        computes = [ordinal_alpha(counts)]
        if numbers is not None:
            kind, code = np.nonzero(counts)
            repeated = counts[kind, code]
            computes.append(interval_alpha(np.repeat(kind, repeated), np.repeat(numbers[code], repeated)))
        values = np.arange(1.0, len(self.labels) + 1) if numbers is None else numbers
        computes += [weighted_coefficients(counts, agreement_weights(name, values), name) for name in WEIGHTS]
        return found | defined(together(*computes), counts, copies, self.labels, self.bootstrap)

    def by_label(self, answers: pd.DataFrame) -> dict[str, Estimates]:
        """Nominal coefficients of each label against all others."""
        counts = self._counts(answers)
        if len(self.labels) == 2:
            return dict.fromkeys(self.labels, of_classes(*kinds_of_items(counts), self.labels, self.bootstrap))
        both = [np.stack([column, counts.sum(axis=1) - column], axis=1) for column in counts.T]
        return {
            label: of_classes(*kinds_of_items(each), [label, f"not {label}"], self.bootstrap)
            for label, each in zip(self.labels, both, strict=True)
        }

    def by_pair(self, answers: pd.DataFrame) -> tuple[list[Pair], int]:
        """Observed agreement and Cohen's kappa; ordered labels have the quadratically weighted kappa too."""
        classes = len(self.labels)
        quadratic = np.square(np.arange(classes)[:, None] - np.arange(classes)).astype(np.float64)

        def compute(first: Counts, second: Counts) -> Compute:
            plain = cohen_coefficients(first, second, classes)
            if not self.ordered:
                return plain
            weighted = cohen_coefficients(first, second, classes, quadratic)
            return together(plain, lambda weights: {f"{COHEN}_quadratic": weighted(weights)[COHEN]})

        return coded_pairs(answers, read_label_codes(answers, self.labels), compute, self.bootstrap)

    def prevalence(self, answers: pd.DataFrame) -> dict[str, float]:
        """The share of the answers that each label is."""
        return _shares(np.bincount(read_label_codes(answers, self.labels), minlength=len(self.labels)), self.labels)

    def _counts(self, answers: pd.DataFrame) -> Counts:
        items = item_numbers(answers)
        return count_answers(items, read_label_codes(answers, self.labels), len(self.labels))


def _shares(counts: Counts, names: Sequence[str]) -> dict[str, float]:
    return dict(zip(names, (counts / max(counts.sum(), 1)).tolist(), strict=True))


def _rising_numbers(names: Sequence[str]) -> Floats | None:
    """The numbers that names of labels are; None if one is none or they do not rise."""
    numbers = pd.to_numeric(pd.Series(list(names), dtype="str"), errors="coerce").to_numpy(dtype=np.float64)
    return numbers if np.isfinite(numbers).all() and (np.diff(numbers) > 0).all() else None
