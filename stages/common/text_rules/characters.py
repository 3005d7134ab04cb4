"""Brings characters into one form: Unicode normal form, no control characters, plain white space."""

import re
import unicodedata
from functools import partial
from typing import Literal

import pandas as pd

SEPARATORS = re.compile(r"[\v\f\x1c-\x1f\x85]")  # controls that stand between words: what is left of them is a space
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
LINE_END = re.compile(r"\r\n?|[\u2028\u2029]")
SPACES = re.compile(r"[^\S\n]+")  # every white space but the line feed, the no-break space included
AROUND_LINE_END = re.compile(r" ?\n ?")
BLANK_LINES = re.compile(r"\n{3,}")


def normal_form(texts: pd.Series, form: Literal["NFC", "NFKC"]) -> pd.Series:
    """Brings the texts into a Unicode normal form (Unicode Standard Annex 15).

    Args:
        texts: One text a row.
        form: NFC joins letters with their accents; NFKC also replaces ligatures, full-width letters and the like.

    Returns:
        The texts in the same order.
    """
    return texts.map(partial(unicodedata.normalize, form))


def remove_controls(texts: pd.Series) -> pd.Series:
    """Removes control characters and byte order marks; those that separate words become a space.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. Tabs and line ends stay.
    """
    return texts.map(lambda text: CONTROLS.sub("", SEPARATORS.sub(" ", text)))


def plain_spaces(texts: pd.Series) -> pd.Series:
    r"""Makes one space of each run of spaces, ``\n`` of each line end, at most one blank line; none at the ends.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order.
    """
    return texts.map(_plain_spaces)


def _plain_spaces(text: str) -> str:
    text = SPACES.sub(" ", LINE_END.sub("\n", text))
    return BLANK_LINES.sub("\n\n", AROUND_LINE_END.sub("\n", text)).strip()
