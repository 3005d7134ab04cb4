"""Where words begin and end in a text, in languages that write spaces between them and in those that do not.

In Chinese and Japanese a character counts as a word, and so does a run of katakana; in Thai, Lao, Khmer and Burmese a
cluster of a consonant with the vowels and marks that belong to it (Theeramunkong et al. 2000). No dictionary is needed,
so the words of a text do not depend on one's version; docs/decisions.md says more. What decides is the script that is
written, not the language that a card names, so that a text may hold both kinds.
"""

import re
import unicodedata
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HIRAGANA, JOINED_KANA = (
    "\u3041-\u3096\u309d-\u309f",
    "\u3041\u3043\u3045\u3047\u3049\u3083\u3085\u3087\u308e\u3099\u309a\u30fc",
)
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f\u3099\u309a"
THAI, LAO, KHMER, BURMESE = (
    "\u0e01-\u0e3a\u0e40-\u0e4e",
    "\u0e81-\u0ecd\u0edc-\u0edf",
    "\u1780-\u17d3\u17dd",
    "\u1000-\u103f",
)
SPACELESS = HAN + HIRAGANA + KATAKANA + THAI + LAO + KHMER + BURMESE  # scripts without spaces between words
UNIT = "|".join(
    [
        f"[{HAN}][\ufe00-\ufe0f\U000e0100-\U000e01ef]?",
        f"[{HIRAGANA}][{JOINED_KANA}]*",
        f"[{KATAKANA}]+",
        "[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e30-\u0e3a\u0e45\u0e47-\u0e4e]*",
        "[\u0ec0-\u0ec4]?[\u0e81-\u0eae\u0edc-\u0edf][\u0eb0-\u0ebd\u0ec8-\u0ecd]*",
        "[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[\u17b4-\u17d1\u17d3\u17dd])*",
        "[\u1000-\u102a\u103f](?:\u1039[\u1000-\u102a]|[\u102b-\u1038\u103a-\u103e]|[\u1000-\u1021]\u103a)*",
        f"[{SPACELESS}]",
    ]
)


def _combining() -> str:
    r"""A character class of the marks that combine with a letter, which ``\w`` leaves out, beyond these scripts."""
    marks = [chr(point) for point in range(0x300, 0x20000) if unicodedata.category(chr(point)) in ("Mn", "Mc")]
    return "".join(mark for mark in marks if not "\ufe00" <= mark <= "\ufe0f")


MARKS = _combining()
UNSPACED = re.compile(f"[{SPACELESS}]")
BEYOND_PATTERNS = re.compile(f"[{SPACELESS}{MARKS}]")  # what scikit-learn's pattern for words takes apart or together
LETTER = rf"(?:(?![{SPACELESS}])[\w{MARKS}])"
# A number with its inner marks, a word with its inner hyphens and apostrophes, or any one other mark.
WORD = re.compile(rf"\d+(?:[.,:]\d+)+|{UNIT}|{LETTER}+(?:[-'\u2019]{LETTER}+)*|[^\w\s]")
PLAIN_TERM = re.compile(r"\b\w\w+\b")  # scikit-learn's
TERM = re.compile(rf"{UNIT}|{LETTER}{{2,}}")
PIECE = re.compile(rf"{UNIT}|[^\s\u200b{SPACELESS}]+")
KATAKANA_ONLY, HIRAGANA_ONLY = re.compile(f"[{KATAKANA}]+"), re.compile(f"[{HIRAGANA}{JOINED_KANA}]+")
WRITTEN = re.compile(rf"[\w{SPACELESS}]")


class Word(NamedTuple):
    """A word of a text, or a punctuation mark: the characters from ``start`` on, up to but without ``end``."""

    start: int
    end: int
    text: str


def split_words(text: str) -> list[Word]:
    """The words of a text and its punctuation marks, each mark by itself, in their order."""
    return [Word(found.start(), found.end(), found[0]) for found in WORD.finditer(text)]


def is_unspaced(text: str) -> bool:
    """Whether a text holds a script that writes no spaces between words."""
    return not text.isascii() and UNSPACED.search(text) is not None


def spaced_words(text: str) -> list[str]:
    """Words with the marks that stand at them, as limits and statistics count words.

    What white space separates; in a script without spaces, its characters or clusters.
    """
    if not is_unspaced(text):
        return text.split()
    return [text[start:end] for start, end in _bounds(text)]


def count_words(texts: pd.Series) -> "pd.Series[int]":
    """How many words each text has by :func:`spaced_words`, one number a row."""
    return pd.Series([len(spaced_words(text)) for text in texts], index=texts.index, dtype="int64")


def first_words(text: str, count: int) -> str:
    """The first words of a text by :func:`spaced_words`, as they are written: with single spaces where it has any."""
    if not is_unspaced(text):
        return " ".join(text.split()[:count])
    bounds = _bounds(text)[:count]
    return text[bounds[0][0] : bounds[-1][1]] if bounds else ""


def terms(text: str) -> list[str]:
    """The terms of a text for TF-IDF: words of two letters or more, as scikit-learn finds them by default.

    In scripts without spaces each word is one, however short; elsewhere vowel signs belong to their word.
    """
    plain = text.isascii() or not BEYOND_PATTERNS.search(text)
    return (PLAIN_TERM if plain else TERM).findall(text)


def word_pairs(text: str) -> list[str]:
    """What may be a word to a reader where none are spaced: two neighbouring words; a run of katakana; no hiragana."""
    units = [found for found in re.finditer(UNIT, text) if not HIRAGANA_ONLY.fullmatch(found[0])]
    runs = [unit[0] for unit in units if len(unit[0]) > 1 and KATAKANA_ONLY.fullmatch(unit[0])]
    beside = pairwise(units)
    return runs + [text[one.start() : other.end()] for one, other in beside if one.end() == other.start()]


def separate_words(text: str) -> str:
    """Puts spaces around each word of a script without spaces; other texts stay as they are."""
    return re.sub(UNIT, r" \g<0> ", text) if is_unspaced(text) else text


def _bounds(text: str) -> list[tuple[int, int]]:
    """Where each word with its marks begins and ends, where a script has no spaces."""
    bounds: list[tuple[int, int]] = []
    mark_from = -1  # where marks begin that wait for the word after them
    for piece in PIECE.finditer(text):
        start, end = piece.span()
        if WRITTEN.search(piece[0]):
            bounds.append((mark_from if mark_from >= 0 else start, end))
            mark_from = -1
        elif bounds and bounds[-1][1] == start:
            bounds[-1] = (bounds[-1][0], end)
        else:
            after = PIECE.match(text, end)
            if after is None:
                bounds.append((start, end))  # a mark between spaces, as it would be elsewhere
            else:
                mark_from = start
    return bounds
