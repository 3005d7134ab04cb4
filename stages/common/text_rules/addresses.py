"""Finds web and e-mail addresses, and replaces or removes them."""

import re
from collections.abc import Callable
from typing import Literal

import pandas as pd

from stages.common.text_rules.columns import change_where, holding, matching

Action = Literal["keep", "mask", "drop"]
# What ends a sentence or closes a bracket after an address is no part of it.
URL = re.compile(
    r"(?:\b(?:https?|ftp)://|\bwww\d?\.(?=[\w-]+\.))[^\s<>\"'\u201c\u201d\u2018\u2019\u00ab\u00bb{}|\\^`\[\]()]*(?:\([^\s<>\"()]*\)[^\s<>\"'\u201c\u201d()\[\]]*)*"
    r"(?<![.,;:!?\u2026*_~-])",
    re.IGNORECASE,
)
# RFC 5321 in the form that people write: local part up to 64 characters, a domain with a top level of letters.
EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9][\w.+%'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w-])",
    re.ASCII,
)


def change_between(pattern: re.Pattern[str] | None, text: str, change: Callable[[str], str]) -> str:
    """Changes a text, but for what a pattern finds, such as its addresses.

    Args:
        pattern: What stays as it is; None for nothing.
        text: The text.
        change: From a part of the text to what stands in its place.
    """
    if pattern is None or not pattern.search(text):
        return change(text)
    parts, end = [], 0
    for found in pattern.finditer(text):
        parts += [change(text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*parts, change(text[end:])])


def kept_addresses(urls: Action, emails: Action) -> re.Pattern[str] | None:
    """What finds the addresses that are kept, so that no other rule changes them; None where none are."""
    kept = [pattern.pattern for pattern, action in ((URL, urls), (EMAIL, emails)) if action == "keep"]
    return re.compile("|".join(kept), re.IGNORECASE) if kept else None


def replace_urls(texts: pd.Series, action: Action) -> pd.Series:
    """Masks web addresses as ``[URL]``, or drops them.

    Args:
        texts: One text a row.
        action: What becomes of an address.

    Returns:
        The texts in the same order.
    """
    rows = matching(texts, r"(?i)(?:https?|ftp)://|www\d?\.")
    return change_where(texts, rows, lambda text: URL.sub("[URL]" if action == "mask" else " ", text))


def replace_emails(texts: pd.Series, action: Action) -> pd.Series:
    """Masks e-mail addresses as ``[EMAIL]``, or drops them.

    Args:
        texts: One text a row.
        action: What becomes of an address.

    Returns:
        The texts in the same order.
    """
    return change_where(
        texts, holding(texts, "@"), lambda text: EMAIL.sub("[EMAIL]" if action == "mask" else " ", text)
    )
