"""How far a metric would move with other test documents: a stratified percentile bootstrap (Efron 1979)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from stages.common.core.seeding import derived_seed
from stages.common.metrics.counts import Counts, Floats
from stages.common.metrics.intervals import Estimate

Compute = Callable[[Floats], dict[str, Floats]]  # from how often each document counts, shape (draws, documents)

FEWEST_DOCUMENTS = 2  # every resample of one document is that document: an interval would only look like one
AT_ONCE = 4_000_000  # weights of documents in memory at a time


@dataclass(frozen=True)
class Bootstrap:
    """Draws the test documents anew, with replacement, as many of each stratum as there are.

    Attributes:
        strata: A number for each document, such as its class, shape (documents,).
        samples: How many draws to make.
        confidence: The share of the draws that an interval covers.
        seed: The stage's seed.
    """

    strata: Counts
    samples: int
    confidence: float
    seed: int

    def apply(self, compute: Compute) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Computes metrics on the test split and on each draw; the draws are the same at each call.

        Args:
            compute: From how often each document counts, shape (draws, documents), to arrays of shape (draws, ...).

        Returns:
            By name, the metrics on the test split, shape (...), and on the draws, shape (samples, ...).
        """
        documents = len(self.strata)
        random = np.random.default_rng(derived_seed(self.seed, "bootstrap"))
        at_once = max(1, AT_ONCE // documents)
        draws = [min(at_once, self.samples - start) for start in range(0, self.samples, at_once)]
        with threadpool_limits(limits=1):  # another number of threads changes the last digits of sums
            value = {name: array[0] for name, array in compute(np.ones((1, documents))).items()}
            parts = [compute(self._draw(random, count)) for count in draws]
        return value, {name: np.concatenate([part[name] for part in parts]) for name in value}

    def interval(self, value: float, drawn: Floats, reason: str | None = None) -> Estimate:
        """Puts a percentile interval around a metric.

        Args:
            value: The metric on the test split; NaN where it is not defined.
            drawn: The metric on each draw; NaN on those on which it is not defined, which are left out.
            reason: Why the metric is not defined, or what it leaves out.

        Returns:
            The metric; None with a reason in place of NaN.
        """
        if np.isnan(value):
            return Estimate(None, reason=reason)
        if len(self.strata) < FEWEST_DOCUMENTS:
            return Estimate(float(value), reason="; ".join(filter(None, [reason, "one document gives no interval"])))
        low, high = np.nanquantile(drawn, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
        return Estimate(float(value), float(low), float(high), reason)

    def estimates(self, compute: Compute) -> dict[str, Estimate]:
        """Metrics that are always defined, with their intervals; the argument is that of :meth:`apply`."""
        values, drawn = self.apply(compute)
        return {name: self.interval(float(value), drawn[name]) for name, value in values.items()}

    def _draw(self, random: np.random.Generator, draws: int) -> Floats:
        weights = np.zeros((draws, len(self.strata)))
        for stratum in np.unique(self.strata):
            members = np.flatnonzero(self.strata == stratum)
            chosen = random.integers(0, len(members), size=(draws, len(members)))
            chosen += np.arange(draws)[:, None] * len(members)
            weights[:, members] = np.bincount(chosen.ravel(), minlength=chosen.size).reshape(chosen.shape)
        return weights


def together(*computes: Compute) -> Compute:
    """Several metrics' functions as one."""
    return lambda weights: {name: values for compute in computes for name, values in compute(weights).items()}
