"""Shows texts that may hold anything: shortened, control characters made visible, changes marked."""

import re
import unicodedata
from collections.abc import Hashable, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import pandas as pd

from stages.common.documents.targets import answers

JOINERS = "\u200c\u200d"  # they shape letters and emojis, and harm nothing
WHITESPACE = {" ": "·", "\n": "↵", "\r": "␍", "\t": "⇥", "\u00a0": "⍽", "\u3000": "□"}
WORDS = re.compile(r"\w+|\s|[^\w\s]")
LEAD = 40  # characters shown before the first change


class Segment(NamedTuple):
    """A piece of a text that is the same in both versions, or in one of them only.

    Attributes:
        kind: ``same``, ``deleted`` or ``inserted``.
        text: The piece, fit to be shown.
    """

    kind: str
    text: str


def excerpt(text: str, characters: int) -> str:
    """The beginning of a text in one line.

    Args:
        text: Any text.
        characters: The most to show; a longer text ends in an ellipsis.

    Returns:
        The text with white space as single spaces and control characters as their code points.
    """
    beginning = text[: 8 * characters]  # a text may be a megabyte long
    line = " ".join(beginning.split())
    if len(line) <= characters:
        return visible(line) + ("…" if len(beginning) < len(text) else "")
    words, space, _ = line[: characters + 1].rpartition(" ")
    return visible(words if space else line[:characters]) + "…"


def shortened(rows: pd.DataFrame, characters: int) -> list[dict[str, Any]]:
    """Rows of a list, with their texts as :func:`excerpt` gives them."""
    return [
        {str(name): excerpt(value, characters) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows.to_dict("records")
    ]


def text_excerpts(document: Mapping[Hashable, Any], characters: int) -> list[str]:
    """The beginning of each text of a document, as :func:`excerpt` gives it: two of a pair, none where it is missing.

    Args:
        document: A row of a document table.
        characters: The most characters to show of a text.
    """
    texts = [document.get(name) for name in ("text", "text_pair")]
    return [excerpt(text, characters) for text in texts if isinstance(text, str)]


def shown_answers(documents: pd.DataFrame) -> pd.Series:
    """What each document is labelled with, as a string that can be shown: empty where that is nothing, or tags."""
    if "value" in documents:
        return documents["value"].map("{:g}".format, na_action="ignore").astype("str").fillna("")
    return answers(documents).fillna("")


def visible(text: str) -> str:
    """The text with control and formatting characters, which a browser would hide or obey, as their code points."""
    return "".join(f"[U+{ord(sign):04X}]" if _is_hidden(sign) else sign for sign in text)


def changes(before: str, after: str, characters: int) -> list[Segment]:
    """Where a text was changed: the passage around the first change, with what went and what came.

    Args:
        before: One version.
        after: The other.
        characters: The most characters to show of each version.

    Returns:
        The passage in pieces; none if both versions are the same.
    """
    if before == after:
        return []
    first = next(
        (place for place, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, first - LEAD)
    if start and (half_a_word := WORDS.match(before, start)) and half_a_word.end() < first:
        start = half_a_word.end()
    old, new = (WORDS.findall(text[start : start + characters]) for text in (before, after))
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    cut = max(len(before), len(after)) > start + characters
    if cut and sum(step[0] != "equal" for step in steps) > 1 and steps[-1][0] != "equal":
        steps.pop()  # beyond the last place where both agree, the two windows merely end elsewhere
    pieces = [Segment("same", "…")] if start else []
    for kind, old_from, old_to, new_from, new_to in steps:
        if kind == "equal":
            pieces.append(Segment("same", visible("".join(old[old_from:old_to]).replace("\n", " "))))
        else:
            pieces += [
                Segment("deleted", _marked(old[old_from:old_to])),
                Segment("inserted", _marked(new[new_from:new_to])),
            ]
    return [piece for piece in pieces if piece.text] + ([Segment("same", "…")] if cut else [])


def _marked(words: list[str]) -> str:
    """A changed piece; if it is nothing but white space, as signs that can be seen."""
    text = "".join(words)
    return "".join(WHITESPACE.get(sign, sign) for sign in text) if text.isspace() else visible(text)


def _is_hidden(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in JOINERS
