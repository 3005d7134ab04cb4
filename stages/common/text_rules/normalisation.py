"""The form in which two texts are compared to see whether they are the same."""

import unicodedata

import pandas as pd

from stages.common.documents.targets import joined_texts, text_columns
from stages.common.text_rules.entities import undo_entities


def duplicate_key(texts: pd.Series) -> pd.Series:
    """What is left of a text without differences of case, white space, HTML entities and compatible characters.

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
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())
