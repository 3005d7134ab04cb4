"""What a person reads on the terminal: one line for a mistake, one closing line for a stage, progress for long work."""

import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


class UserError(Exception):
    """A mistake that the user can mend: shown as one line, without a traceback.

    Args:
        what: The file or parameter, the place in it and what is wrong with it.
        mend: What would mend it, as an instruction.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(one_line(f"{what} {mend}"))

    def __reduce__(self) -> tuple[type["UserError"], tuple[str, str]]:
        """Lets a worker process hand it to the one that started it."""
        return UserError, (str(self), "")


def one_line(text: str) -> str:
    """The text with every run of whitespace, line breaks included, as one space."""
    return " ".join(text.split())


def suggestion(unknown: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    nearest = get_close_matches(unknown, names, n=1, cutoff=0.6)
    if nearest:
        return f"Did you mean {nearest[0]!r}?"
    return f"Known are: {', '.join(names) or 'none'}."


def closing_line(stage: str, text: str) -> None:
    """Prints the one line in which a stage says what it did."""
    print(f"{stage}: {text}", flush=True)


def progress(items: Iterable[Item], what: str, unit: str, total: int | None = None) -> Iterator[Item]:
    """Yields the items behind a progress bar on a terminal; without one where nobody watches.

    Args:
        items: What is worked through.
        what: The bar's title.
        unit: What one item is, such as ``row``.
        total: How many items there are, where that is known.
    """
    yield from tqdm(items, desc=what, unit=f" {unit}", total=total, disable=None, file=sys.stderr, leave=False)
