"""Which method to take, by gold items where there are enough of them."""

from collections.abc import Mapping
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


Scores = npt.NDArray[np.float64] | npt.NDArray[np.bool_]


class Choice(NamedTuple):
    """A method, why it was taken, in words, and the mean score of each method on the gold items that were looked at."""

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
    quick = (settings or Settings()).model_copy(update={"temper": False})  # tempering changes no label
    right = {name: aggregate(name, answers, quick).labels[looked_at] == truth for name in METHODS} if len(truth) else {}
    return choose_by(right, MAJORITY)


def choose_by(scores: Mapping[str, Scores], plain: str) -> Choice:
    """Chooses the method that does best on gold items, or the plain one where none is clearly better.

    Args:
        scores: How good each method is on each item, by its name; the more, the better. Booleans say whether it is
            right. Nothing where there is no gold.
        plain: The plain method.
    """
    if not scores:
        return Choice(plain, f"{plain}, since there is no gold to choose by", {})
    means = {name: float(each.mean()) for name, each in scores.items()}
    others = sorted((name for name in scores if name != plain), key=lambda name: -means[name])
    best, confidence = others[0], 1 - (1 - CONFIDENCE) / len(others)
    items = len(scores[plain])
    only_best, only_plain = int((scores[best] > scores[plain]).sum()), int((scores[best] < scores[plain]).sum())
    gain = paired_difference(only_best, only_plain, items, confidence)
    if scores[plain].dtype == np.bool_:
        counted = f"{best} has {scores[best].sum():,} right and {plain} {scores[plain].sum():,}"
    else:
        counted = f"{best} is closer on {only_best:,} and {plain} on {only_plain:,}"
    figures = (
        f"of {items:,} gold item{'s' * (items > 1)} {counted}; the difference of {gain.value:+.4f} "
        f"({gain.low:+.4f} to {gain.high:+.4f})"
    )
    if gain.low is not None and gain.low > 0:
        return Choice(best, f"{best}: {figures} is clear of 0", means)
    where = "below 0" if gain.high is not None and gain.high < 0 else "not clear of 0"
    return Choice(plain, f"{plain}, since {figures} is {where}", means)
