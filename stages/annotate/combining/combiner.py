"""What all ways of combining answers share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.annotate.aggregation import Scores
from stages.annotate.aggregation.answers import Floats, Integers


@dataclass(frozen=True)
class Combined:
    """What answers came to.

    Attributes:
        answers: The one answer about each document, as the table of answers holds it.
        confidence: How sure it is, from 0 to 1, [documents]; NaN where nothing tells.
        probabilities: Of each label in the card's order, [documents, labels]; None where an answer is no label.
        standard_error: Of a number, [documents]; None where an answer is none.
        converged: Whether the method came to rest by itself.
        notes: What a reader has to know about it, in words.
    """

    answers: list[str]
    confidence: Floats
    probabilities: Floats | None = None
    standard_error: Floats | None = None
    converged: bool = True
    notes: tuple[str, ...] = ()


class Combiner(Protocol):
    """Combines several people's answers of one kind."""

    @property
    def ids(self) -> Sequence[str]:
        """The documents that somebody answered about, sorted."""

    @property
    def methods(self) -> Sequence[str]:
        """The methods that there are for such answers, the plainest first."""

    def combine(self, method: str) -> Combined:
        """Combines the answers by one of the methods."""

    def scores(self, method: str, places: Integers, gold: Sequence[str]) -> Scores:
        """How good a method is on documents whose gold is known: the more, the better.

        Args:
            method: One of the methods.
            places: The places of the documents among :attr:`ids`.
            gold: The true answer about each.
        """

    def certain(self, answer: str, /) -> Floats | None:
        """The probabilities of the labels where an answer is the truth; None where an answer is no label."""

    def counts(self, answers: pd.Series, /) -> dict[str, int]:
        """How many documents each label has, or how many spans each type; empty for numbers."""

    @property
    def pairs(self) -> list[list[int]]:
        """How often one annotator gave the label of the row where another gave that of the column; else empty."""


def equal(one: Sequence[str], other: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Where two lists of answers are the same."""
    return np.array([mine == yours for mine, yours in zip(one, other, strict=True)], dtype=bool)
