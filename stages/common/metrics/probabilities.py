"""From a model's logits to probabilities."""

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.special import softmax as exact_softmax

Floats = npt.NDArray[np.float64]


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """Softmax over the last axis, in float64.

    Args:
        logits: Shape (..., classes).
        temperature: What the logits are divided by (Guo et al. 2017, arXiv 1706.04599).

    Returns:
        Probabilities of the same shape; NaN in the rows with a logit that is not finite.
    """
    return np.asarray(exact_softmax(_scaled(logits, temperature), axis=-1), dtype=np.float64)


def sigmoid(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """The probability of each label by itself, in float64; the arguments and what is returned as in :func:`softmax`."""
    return np.asarray(expit(_scaled(logits, temperature)), dtype=np.float64)


def _scaled(logits: npt.NDArray[np.floating], temperature: float) -> Floats:
    finite = np.isfinite(logits).all(axis=-1, keepdims=True)
    return np.where(finite, logits.astype(np.float64), np.nan) / temperature
