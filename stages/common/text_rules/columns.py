"""Looks a column of texts over at once, so that only the texts that a rule concerns are worked on one by one."""

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def holding(texts: pd.Series, *parts: str) -> "pd.Series[bool]":
    """Which texts hold one of some strings.

    Args:
        texts: One text a row.
        *parts: The strings, as they are.
    """
    column = _arrow(texts)
    found = pc.match_substring(column, parts[0])
    for part in parts[1:]:
        found = pc.or_(found, pc.match_substring(column, part))
    return _rows(found, texts)


def matching(texts: pd.Series, pattern: str) -> "pd.Series[bool]":
    r"""Which texts a regular expression finds something in.

    Args:
        texts: One text a row.
        pattern: In the syntax of RE2, whose ``\w`` and ``\s`` know ASCII only.
    """
    return _rows(pc.match_substring_regex(_arrow(texts), pattern), texts)


def beyond_ascii(texts: pd.Series) -> "pd.Series[bool]":
    """Which texts have a character outside ASCII."""
    return _rows(pc.invert(pc.string_is_ascii(_arrow(texts))), texts)


def change_where(texts: pd.Series, rows: "pd.Series[bool]", change: Callable[[str], str]) -> pd.Series:
    """Changes some texts of a column.

    Args:
        texts: One text a row.
        rows: Which ones.
        change: From a text to a text.

    Returns:
        The texts in the same order; the very same object if there was nothing to work on.
    """
    if not rows.any():
        return texts
    changed = texts.copy()
    changed[rows] = [change(text) for text in texts[rows]]
    return changed


def _arrow(texts: pd.Series) -> pa.ChunkedArray | pa.Array:
    return pa.array(texts, type=pa.large_string(), from_pandas=False)


def _rows(found: pa.ChunkedArray | pa.Array, texts: pd.Series) -> "pd.Series[bool]":
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index, dtype=bool)
