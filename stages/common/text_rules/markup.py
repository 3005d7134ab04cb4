"""Tells escaped HTML that a conversion left from what an author wrote about, by counts over a whole corpus."""

import re
from collections import Counter
from typing import Literal

import pandas as pd

from stages.common.text_rules.columns import matching
from stages.common.text_rules.tags import ATTRIBUTES, BLOCK, INLINE

Markup = Literal["evidence", "remove", "keep", "keep_escaped"]
ESCAPED_TAG = re.compile(r"&(?:amp;)*(?:lt|#0*60);(/?[A-Za-z][^<>]{0,500}?)&(?:amp;)*(?:gt|#0*62);", re.IGNORECASE)
RAW_TAG = re.compile(rf"<(/?(?:{INLINE}|{BLOCK})\b{ATTRIBUTES})>", re.IGNORECASE)
TAG = re.compile(rf"(/?)((?:{INLINE}|{BLOCK})\b)({ATTRIBUTES})", re.IGNORECASE)
OPEN_ENDED = frozenset(("br", "hr", "img", "p", "li", "wbr", "td", "tr", "th", "dd", "dt"))  # need no closing tag
TIMES = 3  # tags must be used so many times as often as they are mentioned to be a conversion's


def count_markup(texts: pd.Series) -> Counter[str]:
    """Counts what speaks for markup and what for words about markup.

    A tag is used if it has attributes or a partner in the same text. It is mentioned if it has neither, as in "put a
    ``&lt;div&gt;`` inside", or stands right behind a word, as in ``List&lt;String&gt;``.

    Args:
        texts: One text a row.

    Returns:
        How often: ``escaped_used``, ``escaped_mentioned``, ``raw_used``.
    """
    counts: Counter[str] = Counter()
    for text in texts[matching(texts, r"(?i)(?:lt|#0*60);|<[a-z/]")]:
        used, mentioned = _count(text, ESCAPED_TAG)
        counts += Counter(escaped_used=used, escaped_mentioned=mentioned, raw_used=_count(text, RAW_TAG)[0])
    return counts


def decide(counts: Counter[str]) -> Markup:
    """What becomes of escaped tags.

    Args:
        counts: Those of :func:`count_markup`, over all texts of a corpus.

    Returns:
        ``remove`` if they are used as markup (or there are none), ``keep`` if authors wrote about them, and
        ``keep_escaped`` if, besides, the texts are HTML, whose own tags go.
    """
    used, mentioned, raw = counts["escaped_used"], counts["escaped_mentioned"], counts["raw_used"]
    if not used + mentioned or (used >= TIMES * mentioned and raw < used):
        return "remove"
    return "keep_escaped" if raw else "keep"


def _count(text: str, pattern: re.Pattern[str]) -> tuple[int, int]:
    """How many tags of a text are used, and how many are mentioned."""
    tags = [(found, TAG.fullmatch(found[1].replace("&quot;", '"'))) for found in pattern.finditer(text)]
    closing = Counter(tag[2].lower() for _, tag in tags if tag and tag[1])
    used = mentioned = 0
    for found, tag in tags:
        behind_word = found.start() > 0 and found.string[found.start() - 1].isalnum()
        if tag is None:
            mentioned += behind_word and found[1].isalnum()
            continue
        name = tag[2].lower()
        if tag[1]:
            continue
        if tag[3].strip(" /") or closing[name]:
            closing[name] -= closing[name] > 0
            used += 1
        elif name not in OPEN_ENDED:
            mentioned += 1
    return used, mentioned
