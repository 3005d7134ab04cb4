"""Where words begin and end in a text, for languages that write spaces between them."""

import re
from typing import NamedTuple

import pandas as pd

# A number with its inner marks, a word with its inner hyphens and apostrophes, or any one other mark.
WORD = re.compile(r"\d+(?:[.,:]\d+)+|\w+(?:[-'\u2019]\w+)*|[^\w\s]")


class Word(NamedTuple):
    """A word of a text, or a punctuation mark: the characters from ``start`` on, up to but without ``end``."""

    start: int
    end: int
    text: str


def split_words(text: str) -> list[Word]:
    """The words of a text and its punctuation marks, each mark by itself, in their order."""
    return [Word(found.start(), found.end(), found[0]) for found in WORD.finditer(text)]


def spaced_words(text: str) -> list[str]:
    """What white space separates: words with the marks that stand at them, as limits and statistics count words."""
    return text.split()


def count_words(texts: pd.Series) -> "pd.Series[int]":
    """How many words each text has by :func:`spaced_words`, one number a row."""
    return pd.Series([len(spaced_words(text)) for text in texts], index=texts.index, dtype="int64")
