"""Whether a probability of 0.9 is right nine times in ten."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Counts, Floats, label_losses, losses
from stages.common.metrics.intervals import wilson

CALIBRATION = ("expected_calibration_error", "expected_calibration_error_equal_width", "brier_score", "log_loss")
COVERAGES = 100  # rows of the coverage table, at most


def equal_mass_bins(confidence: Floats, bins: int) -> Counts:
    """The bin of each document: by rising confidence, equal numbers of documents, ties in the order of the documents.

    Args:
        confidence: Shape (documents,).
        bins: How many; fewer documents make fewer bins.
    """
    place = np.empty(len(confidence), dtype=np.int64)
    place[np.argsort(confidence, kind="stable")] = np.arange(len(confidence))
    return np.asarray(place * min(bins, len(confidence)) // len(confidence))


def equal_width_bins(confidence: Floats, bins: int) -> Counts:
    """The bin of each document: (0, 1/bins], (1/bins, 2/bins], ..., as Guo et al. define them."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def calibration_error(bins: Counts, confidence: Floats, right: Floats, weights: Floats) -> Floats:
    """The expected calibration error: the mean over the answers of their bin's |accuracy - confidence|.

    Args:
        bins: The bin of each document's answer, shape (documents,), or of each of its answers, shape (documents,
            answers).
        confidence: The probability of each answer.
        right: 1 where it is right, else 0.
        weights: How often each document counts, shape (draws, documents).

    Returns:
        Shape (draws,).
    """
    gaps = np.zeros((len(bins), int(bins.max()) + 1))
    answers = bins.size // len(bins)
    np.add.at(gaps, (np.repeat(np.arange(len(bins)), answers), bins.ravel()), (right - confidence).ravel())
    return np.asarray(np.abs(weights @ gaps).sum(axis=1) / (weights.sum(axis=1) * answers))


def brier_scores(actual: Counts, probability: Floats) -> Floats:
    """The Brier (1950) score of each document: the squared distance of its probabilities from the truth, 0 to 2."""
    return np.asarray(((probability - np.eye(probability.shape[1])[actual]) ** 2).sum(axis=1))


def calibration_metrics(actual: Counts, probability: Floats, bins: int, bootstrap: Bootstrap) -> dict[str, Any]:
    """Calibration error, Brier score and log loss where each document has one label, in the form for a JSON file.

    The intervals of the calibration errors keep each document's bin.

    Args:
        actual: Index of each document's label, shape (documents,).
        probability: Shape (documents, labels).
        bins: How many bins.
        bootstrap: Resamples the documents.
    """
    confidence, right = probability.max(axis=1), (probability.argmax(axis=1) == actual).astype(np.float64)
    return _with_errors(
        confidence,
        right,
        {"brier_score": brier_scores(actual, probability), "log_loss": losses(actual, probability)},
        bins,
        bootstrap,
    )


def label_calibration_metrics(truth: Floats, probability: Floats, bins: int, bootstrap: Bootstrap) -> dict[str, Any]:
    """The same where a document may have several labels: each label of each document is an answer of its own.

    Args:
        truth: 1 where a document has a label, else 0, shape (documents, labels).
        probability: Shape (documents, labels).
        bins: How many bins.
        bootstrap: Resamples the documents.
    """
    scores = {
        "brier_score": ((probability - truth) ** 2).mean(axis=1),
        "log_loss": label_losses(truth, probability),
    }
    return _with_errors(probability, truth, scores, bins, bootstrap)


def _with_errors(
    confidence: Floats, right: Floats, scores: dict[str, Floats], bins: int, bootstrap: Bootstrap
) -> dict[str, Any]:
    mass = equal_mass_bins(confidence.ravel(), bins).reshape(confidence.shape)
    width = equal_width_bins(confidence, bins)

    def compute(weights: Floats) -> dict[str, Floats]:
        return {
            "expected_calibration_error": calibration_error(mass, confidence, right, weights),
            "expected_calibration_error_equal_width": calibration_error(width, confidence, right, weights),
            **{name: weights @ each / len(each) for name, each in scores.items()},
        }

    return {name: estimate.as_json() for name, estimate in bootstrap.estimates(compute).items()}


def reliability(places: Counts, confidence: Floats, right: NDArray[np.bool_], interval: float) -> pd.DataFrame:
    """The reliability diagram: how often answers are right against how sure they are, in bins.

    Args:
        places: The bin of each answer, shape (answers,).
        confidence: Its probability.
        right: Whether it is right.
        interval: How often Wilson's interval covers the true accuracy.

    Returns:
        Columns bin, documents (answers in the bin), confidence (their mean), accuracy, accuracy_low, accuracy_high.
    """
    rows = []
    for place in np.unique(places):
        inside = places == place
        share = wilson(int(right[inside].sum()), int(inside.sum()), interval)
        row = {"bin": int(place), "documents": int(inside.sum()), "confidence": float(confidence[inside].mean())}
        rows.append({**row, "accuracy": share.value, "accuracy_low": share.low, "accuracy_high": share.high})
    return pd.DataFrame(rows)


def coverage(actual: Counts, probability: Floats, interval: float) -> pd.DataFrame:
    """How right the encoder is if it answers only where it is surest.

    Documents of one confidence are answered together, so each row is what some threshold gives.

    Args:
        actual: Index of each document's label, shape (documents,).
        probability: Shape (documents, labels).
        interval: How often Wilson's interval covers the true accuracy.

    Returns:
        Columns coverage, threshold, documents, accuracy, accuracy_low, accuracy_high, by rising coverage.
    """
    confidence = probability.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    sure, hits = confidence[order], np.cumsum((probability.argmax(axis=1) == actual)[order])
    last = np.flatnonzero(np.diff(sure, append=-1.0))  # the last document of each confidence
    wanted = np.linspace(1 / COVERAGES, 1, COVERAGES) * len(sure) - 1
    rows = []
    for end in np.unique(last[np.searchsorted(last, wanted - 1e-9)]):
        share = wilson(int(hits[end]), int(end) + 1, interval)
        row = {"coverage": (end + 1) / len(sure), "threshold": float(sure[end]), "documents": int(end) + 1}
        rows.append({**row, "accuracy": share.value, "accuracy_low": share.low, "accuracy_high": share.high})
    return pd.DataFrame(rows)
