"""Repairs text that was decoded with the wrong encoding, such as ``cafÃ©``."""

import re

import ftfy
import pandas as pd
from ftfy.badness import is_bad

from stages.common.text_rules.columns import change_where, matching

# In RE2's syntax: what each pattern of ftfy's heuristic needs at least, so that all else is passed over quickly.
SUSPECT = r"[^\x00-\x7f][^\x00-\x7f]|[\x{80}-\x{9f}ŒœÂÃ]"
C1 = re.compile("[\x80-\x84\x86-\x9f]")  # Windows-1252 taken for Latin-1; \x85 alone may be a line end
# What ftfy does beside decoding anew is done by rules of this chain, or changes what was fine (curly quotes).
DECODING_ONLY = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
)


def fix_mojibake(texts: pd.Series) -> pd.Series:
    """Decodes anew what was decoded wrongly, line by line, where ftfy's heuristic sees signs of it.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. One without signs of damage never reaches ftfy.
    """
    return change_where(texts, matching(texts, SUSPECT), _fix)


def _fix(text: str) -> str:
    if is_bad(text) or C1.search(text):
        return ftfy.fix_text(text, DECODING_ONLY)
    return text
