"""How many words to change, and which ones."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Draw = Callable[[], float]  # gives the next random number, at least 0 and below 1


def count_changes(rate: float, words: int) -> int:
    """How many words to change: the rate's share, rounded, and at least one unless the rate is 0 (Wei & Zou 2019)."""
    return max(1, int(rate * words + 0.5)) if rate else 0


def choose(draw: Draw, count: int, positions: int) -> list[int]:
    """Chooses different positions at random, by the first steps of a Fisher-Yates shuffle.

    Only ``draw`` is used: unlike random.sample, it gives the same numbers in every version of Python.

    Args:
        draw: Gives random numbers.
        count: How many to choose; all of them if there are fewer.
        positions: They are chosen from 0 to ``positions - 1``.

    Returns:
        The chosen positions in random order. A smaller count chooses the first ones of a larger count.
    """
    pool = list(range(positions))
    count = min(count, positions)
    for place in range(count):
        other = place + int(draw() * (positions - place))
        pool[place], pool[other] = pool[other], pool[place]
    return pool[:count]


def pick(draw: Draw, among: Sequence[Item]) -> Item:
    """Picks one item at random."""
    return among[int(draw() * len(among))]
