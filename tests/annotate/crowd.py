"""Made-up crowds whose true classes and confusion matrices are known."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.annotate.aggregation import CodedAnswers


class Crowd(NamedTuple):
    """Answers and what is true: the class of each item, and how each annotator answers."""

    answers: CodedAnswers
    truth: npt.NDArray[np.int64]
    confusion: npt.NDArray[np.float64]


def make_crowd(
    items: int, annotators: int, each: int, confusion: npt.NDArray[np.float64], seed: int, hard: float = 0.0
) -> Crowd:
    """Draws answers of ``each`` annotators about every item; about a share of hard items all err together."""
    random = np.random.default_rng(seed)
    classes = confusion.shape[-1]
    truth = random.integers(0, classes, items)
    seen = np.where(random.random(items) < hard, random.integers(0, classes, items), truth)
    item = np.repeat(np.arange(items), each)
    who = np.concatenate([random.permutation(annotators)[:each] for _ in range(items)])
    drawn = random.random(len(item))[:, None] > confusion.cumsum(axis=-1)[who, seen[item]]
    values = np.minimum(drawn.sum(axis=1), classes - 1)
    return Crowd(CodedAnswers.sort(item, who, values, (items, annotators, classes)), truth, confusion)


def some_annotators(annotators: int, classes: int, seed: int) -> npt.NDArray[np.float64]:
    """Confusion matrices of people who are mostly right."""
    random = np.random.default_rng(seed)
    rows = [random.dirichlet(1 + 6 * np.eye(classes)[true], annotators) for true in range(classes)]
    return np.stack(rows, axis=1)
