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
    several = int((answers.answered > 1).sum())
    if not several:
        return None
    rounds = min(MOST_ROUNDS, math.ceil(ENOUGH / several))
    parts = [_held_out(answers, aggregate, number) for number in range(rounds)]
    posterior, chance = (np.concatenate(each) for each in zip(*parts, strict=True))

    def loss(logarithm: float) -> float:
        predicted = (tempered(posterior, math.exp(logarithm)) * chance).sum(axis=1)
        return -float(np.log(predicted).mean())

    best = minimize_scalar(loss, bounds=np.log(BOUNDS), method="bounded", options={"xatol": 1e-4})
    candidates = [float(best.x), 0.0]  # the search never tries the end of its range
    return round(math.exp(min(candidates, key=loss)), DIGITS)


def tempered(posterior: Floats, power: float) -> Floats:
    """The posterior raised to a power, rows summing to 1 again, [items, classes]."""
    with np.errstate(divide="ignore"):  # a probability of 0 stays 0
        return normalise(power * np.log(posterior))[0]


def _held_out(
    answers: CodedAnswers, aggregate: Callable[[CodedAnswers], Aggregate], number: int
) -> tuple[Floats, Floats]:
    """The posteriors of items without one of their answers, and how probable each true class makes that answer.

    Both of shape [items with several answers, classes].
    """
    out = left_out(answers, number)
    found = aggregate(answers.where(~out))
    return found.posterior[answers.items[out]], found.confusion[answers.annotators[out], :, answers.values[out]]


def left_out(answers: CodedAnswers, number: int) -> npt.NDArray[np.bool_]:
    """One answer of each item that has several, [answers]; in turn, by no chance, others in each round."""
    starts = np.cumsum(answers.answered) - answers.answered
    turn = (np.arange(answers.item_count) + number) % np.maximum(answers.answered, 1)
    places = np.arange(len(answers)) - starts[answers.items]
    return np.asarray((places == turn[answers.items]) & (answers.answered[answers.items] > 1))
