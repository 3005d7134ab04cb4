"""The temperature that makes a model's probabilities as right as they are sure (Guo et al. 2017, arXiv 1706.04599)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Numbers = npt.NDArray[np.floating]

BOUNDS = (0.05, 20.0)  # of the temperature; beyond them lies no model that learned anything
FOLDS = 5  # of the validation documents: whether a temperature helps is seen on those that it was not fitted on

Losses = Callable[[float], npt.NDArray[np.float64]]  # from a temperature to the loss of each document, [documents]


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
    """Fits a temperature to validation documents by maximum likelihood; none if it does not help on held-out ones.

    Args:
        logits: Shape (documents, labels).
        actual: Index of each document's label, shape (documents,).
    """
    exact = logits.astype(np.float64)

    def losses(temperature: float) -> npt.NDArray[np.float64]:
        return np.asarray(-log_softmax(exact / temperature, axis=1)[np.arange(len(actual)), actual])

    return _fitted(logits, losses, bool((logits.argmax(axis=1) == actual).all()))


def fit_sigmoid_temperature(logits: Numbers, truth: Numbers) -> Temperature:
    """Fits one temperature for labels of which a document may have several; see :func:`fit_temperature`.

    Args:
        logits: Shape (documents, labels).
        truth: 1 where a document has a label, else 0, of the same shape.
    """
    signed = np.where(truth > 0, -1.0, 1.0) * logits.astype(np.float64)

    def losses(temperature: float) -> npt.NDArray[np.float64]:
        return np.asarray(np.logaddexp(0, signed / temperature).mean(axis=1))

    return _fitted(logits, losses, bool((signed < 0).all()))


def _fitted(logits: Numbers, losses: Losses, all_right: bool) -> Temperature:
    silent = int((~np.isfinite(logits)).any(axis=1).sum())
    if silent:
        return Temperature(None, f"the logits of {silent} validation documents are not finite")
    if all_right:
        return Temperature(None, "all validation documents are right, which sets it no lower bound")
    everything = np.ones(len(logits), dtype=bool)
    value = _minimum(losses, everything)
    if value > BOUNDS[1] / 1.01:
        return Temperature(None, "on the validation documents the model is no better than chance")
    if _held_out_gain(losses, len(logits)) <= 0:
        return Temperature(None, "it does not lower the log loss of validation documents that it was not fitted on")
    return Temperature(value)


def _minimum(losses: Losses, counted: npt.NDArray[np.bool_]) -> float:
    """The temperature with the least mean loss of the documents that count."""
    best = minimize_scalar(
        lambda logarithm: float(losses(float(np.exp(logarithm)))[counted].mean()),
        bounds=np.log(BOUNDS),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(best.x))


def _held_out_gain(losses: Losses, documents: int) -> float:
    """How far the mean loss falls by temperatures that are fitted on the other folds; at most 0 where there are none.

    Which fold a document is in depends on its loss alone, so the order of the documents doesn't matter.
    """
    plain = losses(1.0)
    fold = np.empty(documents, dtype=np.int64)
    fold[np.argsort(plain, kind="stable")] = np.arange(documents) % FOLDS  # each fold has as many easy documents
    gain = 0.0
    for part in range(min(FOLDS, documents)):
        held_out = fold == part
        if not held_out.all():
            gain += float((plain - losses(_minimum(losses, ~held_out)))[held_out].sum())
    return gain / documents
