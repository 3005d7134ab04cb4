"""What a method makes of answers."""

from dataclasses import dataclass, field

import numpy as np

from stages.annotate.aggregation.answers import CodedAnswers, Floats, Integers
from stages.common.core.seeding import derived_seed

TIED = 1e-9  # probabilities that differ by less are equal: sums in another order differ by less


@dataclass(frozen=True, eq=False)
class Aggregate:
    """What a method makes of answers.

    Attributes:
        method: Its name; ``majority`` where another method fell back to it.
        posterior: The probability of each class, rows summing to 1, float64, [items, classes].
        labels: The likeliest class of each item (:func:`likeliest`), int64, [items].
        confusion: How probably each annotator gives each answer if the true class is given, float64, [annotators,
            true classes, answers]; the last axis sums to 1.
        skill: How probably an answer of each annotator is right, float64, [annotators].
        log_likelihood: Of all answers under the model, in nats; None for majority, which is no model of them.
        iterations: Steps of expectation-maximisation.
        converged: Whether it stopped by itself.
        power: What the posterior was raised to by tempering; 1 leaves it alone.
        kept_unanimous: Items whose unanimous answer the model would have overturned.
        notes: What a reader has to know about it, in words.
        parameters: What else the model says about annotators, [annotators], or items, [items], by name.
    """

    method: str
    posterior: Floats
    labels: Integers
    confusion: Floats
    skill: Floats
    log_likelihood: float | None
    iterations: int
    converged: bool
    power: float = 1.0
    kept_unanimous: int = 0
    notes: tuple[str, ...] = ()
    parameters: dict[str, Floats] = field(default_factory=dict)


def likeliest(posterior: Floats, answers: CodedAnswers) -> Integers:
    """The likeliest class of each item.

    Where classes tie, a coin decides that the item's id tosses: the order of the answers and of the items makes no
    difference, and no class is favoured.

    Args:
        posterior: Shape [items, classes].
        answers: What it was made from.
    """
    by_class = np.ascontiguousarray(posterior.T)  # numpy is slow along a short last axis
    tied = by_class >= by_class.max(axis=0) - TIED
    labels = tied.argmax(axis=0)
    for item in np.flatnonzero(tied.sum(axis=0) > 1).tolist():
        candidates = np.flatnonzero(tied[:, item])
        labels[item] = candidates[derived_seed(0, "tie", answers.ids[item]) % len(candidates)]
    return np.asarray(labels, dtype=np.int64)
