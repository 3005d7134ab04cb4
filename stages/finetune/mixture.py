"""Labels of texts by a mixture of Gaussians: texts that lie together get one label (Nigam et al. 2000)."""

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from stages.common.metrics.probabilities import softmax

DIMENSIONS = 128  # principal components that are looked at, at most
SHRINKAGE = 0.1  # of the covariance towards one that is alike in all directions
WEIGHT = 5.0  # of a document with a label beside one without
ITERATIONS = 30
ALIGNMENTS = 30  # of the distribution of labels; it converges fast

Floats = npt.NDArray[np.float64]


def align(probabilities: Floats, prior: Floats) -> Floats:
    """Probabilities whose mean is the distribution of the labels (ReMixMatch, Berthelot et al. 2020, arXiv 1911.09785).

    Args:
        probabilities: Of each label, [documents, labels].
        prior: How the labels of the training documents are distributed, [labels].
    """
    aligned = probabilities.copy()
    for _ in range(ALIGNMENTS):
        aligned *= prior / np.maximum(aligned.mean(axis=0), np.finfo(float).tiny)
        aligned /= np.maximum(aligned.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return aligned


def mixture_labels(
    labelled: npt.NDArray[np.floating],
    texts: npt.NDArray[np.floating],
    known: npt.NDArray[np.floating],
    guessed: Floats,
    prior: Floats,
) -> Floats:
    """Labels texts by where they lie: expectation maximisation for one Gaussian a label, all with one covariance.

    Args:
        labelled: The vectors of documents with a label, [labelled, size].
        texts: The vectors of the texts, [texts, size].
        known: How much each label counts for the documents with a label, [labelled, labels].
        guessed: What a model says of their labels, from which it sets out, [texts, labels].
        prior: How the labels are distributed, [labels]; the probabilities' mean is held to it.

    Returns:
        Of each label, [texts, labels].
    """
    with threadpool_limits(limits=1):  # another number of threads changes the last digits
        everything = np.concatenate([labelled, texts]).astype(np.float64)
        everything -= everything.mean(axis=0)
        scale, directions = np.linalg.eigh(everything.T @ everything / len(everything))
        varied = int((scale > scale[-1] * 1e-9).sum())
        seen = everything @ directions[:, -max(1, min(DIMENSIONS, varied)) :]
        probabilities = align(guessed, prior)
        for _ in range(ITERATIONS):
            weights = np.concatenate([WEIGHT * known, probabilities])
            totals = np.maximum(weights.sum(axis=0), np.finfo(float).tiny)
            means = weights.T @ seen / totals[:, None]
            spread = (seen * weights.sum(axis=1)[:, None]).T @ seen - (means * totals[:, None]).T @ means
            spread /= totals.sum()
            even = max(np.trace(spread) / len(spread), np.finfo(np.float32).tiny)
            inverse = np.linalg.inv((1 - SHRINKAGE) * spread + SHRINKAGE * even * np.eye(len(spread)))
            slopes = means @ inverse
            logits = seen[len(labelled) :] @ slopes.T - (slopes * means).sum(axis=1) / 2
            probabilities = align(softmax(logits), prior)
    return probabilities
