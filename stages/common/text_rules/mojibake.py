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


# UTF-8 as it looks in Windows-1252 or Latin-1: a first byte, then one to three that go on.
GOES_ON = "".join(
    bytes([byte]).decode(codec) for byte in range(0x80, 0xC0) for codec in ("sloppy-windows-1252", "latin-1")
)
SEQUENCE = re.compile(f"[\xc2-\xdf][{GOES_ON} ]|[\xe0-\xef][{GOES_ON}]{{2}}|[\xf0-\xf4][{GOES_ON}]{{3}}")
# What may well stand behind a letter in sound text: quotation marks, points and dashes, signs of trade, a fixed space.
FOLLOWS = frozenset("\u201c\u201d\u201e\u2018\u2019\u201a\xab\xbb\u2039\u203a\u2026\u2013\u2014\xb7\u2122\xa9\xae\xa0 ")
ENCODINGS = ("latin-1", "sloppy-windows-1252")


def fix_mojibake(texts: pd.Series) -> pd.Series:
    """Decodes anew what was decoded wrongly, line by line, where there is evidence of it.

    ftfy's heuristic must see signs of damage, and at least one of them must be more than a letter before a mark that
    may follow it in sound text: "IRM\u00c3\u201d" may be the end of a quotation in Portuguese.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. One without signs of damage never reaches ftfy.
    """
    return change_where(texts, matching(texts, SUSPECT), _fix)


def _fix(text: str) -> str:
    return "".join(_fix_line(line) for line in text.splitlines(keepends=True)) if "\n" in text else _fix_line(text)


def _fix_line(line: str) -> str:
    if not (is_bad(line) or C1.search(line)) or not _is_evident(line):
        return line
    for encoding in ENCODINGS:
        try:
            whole = line.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        return _fix_line(whole)  # all of the line was: it may have been twice
    return ftfy.fix_text(line, DECODING_ONLY)


def _is_evident(line: str) -> bool:
    """Whether a sign of damage can hardly be sound, or none is of the kind that this can be said of."""
    if C1.search(line):
        return True
    found = list(SEQUENCE.finditer(line))
    return not found or any(map(_is_strange, found))


def _is_strange(found: re.Match[str]) -> bool:
    first, others = found[0][0], found[0][1:]
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    if any(character not in FOLLOWS for character in others):
        return True
    if first < "\xe0" and before.islower():  # a capital inside a word
        return True
    if others[-1] == "\xa0":
        return not before or before.isspace()
    return others[-1] != " " and after.isalpha()
