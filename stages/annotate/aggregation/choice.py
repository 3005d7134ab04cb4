"""Which method to take, by gold items where there are enough of them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.annotate.aggregation.answers import CodedAnswers
from stages.annotate.aggregation.methods import METHODS
from stages.annotate.aggregation.run import aggregate
from stages.annotate.aggregation.settings import Settings
from stages.common.metrics.intervals import paired_difference

MAJORITY = "majority"
CONFIDENCE = 0.95  # that no method is taken for better by chance; shared among the comparisons (Bonferroni)


class Choice(NamedTuple):
    """A method, why it was taken, in words, and the accuracy of each method on the gold items that were looked at."""

    method: str
    why: str
    accuracy: dict[str, float]


def choose(
    answers: CodedAnswers, items: npt.ArrayLike, gold: npt.ArrayLike, settings: Settings | None = None
) -> Choice:
    """Chooses the most accurate method on gold items, or majority where none is clearly better.

    No method sees the gold: it only judges them. A method is clearly better if the interval of the paired difference
    of accuracies (Bonett & Price 2012) lies above 0. Of methods that are equally accurate the simplest is taken.

    Args:
        answers: About all items.
        items: The numbers of the items whose gold may be looked at; never one of the test.
        gold: The true class of each.
        settings: Of the methods.
    """
    looked_at, truth = np.asarray(items, dtype=np.int64), np.asarray(gold, dtype=np.int64)
    seen = answers.answered[looked_at] > 0
    looked_at, truth = looked_at[seen], truth[seen]
    if not len(truth):
        return Choice(MAJORITY, "majority, since there is no gold to choose by", {})
    quick = (settings or Settings()).model_copy(update={"temper": False})  # tempering changes no label
    right = {name: aggregate(name, answers, quick).labels[looked_at] == truth for name in METHODS}
    accuracy = {name: float(each.mean()) for name, each in right.items()}
    others = sorted((name for name in METHODS if name != MAJORITY), key=lambda name: -accuracy[name])
    best, confidence = others[0], 1 - (1 - CONFIDENCE) / len(others)
    only_best, only_majority = _differing(right[best], right[MAJORITY])
    gain = paired_difference(only_best, only_majority, len(truth), confidence)
    figures = (
        f"of {len(truth):,} gold item{'s' * (len(truth) > 1)} {best} has {right[best].sum():,} right and majority "
        f"{right[MAJORITY].sum():,}; the difference of {gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
    )
    if gain.low is not None and gain.low > 0:
        return Choice(best, f"{best}: {figures} is clear of 0", accuracy)
    return Choice(MAJORITY, f"majority, since {figures} is not clear of 0", accuracy)


def _differing(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> tuple[int, int]:
    return int((one & ~other).sum()), int((~one & other).sum())
