"""Undoes HTML entities that a scraper left in the text."""

import html
import re
from functools import partial

import pandas as pd

from stages.common.text_rules.columns import change_where, holding

# Only entities that end in a semicolon: html.unescape also takes "&copy=2" in an address for a copyright sign.
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
AMPERSANDS = re.compile(r"&(?:amp;|#38;|#[xX]26;)+")  # "&amp;amp;amp;": undone at once, not one by one
REPLACEMENT = "\ufffd"  # what html.unescape makes of &#0; and other numbers that are no character


def undo_entities(texts: pd.Series, brackets: bool = True) -> pd.Series:
    """Replaces HTML entities by their characters until none is left, so that ``&amp;lt;`` becomes ``<``.

    Args:
        texts: One text a row.
        brackets: Whether those of ``<`` and ``>`` are undone, too.

    Returns:
        The texts in the same order. What only looks like an entity stays.
    """
    return change_where(texts, holding(texts, "&"), partial(_undo, brackets=brackets))


def _undo(text: str, brackets: bool) -> str:
    while (undone := ENTITY.sub(partial(_character, brackets=brackets), AMPERSANDS.sub("&", text))) != text:
        text = undone
    return text


def _character(entity: re.Match[str], brackets: bool) -> str:
    character = html.unescape(entity[0])
    return entity[0] if REPLACEMENT in character or (character in ("<", ">") and not brackets) else character
