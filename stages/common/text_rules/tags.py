"""Takes HTML markup out of the text and leaves what a reader would have seen."""

import re

import pandas as pd

from stages.common.text_rules.columns import change_where, holding, matching

# The elements of the HTML Living Standard and the obsolete ones still found in old news text. A bare name list keeps
# "<3", "x<y and y>z" or "<unknown>" as they are.
INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span|strike|strong|sub|sup|tt|"
    "u|var"
)
BLOCK = (
    "address|article|aside|audio|blockquote|body|br|button|canvas|caption|center|col|dd|details|dialog|div|dl|dt|fieldset|"
    "figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|iframe|img|input|label|legend|li|link|"
    "main|map|meta|nav|noscript|object|ol|option|p|param|pre|script|section|select|source|style|summary|svg|table|tbody|td|"
    "textarea|tfoot|th|thead|title|tr|ul|video|wbr"
)
ATTRIBUTES = r"""(?:\s+[A-Za-z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+))*\s*/?"""
UNSEEN = re.compile(rf"<!--.*?-->|<(script|style)\b{ATTRIBUTES}>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
INLINE_TAG = re.compile(rf"</?(?:{INLINE})\b{ATTRIBUTES}>", re.IGNORECASE)
BLOCK_TAG = re.compile(rf"</?(?:{BLOCK})\b{ATTRIBUTES}>", re.IGNORECASE)


def strip_tags(texts: pd.Series) -> pd.Series:
    """Removes HTML tags, comments, scripts and style sheets; a tag that breaks the line becomes a space.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. A ``<`` that begins no HTML tag stays.
    """
    return change_where(texts, matching(texts, r"<[A-Za-z/!]") & holding(texts, ">"), _strip)


def _strip(text: str) -> str:
    return INLINE_TAG.sub("", BLOCK_TAG.sub(" ", UNSEEN.sub(" ", text)))
