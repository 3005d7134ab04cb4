"""Finds web and e-mail addresses, and replaces or removes them."""

import re
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
