"""The temperature that makes a model's probabilities as right as they are sure (Guo et al. 2017, arXiv 1706.04599)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Numbers = npt.NDArray[np.floating]

BOUNDS = (0.05, 20.0)  # of the temperature; beyond them lies no model that learned anything


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by before they become probabilities.

    Attributes:
        value: The temperature; None if there is none.
        reason: Why there is none.
    """

    value: float | None
    reason: str | None = None


def fit_temperature(logits: Numbers, actual: npt.NDArray[np.int64]) -> Temperature:
    """Fits a temperature to validation documents by maximum likelihood.

    Args:
        logits: Shape (documents, labels).
        actual: Index of each document's label, shape (documents,).
    """
    exact = logits.astype(np.float64)

    def loss(temperature: float) -> float:
        return -float(log_softmax(exact / temperature, axis=1)[np.arange(len(actual)), actual].mean())

    return _fitted(logits, loss, bool((logits.argmax(axis=1) == actual).all()))


def fit_sigmoid_temperature(logits: Numbers, truth: Numbers) -> Temperature:
    """Fits one temperature for labels of which a document may have several, by maximum likelihood.

    Args:
        logits: Shape (documents, labels).
        truth: 1 where a document has a label, else 0, of the same shape.
    """
    signed = np.where(truth > 0, -1.0, 1.0) * logits.astype(np.float64)

    def loss(temperature: float) -> float:
        return float(np.logaddexp(0, signed / temperature).mean())

    return _fitted(logits, loss, bool((signed < 0).all()))


def _fitted(logits: Numbers, loss: Callable[[float], float], all_right: bool) -> Temperature:
    silent = int((~np.isfinite(logits)).any(axis=1).sum())
    if silent:
        return Temperature(None, f"the logits of {silent} validation documents are not finite")
    if all_right:
        return Temperature(None, "all validation documents are right, which sets it no lower bound")
    best = minimize_scalar(
        lambda logarithm: loss(float(np.exp(logarithm))),
        bounds=np.log(BOUNDS),
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = float(np.exp(best.x))
    if value > BOUNDS[1] / 1.01:
        return Temperature(None, "on the validation documents the model is no better than chance")
    return Temperature(value)
