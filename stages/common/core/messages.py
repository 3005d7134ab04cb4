"""What a person reads on the terminal: one line for a mistake, one closing line for a stage, progress for long work."""

import sys
from collections.abc import Iterable, Iterator, Sized
from difflib import get_close_matches
from typing import Any, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
MINUTE = 60.0  # seconds between two lines about long work, where no terminal shows a bar
LINE = "{desc}: {percentage:.0f} % ({n_fmt} of {total_fmt}), {elapsed} so far, about {remaining} to go"
LINE_WITHOUT_TOTAL = "{desc}: {n_fmt} done in {elapsed}"


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


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, by someone who wants to know what calling again does.

    Args:
        what: What was kept, and where it goes on.
    """


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
    """Yields the items behind a progress bar on a terminal, with a line every minute elsewhere.

    Args:
        items: What is worked through.
        what: The bar's title.
        unit: What one item is, such as ``row``.
        total: How many items there are, where that is known.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with open_bar(what, unit, total) as bar:
        for item in items:
            yield item
            bar.update()


def open_bar(
    what: str, unit: str, total: int | None, initial: int = 0, scaled: bool = False, shown: bool = True
) -> "tqdm[Any]":
    """A progress bar on a terminal; where standard error goes elsewhere, a line every minute.

    Args:
        what: Its title.
        unit: What is counted, such as ``row``.
        total: How many there are, where that is known.
        initial: How many are done already.
        scaled: Whether numbers are shown with k, M and G.
        shown: Whether it is shown at all: one of several processes does.
    """
    common: dict[str, Any] = {"desc": what, "unit": f" {unit}", "total": total, "initial": initial}
    common |= {"unit_scale": scaled, "leave": False, "disable": not shown}
    if sys.stderr.isatty():
        return tqdm(file=sys.stderr, **common)
    common |= {"delay": MINUTE, "mininterval": MINUTE, "maxinterval": MINUTE, "position": 0}
    return tqdm(file=_Lines(), bar_format=LINE if total else LINE_WITHOUT_TOTAL, **common)


class _Lines:
    """A file for tqdm that puts each state of a bar on a line of its own."""

    def write(self, text: str) -> None:
        """Writes a state to standard error, and nothing for the blanks that clear a bar."""
        if said := text.strip():
            print(said, file=sys.stderr, flush=True)

    def flush(self) -> None:
        """Nothing is held back."""
