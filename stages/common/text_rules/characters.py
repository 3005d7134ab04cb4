"""Brings characters into one form: Unicode normal form, nothing that cannot be seen, plain white space."""

import re
import unicodedata
from functools import partial
from typing import Literal

import pandas as pd

from stages.common.text_rules.columns import beyond_ascii, change_where, matching

SEPARATORS = re.compile(r"[\v\f\x1c-\x1f\x85]")  # controls that stand between words: what is left of them is a space
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
LINE_END = re.compile(r"\r\n?|[\u2028\u2029]")
BLANK_LINES = re.compile(r"\n{3,}")
UNTIDY = (  # in RE2's syntax: where there may be white space that is not plain
    r"[\t\r\v\f\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
    r"|  | \n|\n |\n\n\n|^[ \n]|[ \n]$"
)
# Joiners shape letters in these scripts and put emoji together; after any other letter nothing shows of them.
JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0e00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc\ufe0f\u20e3\u2190-\u2bff"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # scripts that mark the end of a word by U+200B, if at all
ZERO_WIDTH = re.compile(
    f"[\u00ad\u180e\u2060-\u2064\ufeff]|(?<![{SPACELESS}])\u200b|"
    f"(?<![{JOINING}])[\u200c\u200d]|[\u200c\u200d](?!\\w|[{JOINING}])"
)
MAYBE_ZERO_WIDTH = r"[\x{ad}\x{180e}\x{200b}-\x{200d}\x{2060}-\x{2064}\x{feff}]"  # in RE2's syntax


def normal_form(texts: pd.Series, form: Literal["NFC", "NFKC"]) -> pd.Series:
    """Brings the texts into a Unicode normal form (Unicode Standard Annex 15).

    Args:
        texts: One text a row.
        form: NFC joins letters with their accents; NFKC also replaces ligatures, full-width letters and the like.

    Returns:
        The texts in the same order.
    """
    return change_where(texts, beyond_ascii(texts), partial(unicodedata.normalize, form))


def remove_controls(texts: pd.Series) -> pd.Series:
    """Removes control characters and byte order marks; those that separate words become a space.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. Tabs and line ends stay.
    """
    rows = matching(texts, r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{feff}\x{fffe}\x{ffff}]")
    return change_where(texts, rows, lambda text: CONTROLS.sub("", SEPARATORS.sub(" ", text)))


def remove_zero_width(texts: pd.Series) -> pd.Series:
    """Removes characters without width: soft hyphens, word joiners, and joiners where they join nothing.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. Joiners in emoji, Arabic and Indic scripts stay, and so do marks of direction.
    """
    return change_where(texts, matching(texts, MAYBE_ZERO_WIDTH), lambda text: ZERO_WIDTH.sub("", text))


def plain_spaces(texts: pd.Series) -> pd.Series:
    r"""Makes one space of each run of spaces, ``\n`` of each line end, at most one blank line; none at the ends.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order.
    """
    untidy = matching(texts, UNTIDY)
    if not untidy.any():
        return texts
    trimmed = texts.where(~untidy, texts.str.strip())  # often all there is to do, and quick
    return change_where(trimmed, matching(trimmed, UNTIDY), _plain_spaces)


def _plain_spaces(text: str) -> str:
    lines = LINE_END.sub("\n", text).split("\n")
    # str.split takes every white space for a border, the no-break space included
    return BLANK_LINES.sub("\n\n", "\n".join([" ".join(line.split()) for line in lines])).strip("\n")
