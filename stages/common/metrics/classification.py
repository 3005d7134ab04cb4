"""Metrics where each document has one class: as functions of how often each document counts."""

from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import OF_CLASS, Counts, Floats, Tally, class_metrics, losses, overall_metrics


def count_metrics(counted: Tally) -> Compute:
    """The metrics that counts give.

    Args:
        counted: What each document counts for, shape (documents, classes).
    """

    def compute(weights: Floats) -> dict[str, Floats]:
        counts = counted.weighted(weights)
        return overall_metrics(counts) | {f"{OF_CLASS}{name}": of for name, of in class_metrics(counts).items()}

    return compute


def loss_metrics(actual: Counts, probability: Floats) -> Compute:
    """The mean cross-entropy in nats.

    Args:
        actual: Index of each document's class, shape (documents,).
        probability: Shape (documents, classes).
    """
    loss = losses(actual, probability)
    return lambda weights: {"log_loss": weights @ loss / len(actual)}
