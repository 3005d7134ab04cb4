"""Metrics with their intervals, and the intervals of shares of documents that a formula gives."""

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

from scipy.stats import binomtest


@dataclass(frozen=True)
class Estimate:
    """A metric with its interval over documents.

    Attributes:
        value: The metric on the test split; None where it is not defined.
        low: Lower end of the interval; None where there is none.
        high: Upper end of the interval.
        reason: Why something above is None, or what the metric leaves out; None if nothing is to be said.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields for a JSON file, without an empty reason."""
        return {name: content for name, content in asdict(self).items() if name != "reason" or content}


def wilson(hits: int, documents: int, confidence: float) -> Estimate:
    """A share of documents with Wilson's (1927) score interval.

    Args:
        hits: Documents of which something holds.
        documents: All documents.
        confidence: How often the interval covers the true share.
    """
    if not documents:
        return Estimate(None, reason="there is no such document")
    interval = binomtest(hits, documents).proportion_ci(confidence, method="wilson")
    return Estimate(hits / documents, float(interval.low), float(interval.high))


def paired_difference(only_one: int, only_other: int, documents: int, confidence: float) -> Estimate:
    """A difference of two shares of the same documents, with the interval of Bonett and Price (2012).

    Unlike a bootstrap's, it has a width where no document differs.

    Args:
        only_one: Documents of which something holds in the first case only.
        only_other: Documents of which it holds in the second case only.
        documents: All documents.
        confidence: How often the interval covers the true difference.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    one, other = (only_one + 1) / (documents + 2), (only_other + 1) / (documents + 2)
    half = z * math.sqrt((one + other - (one - other) ** 2) / (documents + 2))
    low, high = max(-1.0, one - other - half), min(1.0, one - other + half)
    return Estimate((only_one - only_other) / documents, low, high)


def difference_of_independent(one: Estimate, other: Estimate) -> Estimate:
    """A difference of metrics of different documents, with the interval of Zou and Donner (2008) from both intervals.

    Of two shares with Wilson's intervals it is Newcombe's (1998).

    Args:
        one: The metric that is subtracted from.
        other: The metric that is subtracted.
    """
    if one.value is None or other.value is None:
        return Estimate(None, reason=one.reason or other.reason)
    difference = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Estimate(difference, reason=one.reason or other.reason)
    low = difference - math.hypot(one.value - one.low, other.high - other.value)
    high = difference + math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(difference, low, high)
