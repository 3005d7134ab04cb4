"""The form in which two texts are compared to see whether they are the same."""

import re
import unicodedata

import pandas as pd

from stages.common.documents.targets import joined_texts, text_columns
from stages.common.text_rules.entities import undo_entities

# Raised, lowered and broken figures mean something else than plain ones: x\u00b2 is not x2, 1\u00bd not 11/2.
FIGURES = re.compile("([\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u208e\u2150-\u215f\u2189])")


def compatible(text: str) -> str:
    """A text with one form of compatible characters (NFKC), but for raised, lowered and broken figures."""
    if not FIGURES.search(text):
        return unicodedata.normalize("NFKC", text)
    parts = FIGURES.split(text)
    return "".join(part if place % 2 else unicodedata.normalize("NFKC", part) for place, part in enumerate(parts))


def duplicate_key(texts: pd.Series) -> pd.Series:
    """What is left of a text without differences of case, white space, entities and compatible characters.

    Args:
        texts: One text a row.

    Returns:
        One key a row: equal keys mean the same text.
    """
    keys = undo_entities(texts).map(_key)
    marked = keys[keys.str.contains("&", regex=False)]  # folding may lay an entity open, as in "&NDASH;"
    while len(marked):
        again = undo_entities(marked).map(_key)
        marked = again[again.ne(marked)]
        keys.loc[marked.index] = marked
    return keys


def document_key(documents: pd.DataFrame) -> pd.Series:
    """The key of each document's text; of a pair, those of both texts, with a line break between, which no key holds.

    Args:
        documents: Rows of a document table.
    """
    return joined_texts(documents[text_columns(documents)].apply(duplicate_key), "\n")


def _key(text: str) -> str:
    folded = text.lower() if text.isascii() else compatible(compatible(text).casefold())
    return " ".join(folded.split())
