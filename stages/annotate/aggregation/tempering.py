"""How sure posteriors should be, told by answers that the model did not see; no gold is needed.

Models take the answers about an item for independent, given its class. But people err on the same hard items, so
posteriors come out too sure. Without one answer of each item, a posterior raised to the right power predicts that
answer best: this power is looked for.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from stages.annotate.aggregation.answers import CodedAnswers, Floats
from stages.annotate.aggregation.em import normalise
from stages.annotate.aggregation.result import Aggregate

BOUNDS = (0.05, 1.0)  # of the power: posteriors are never made surer
ENOUGH, MOST_ROUNDS = 5_000, 5  # rounds that leave out one answer an item are added until there are so many answers
DIGITS = 3  # of the power, so that the last digits of another machine make no difference


def held_out_power(answers: CodedAnswers, aggregate: Callable[[CodedAnswers], Aggregate]) -> float | None:
    """The power of the posterior that predicts held-out answers best.

    Args:
        answers: All of them.
        aggregate: The method.

    Returns:
        From 0.05 to 1; None if no item has two answers.
    """
    if not (answers.answered > 1).any():
        return None
    posterior, chance = held_out(answers, aggregate)

    def loss(logarithm: float) -> float:
        return -predicted(posterior, chance, math.exp(logarithm))

    best = minimize_scalar(loss, bounds=np.log(BOUNDS), method="bounded", options={"xatol": 1e-4})
    candidates = [float(best.x), 0.0]  # the search never tries the end of its range
    return round(math.exp(min(candidates, key=loss)), DIGITS)


def held_out(answers: CodedAnswers, aggregate: Callable[[CodedAnswers], Aggregate]) -> tuple[Floats, Floats]:
    """What a method says of items when it does not see one of their answers, in one round or more.

    Args:
        answers: Some items have several.
        aggregate: The method.

    Returns:
        The posterior of each item that lacks an answer, and how probable each true class makes that answer, both of
        shape [answers that were held out, classes].
    """
    rounds = min(MOST_ROUNDS, math.ceil(ENOUGH / int((answers.answered > 1).sum())))
    parts = [_held_out(answers, aggregate, number) for number in range(rounds)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def predicted(posterior: Floats, chance: Floats, power: float) -> float:
    """The mean log probability of held-out answers, in nats, if posteriors are raised to a power."""
    return float(np.log((tempered(posterior, power) * chance).sum(axis=1)).mean())


def tempered(posterior: Floats, power: float) -> Floats:
    """The posterior raised to a power, rows summing to 1 again, [items, classes]."""
    with np.errstate(divide="ignore"):  # a probability of 0 stays 0
        return normalise(power * np.log(posterior), np.ones(posterior.shape[1]))


def _held_out(
    answers: CodedAnswers, aggregate: Callable[[CodedAnswers], Aggregate], number: int
) -> tuple[Floats, Floats]:
    out = left_out(answers, number)
    found = aggregate(answers.where(~out))
    return found.posterior[answers.items[out]], found.confusion[answers.annotators[out], :, answers.values[out]]


def left_out(answers: CodedAnswers, number: int) -> npt.NDArray[np.bool_]:
    """One answer of each item that has several, [answers]; in turn, by no chance, others in each round."""
    starts = np.cumsum(answers.answered) - answers.answered
    turn = (np.arange(answers.item_count) + number) % np.maximum(answers.answered, 1)
    places = np.arange(len(answers)) - starts[answers.items]
    return np.asarray((places == turn[answers.items]) & (answers.answered[answers.items] > 1))
