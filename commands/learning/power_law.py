"""A learning curve as an inverse power law of the number of labels: error = a + b / labels^c.

Fitted as by Figueroa et al. (2012, Predicting sample size required for classification performance), by weighted least
squares in which larger sizes count more; a and b are not negative.
"""

from typing import NamedTuple

import numpy as np

from stages.common.metrics.counts import Floats

FLATTEST, STEEPEST = 0.02, 2.0  # of the exponents that are tried
TRIED, PASSES = 40, 4  # exponents at each pass; each pass searches a twentieth of the range of the one before


class PowerLaw(NamedTuple):
    """Curves: error = floor + scale / labels^exponent. All three have the same shape, such as (resamples,)."""

    floor: Floats
    scale: Floats
    exponent: Floats

    def error(self, labels: float) -> Floats:
        """The error that the curves give for a number of labels."""
        return np.asarray(self.floor + self.scale * labels**-self.exponent)

    def labels(self, error: Floats) -> Floats:
        """The number of labels at which the curves come down to an error; infinite where they never do."""
        above = error - self.floor
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            needed = (self.scale / above) ** (1 / self.exponent)
        return np.asarray(np.where(above > 0, needed, np.inf))


def fit_power_law(sizes: Floats, errors: Floats) -> PowerLaw:
    """Fits curves to the errors at growing numbers of labels.

    The exponent is the best of a grid, then of finer ones around it; the other two, which are linear, follow from it.

    Args:
        sizes: Numbers of labels, rising, shape (sizes,), three or more.
        errors: The errors at these, shape (..., sizes).
    """
    weights = np.arange(1.0, len(sizes) + 1)
    errors = np.asarray(errors, dtype=np.float64)
    exponent = np.full(errors.shape[:-1], (FLATTEST + STEEPEST) / 2)
    reach = (STEEPEST - FLATTEST) / 2
    for _ in range(PASSES):
        low = np.clip(exponent - reach, FLATTEST, STEEPEST)
        high = np.clip(exponent + reach, FLATTEST, STEEPEST)
        best = np.full(errors.shape[:-1], np.inf)
        for step in np.linspace(0, 1, TRIED):
            tried = low + step * (high - low)
            loss = _linear_part(sizes, errors, weights, tried)[2]
            better = loss < best
            best, exponent = np.where(better, loss, best), np.where(better, tried, exponent)
        reach *= 2 / TRIED
    floor, scale, _ = _linear_part(sizes, errors, weights, exponent)
    return PowerLaw(floor, scale, exponent)


def _linear_part(sizes: Floats, errors: Floats, weights: Floats, exponent: Floats) -> tuple[Floats, Floats, Floats]:
    """The best floor and scale, neither negative, for given exponents, and the weighted sum of squares that is left."""
    x = sizes ** -exponent[..., None]
    total = weights.sum()
    mean_x, mean_y = (x * weights).sum(-1) / total, (errors * weights).sum(-1) / total
    spread = (weights * (x - mean_x[..., None]) ** 2).sum(-1)
    scale = (weights * (x - mean_x[..., None]) * errors).sum(-1) / spread
    floor = mean_y - scale * mean_x
    alone = (weights * x * errors).sum(-1) / (weights * x**2).sum(-1)  # the scale where the floor is 0
    scale, floor = np.where(floor < 0, alone, scale), np.maximum(floor, 0)
    scale, floor = np.where(scale < 0, 0, scale), np.where(scale < 0, mean_y, floor)
    loss = (weights * (floor[..., None] + scale[..., None] * x - errors) ** 2).sum(-1)
    return floor, scale, loss
