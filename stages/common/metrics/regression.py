"""Metrics of predicted numbers: as functions of how often each document counts."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from stages.common.metrics.bootstrap import Bootstrap, Compute
from stages.common.metrics.calibration import equal_mass_bins
from stages.common.metrics.counts import Floats, ratio
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.ranking import Flags

SMALLEST = 1e-12  # of the variance of all documents: what is below it in a resample is rounding


def error_metrics(actual: Floats, predicted: Floats) -> Compute:
    """Mean absolute error and root mean squared error, in the unit of the numbers.

    Args:
        actual: The true numbers, shape (documents,).
        predicted: The predicted ones.
    """
    error = predicted - actual
    return lambda weights: {
        "mae": weights @ np.abs(error) / len(error),
        "rmse": np.sqrt(weights @ error**2 / len(error)),
    }


def correlation_metrics(actual: Floats, predicted: Floats) -> Compute:
    """Pearson's and Spearman's correlation; NaN where all true or all predicted numbers are the same.

    Args:
        actual: The true numbers, shape (documents,).
        predicted: The predicted ones.
    """
    ranks = _ranking(actual), _ranking(predicted)

    def compute(weights: Floats) -> dict[str, Floats]:
        return {
            "pearson": _correlation(actual[None, :], predicted[None, :], weights),
            "spearman": _correlation(ranks[0](weights), ranks[1](weights), weights),
        }

    return compute


def quantile_table(actual: Floats, predicted: Floats, bins: int, bootstrap: Bootstrap) -> pd.DataFrame:
    """Whether documents with high predictions have high numbers: the mean of both in quantiles of the predictions.

    Args:
        actual: The true numbers, shape (documents,).
        predicted: The predicted ones.
        bins: How many parts with equal numbers of documents.
        bootstrap: Resamples the documents; each keeps its part.

    Returns:
        Columns bin, documents, predicted and actual (means), actual_low, actual_high.
    """
    places = equal_mass_bins(predicted, bins)
    members = places[:, None] == np.arange(places.max() + 1)
    rows = []
    for place, mean in enumerate(group_means(members, actual, bootstrap)):
        inside = members[:, place]
        row = {"bin": place, "documents": int(inside.sum()), "predicted": float(predicted[inside].mean())}
        rows.append({**row, "actual": mean.value, "actual_low": mean.low, "actual_high": mean.high})
    return pd.DataFrame(rows)


def group_means(members: Flags, values: Floats, bootstrap: Bootstrap) -> list[Estimate]:
    """The mean of some numbers over each group of documents, with intervals.

    Args:
        members: Which groups each document is in, shape (documents, groups).
        values: A number for each document, shape (documents,).
        bootstrap: Resamples the documents.
    """
    groups = members.astype(np.float64)
    value, drawn = bootstrap.apply(
        lambda weights: {"mean": ratio(weights @ (groups * values[:, None]), weights @ groups)}
    )
    return [bootstrap.interval(float(mean), each) for mean, each in zip(value["mean"], drawn["mean"].T, strict=True)]


def _correlation(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Pearson's correlation of each draw, shape (draws,), of numbers of shape (1 or draws, documents)."""
    documents = weights.shape[1]
    one, other = _centred(one), _centred(other)

    def mean(numbers: Floats) -> Floats:
        return np.asarray((weights * numbers).sum(axis=1) / documents)

    covariance = mean(one * other) - mean(one) * mean(other)
    spreads = [mean(numbers**2) - mean(numbers) ** 2 for numbers in (one, other)]
    spreads = [
        np.where(spread > SMALLEST * (numbers**2).mean(axis=1), spread, 0.0)
        for spread, numbers in zip(spreads, (one, other), strict=True)
    ]
    return np.clip(ratio(covariance, np.sqrt(spreads[0] * spreads[1])), -1, 1)


def _centred(numbers: Floats) -> Floats:
    """Numbers around 0, of which sums lose less; equal ones become 0 exactly."""
    shifted = numbers - numbers[:, :1]
    return np.asarray(shifted - shifted.mean(axis=1, keepdims=True))


def _ranking(numbers: Floats) -> Callable[[Floats], Floats]:
    """From how often each document counts to its rank in each draw, equal numbers sharing their mean rank."""
    order = np.argsort(numbers, kind="stable")
    begins = np.flatnonzero(np.diff(numbers[order], prepend=-np.inf))
    step = np.empty(len(numbers), dtype=np.int64)  # which of the distinct numbers, rising, each document has
    step[order] = np.cumsum(np.diff(numbers[order], prepend=numbers[order[0]]) > 0)

    def ranked(weights: Floats) -> Floats:
        counts = np.add.reduceat(weights[:, order], begins, axis=1)
        return np.asarray((counts.cumsum(axis=1) - (counts - 1) / 2)[:, step])

    return ranked
