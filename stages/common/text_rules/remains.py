r"""Mends what a careless conversion left of HTML entities and line ends, as in AG News: `` #39;`` and ``\``."""

import html
import re

import pandas as pd

from stages.common.text_rules.columns import change_where, holding, matching

# The ampersand became a space. "amp" is a word too, so that a space may not follow it ("the amp; it hums"), unless two
# stand before it: its own and the one that was the ampersand.
NAMED = "quot|amp|lt|gt|nbsp|apos|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|pound|euro|copy|reg|trade"
REMAINS = re.compile(rf"(?:(?<=[ \t]) |(?<![^\n])| (?!amp; )(?![lg]t; ))(#\d{{2,4}}|{NAMED});")
OPENING_QUOTE = re.compile(r"(?<=[\w,.:;!?]) (?=(?:quot|#34|ldquo);\w)")
# A face: arms before or behind a bracket with eyes in it, a raised arm and its other hand, marks that no sentence has.
FACE = (
    r"\\ ?\((?=[^\w\s$#&.\"'])|\\ ?\(.{1,8}\) ?/|[^\w\s.,;!?\"'$%]\)\\|\\\w{1,2}/(?!\w)"
    r"|\\[^\w\s$\\(\"'.,<&]\S{0,8}/|[`^~*]\\|[\u00b0\u00b4\u2022\u25a0-\u27bf]\\|\\(?=[\u00b0\u00b4\u2022\u2200-\u27bf])"
)
# A path (C:\temp, \\server\share), a command or an escape (\frac{, \d+, \n"), a face (:-\) means its backslashes.
MEANT = re.compile(
    r"\b[A-Za-z]:\\|\\\\\w+\\\w|\\[A-Za-z]+[{\[]|\\[dwsbDWSB][+*?]|\\[nt]\"|\\\w+\\\w+\\|[:;=]-?\\|[/_|]\\|\\[/_|*?.)]"
    rf"|{FACE}"
)
ESCAPED = re.compile(r"\\+(?=[$#%])")
BACKSLASHES = re.compile(r"\\+")


def undo_broken_entities(texts: pd.Series) -> pd.Series:
    """Replaces what is left of HTML entities whose ampersand became a space, as in ``Iraq #39;s``.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. Once white space was made plain, it is lost where the ampersand stood.
    """
    return change_where(texts, matching(texts, rf"(?:^|\n| )(?:#\d{{2,4}}|{NAMED});"), _undo)


def break_at_backslashes(texts: pd.Series) -> pd.Series:
    r"""Replaces backslashes that stand where a line ended by a space, and removes those that escape a ``$``.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. One that holds a path, a LaTeX command or an escape sequence stays as it is.
    """
    return change_where(texts, holding(texts, "\\"), _break)


def _undo(text: str) -> str:
    return REMAINS.sub(_character, OPENING_QUOTE.sub("  ", text))


def _character(found: re.Match[str]) -> str:
    entity = f"&{found[1]};"
    character = html.unescape(entity)
    return found[0] if character in (entity, "\ufffd") else character


def _break(text: str) -> str:
    return text if MEANT.search(text) else BACKSLASHES.sub(" ", ESCAPED.sub("", text))
