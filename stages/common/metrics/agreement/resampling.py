"""How far a coefficient of agreement would move with other items: a percentile bootstrap over items."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from stages.common.core.seeding import derived_seed
from stages.common.metrics.bootstrap import AT_ONCE, Bootstrap, Compute
from stages.common.metrics.counts import Counts, Floats
from stages.common.metrics.intervals import Estimate


@dataclass(frozen=True)
class ItemBootstrap:
    """Draws items anew, with replacement, as many as there are.

    Items with the same answers count alike, so a draw is how often each kind of item comes up: a multinomial number,
    with the same distribution as drawing items one by one, and as many numbers as there are kinds.

    Attributes:
        samples: How many draws to make.
        confidence: The share of the draws that an interval covers.
        seed: The stage's seed.
    """

    samples: int
    confidence: float
    seed: int

    def estimates(self, compute: Compute, copies: Counts, reasons: str | Mapping[str, str]) -> dict[str, Estimate]:
        """Coefficients with their intervals; the draws are the same at each call with the same items.

        Args:
            compute: From how often each kind of item counts, shape (draws, kinds), to arrays of shape (draws,); NaN
                where a coefficient is not defined.
            copies: How many items of each kind there are, shape (kinds,), 1 or more.
            reasons: Why the value of a coefficient is not defined, by its name; or one reason for all of them.

        Returns:
            By name; None with a reason in place of NaN.
        """
        random = np.random.default_rng(derived_seed(self.seed, "agreement"))
        items, at_once = int(copies.sum()), max(1, AT_ONCE // len(copies))
        sizes = [min(at_once, self.samples - start) for start in range(0, self.samples, at_once)]
        with _threads().limit(limits=1):  # another number of threads changes the last digits of sums
            values = {name: float(array[0]) for name, array in compute(copies[None].astype(np.float64)).items()}
            parts = [compute(random.multinomial(items, copies / items, size=size).astype(np.float64)) for size in sizes]
        said = dict.fromkeys(values, reasons) if isinstance(reasons, str) else reasons
        whole = Bootstrap(np.zeros(items, dtype=np.int64), self.samples, self.confidence, self.seed)
        return {
            name: _interval(whole, value, np.concatenate([part[name] for part in parts]), said.get(name))
            for name, value in values.items()
        }


@cache
def _threads() -> ThreadpoolController:
    """Looking for the libraries that have threads takes longer than most resamples."""
    return ThreadpoolController()


def _interval(bootstrap: Bootstrap, value: float, drawn: Floats, reason: str | None) -> Estimate:
    if np.isnan(value):
        return bootstrap.interval(value, drawn, reason)
    undefined = int(np.isnan(drawn).sum())
    if undefined == len(drawn):
        return Estimate(value, reason="it is defined on no resample of the items")
    said = f"it is not defined on {undefined} of {len(drawn)} resamples, which are left out" if undefined else None
    return bootstrap.interval(value, drawn, said)
