"""A number a document: the mean, the median, or a mean that knows each annotator's bias and spread."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.annotate.aggregation import Scores, Settings
from stages.annotate.aggregation.answers import Floats, Integers
from stages.annotate.agreement.reading import read_numbers
from stages.annotate.combining.combiner import Combined
from stages.common.documents.answer_forms import number_text

DIGITS = 6  # after the point; the last digits of a sum differ between processors
MEDIAN_VARIANCE = np.pi / 2  # of a median, as a multiple of the mean's, for many answers with normal errors
TOLERANCE = 1e-8  # of the change of any number, as a share of the answers' standard deviation
LEAST_VARIANCE = 1e-6  # of an annotator, as a share of the pooled one: nobody's word is law


class Estimated(NamedTuple):
    """Numbers, [documents], and the variance of each; NaN where nothing tells."""

    values: Floats
    variances: Floats
    converged: bool = True


class Annotators(NamedTuple):
    """Numbers, [documents], and each annotator's bias and variance, [annotators] in alphabetical order."""

    values: Floats
    bias: Floats
    variance: Floats
    converged: bool


class Numbers:
    """Combines numbers, with their standard errors.

    The confidence of a number is its reliability: the share of the variance that is not the annotators' errors, that of
    the true numbers divided by itself plus the squared standard error. For the mean of equally many answers it is the
    intraclass correlation ICC(1,k) of Shrout & Fleiss (1979), with moments pooled over documents.

    Args:
        answers: One answer an annotator and document.
        settings: Of the models: how far an annotator's bias and spread lean on all annotators together.
    """

    methods = ("mean", "median", "bias_corrected")

    def __init__(self, answers: pd.DataFrame, settings: Settings) -> None:
        self.ids, self.settings = sorted(answers["id"].unique()), settings
        items = pd.Index(self.ids).get_indexer(pd.Index(answers["id"]))
        annotators = pd.factorize(answers["annotator"], sort=True)[0]
        values = read_numbers(answers)
        order = np.lexsort((values, annotators, items))  # no sum depends on the order of the table
        self.items, self.annotators, self.values = items[order], annotators[order], values[order]
        self.answered = np.bincount(self.items, minlength=len(self.ids))

    def combine(self, method: str) -> Combined:
        """The numbers, their standard errors, and how reliable they are."""
        found = self._estimate(method)
        values = np.round(found.values, DIGITS)
        errors = np.asarray(np.round(np.sqrt(found.variances), DIGITS), dtype=np.float64)
        texts = [number_text(value + 0.0) for value in values.tolist()]  # -0.0 is 0
        sure = np.round(reliability(found), DIGITS)
        notes = () if found.converged else (f"{method} did not come to rest in {self.settings.iterations} steps",)
        return Combined(texts, sure, None, errors, found.converged, notes)

    def scores(self, method: str, places: Integers, gold: Sequence[str]) -> Scores:
        """How far the number is from gold, negative."""
        return np.asarray(-np.abs(self._estimate(method).values[places] - np.array(gold, dtype=np.float64)))

    def certain(self, _: str) -> None:
        """None: there are no probabilities of labels."""

    def counts(self, _: pd.Series) -> dict[str, int]:
        """None: there are no labels."""
        return {}

    @property
    def pairs(self) -> list[list[int]]:
        """None: there are no labels."""
        return []

    def _estimate(self, method: str) -> Estimated:
        estimate: Callable[[], Estimated] = getattr(self, f"_{method}")
        return estimate()

    def _mean(self) -> Estimated:
        return Estimated(self._means(self.values), self._pooled_variance() / self.answered)

    def _median(self) -> Estimated:
        values = pd.Series(self.values).groupby(self.items).median().to_numpy()
        wider = np.where(self.answered > 2, MEDIAN_VARIANCE, 1.0)  # of one or two answers it is the mean
        return Estimated(values, wider * self._pooled_variance() / self.answered)

    def _bias_corrected(self) -> Estimated:
        """The means of answers less their annotator's bias, weighted by the inverse of the annotator's variance.

        An answer is the true number, plus the annotator's bias, plus an error with the annotator's own variance: Li,
        Bampis, Krasula, Janowski & Le Callet (2020), A Simple Model for Subject Behavior in Subjective Experiments,
        whose alternating projection ITU-T P.910 has as a standard. Here biases and variances lean on those of all
        annotators together (0, and the pooled variance), else who says what all say would count for too much. One
        annotator, or answers that never meet, leave nothing to correct: then it is the mean.
        """
        several = self.answered[self.items] > 1
        if not several.any() or not self._residuals(self._means(self.values))[several].any():
            return self._mean()
        fitted = self.fit_annotators()
        variances = 1 / np.bincount(self.items, 1 / fitted.variance[self.annotators])
        return Estimated(fitted.values, variances, fitted.converged)

    def fit_annotators(self) -> Annotators:
        """Estimates numbers, biases and variances in turn, until no number changes any more.

        Some document has two answers that differ.
        """
        annotators, strength = int(self.annotators.max()) + 1, self.settings.number_shrinkage
        several = self.answered[self.items] > 1  # an answer alone is never off its document
        given = np.bincount(self.annotators, minlength=annotators)
        met = np.bincount(self.annotators, several, annotators)
        values, spread, converged = self._means(self.values), float(self.values.std()), False
        bias, variance = np.zeros(annotators), np.ones(annotators)
        for _ in range(self.settings.iterations):
            residuals = np.where(several, self._residuals(values), 0.0)
            bias = self._by_annotator(residuals) / (met + strength)
            bias -= (given * bias).sum() / given.sum()
            squares = np.where(several, (self._residuals(values) - bias[self.annotators]) ** 2, 0.0)
            pooled = squares.sum() / several.sum()
            variance = (self._by_annotator(squares) + strength * pooled) / (met + strength)
            variance = np.maximum(variance, max(LEAST_VARIANCE * pooled, np.finfo(np.float64).tiny))
            before, values = values, self._weighted(self.values - bias[self.annotators], variance)
            converged = bool(np.abs(values - before).max() <= TOLERANCE * spread)
            if converged:
                break
        return Annotators(values, bias, variance, converged)

    def _means(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.items, values) / self.answered)

    def _weighted(self, values: Floats, variance: Floats) -> Floats:
        weights = 1 / variance[self.annotators]
        return np.asarray(np.bincount(self.items, weights * values) / np.bincount(self.items, weights))

    def _residuals(self, values: Floats) -> Floats:
        return np.asarray(self.values - values[self.items])

    def _by_annotator(self, of_answers: Floats) -> Floats:
        return np.asarray(np.bincount(self.annotators, of_answers))

    def _pooled_variance(self) -> float:
        """Of answers about one document; NaN where no document has two."""
        freedom = len(self.values) - len(self.ids)
        return float((self._residuals(self._means(self.values)) ** 2).sum() / freedom) if freedom else np.nan


def reliability(found: Estimated) -> Floats:
    """The share of the variance of numbers that is not error, from 0 to 1, [documents]; NaN where nothing tells."""
    if np.isnan(found.variances).any() or len(found.values) < 2:
        return np.full(len(found.values), np.nan)
    true = max(float(found.values.var(ddof=1) - found.variances.mean()), 0.0)
    whole = true + found.variances
    return np.asarray(np.divide(true, whole, out=np.ones_like(whole), where=whole > 0))
