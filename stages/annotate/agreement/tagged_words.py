"""Agreement where an answer is spans of words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from stages.annotate.agreement.kind import (
    ALONE,
    FEWEST_IN_COMMON,
    MOST_PAIRS,
    Estimates,
    Pair,
    of_sums,
    too_few,
)
from stages.annotate.agreement.reading import read_spans
from stages.common.documents.spans import Span
from stages.common.metrics.agreement.coefficients import AC1, ALPHA, FLEISS, OBSERVED, unit_sums
from stages.common.metrics.agreement.pairs import COHEN, cohen_coefficients
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.agreement.spans import SPAN_F1, span_agreement, span_f1, word_classes
from stages.common.metrics.bootstrap import together
from stages.common.metrics.intervals import Estimate

UNKNOWN = "how many words each document has is not known, or none has any"


@dataclass(frozen=True)
class TaggedWords:
    """Each answer is spans of words.

    Attributes:
        types: The names of the types.
        words: How many words each document has.
        bootstrap: Draws the documents, with all their words.
    """

    types: Sequence[str]
    words: Mapping[str, int]
    bootstrap: ItemBootstrap

    def overall(self, answers: pd.DataFrame) -> Estimates:
        """F1 of exact spans over all pairs of annotators; and nominal coefficients of the words' types."""
        sets = self._sets(answers)
        copies = np.ones(len(sets), dtype=np.int64)
        counted = span_agreement([list(each.values()) for each in sets.values()], self.types)
        spans = self.bootstrap.estimates(span_f1(counted), copies, {SPAN_F1: self._no_spans(sets.values())})
        if not all(name in self.words for name in sets) or not any(self.words[name] for name in sets):
            return spans | {f"token_{name}": Estimate(None, reason=UNKNOWN) for name in (OBSERVED, FLEISS, ALPHA, AC1)}
        units, documents = [], []
        for row, (name, each) in enumerate(sets.items()):
            tags = np.stack([word_classes(spans_, self.words[name], self.types) for spans_ in each.values()])
            classes = np.arange(len(self.types) + 1)
            units.append((tags[:, :, None] == classes).sum(axis=0))
            documents.append(np.full(self.words[name], row))
        counts = np.concatenate(units)
        sums = unit_sums(counts).grouped(np.concatenate(documents), len(sets))
        found = of_sums(sums, counts.sum(axis=0), copies, ["outside", *self.types], self.bootstrap)
        return spans | {f"token_{name}": estimate for name, estimate in found.items()}

    def by_label(self, answers: pd.DataFrame) -> dict[str, Estimates]:
        """F1 of the exact spans of each type."""
        sets = self._sets(answers)
        counted = span_agreement([list(each.values()) for each in sets.values()], self.types)
        copies = np.ones(len(sets), dtype=np.int64)
        reason = ALONE if all(len(each) < 2 for each in sets.values()) else "no annotator of a pair marked one"
        return {
            label: self.bootstrap.estimates(
                span_f1(type(counted)(*(part[:, [place]] for part in counted))), copies, {SPAN_F1: reason}
            )
            for place, label in enumerate(self.types)
        }

    def by_pair(self, answers: pd.DataFrame) -> tuple[list[Pair], int]:
        """F1 of exact spans and Cohen's kappa of the words' types."""
        sets = self._sets(answers)
        common: dict[tuple[str, str], list[str]] = {}
        for name, each in sets.items():
            for pair in combinations(sorted(each), 2):
                common.setdefault(pair, []).append(name)
        ranked = sorted(common, key=lambda pair: (-len(common[pair]), pair))[:MOST_PAIRS]
        return [Pair(pair, len(common[pair]), self._pair(pair, common[pair], sets)) for pair in ranked], len(common)

    def prevalence(self, answers: pd.DataFrame) -> dict[str, float]:
        """The share of the marked spans that are of each type."""
        spans = [span.label for each in self._sets(answers).values() for marked in each.values() for span in marked]
        return {label: spans.count(label) / len(spans) for label in self.types} if spans else {}

    def _pair(
        self, pair: tuple[str, str], names: list[str], sets: Mapping[str, Mapping[str, frozenset[Span]]]
    ) -> Estimates:
        if len(names) < FEWEST_IN_COMMON:
            return too_few((SPAN_F1, f"token_{COHEN}"))
        both = [(sets[name][pair[0]], sets[name][pair[1]]) for name in names]
        copies = np.ones(len(names), dtype=np.int64)
        f1 = span_f1(span_agreement(both, self.types))
        reasons = {SPAN_F1: "neither marked a span"}
        if not all(name in self.words for name in names):
            unknown = Estimate(None, reason=UNKNOWN)
            return self.bootstrap.estimates(f1, copies, reasons) | {f"token_{COHEN}": unknown}
        classes = len(self.types) + 1
        cells = np.zeros((len(names), classes**2))
        for row, (name, (one, other)) in enumerate(zip(names, both, strict=True)):
            first, second = (word_classes(spans, self.words[name], self.types) for spans in (one, other))
            cells[row] = np.bincount(first * classes + second, minlength=classes**2)
        kappa = cohen_coefficients(*np.divmod(np.arange(classes**2), classes), classes)
        compute = together(f1, lambda weights: {f"token_{COHEN}": kappa(weights @ cells)[COHEN]})
        return self.bootstrap.estimates(
            compute, copies, reasons | {f"token_{COHEN}": "both gave all words one and the same type"}
        )

    def _no_spans(self, sets: Iterable[Mapping[str, frozenset[Span]]]) -> str:
        return ALONE if all(len(each) < 2 for each in sets) else "no annotator of a pair marked a span"

    def _sets(self, answers: pd.DataFrame) -> dict[str, dict[str, frozenset[Span]]]:
        """By document and annotator, the spans; sorted."""
        found: dict[str, dict[str, frozenset[Span]]] = {}
        ordered = answers.sort_values(["id", "annotator"])
        read = read_spans(ordered, self.types, self.words)
        for name, annotator, spans in zip(ordered["id"], ordered["annotator"], read, strict=True):
            found.setdefault(name, {})[annotator] = spans
        return found
