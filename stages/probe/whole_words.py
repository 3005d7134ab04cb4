"""Changes whole words of a text, and no byte beside them."""

import re
from collections.abc import Callable, Iterable, Mapping

from stages.common.words.splitting import is_unspaced

Change = Callable[[re.Match[str]], str]


def whole_words(words: Iterable[str]) -> re.Pattern[str]:
    """Finds any of some words where it is no part of a longer one: ``son`` neither in ``Orson`` nor in ``son-in-law``.

    A word of a script without spaces, such as Chinese, has no such borders: it is found wherever its characters are.

    Args:
        words: The words, in any case; the longest that fits is found.
    """
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return re.compile("|".join(_bordered(word) for word in ordered) or r"(?!)", re.IGNORECASE)


def _bordered(word: str) -> str:
    if is_unspaced(word):
        return re.escape(word)
    return rf"(?<![\w-])(?<!\w['\u2019]){re.escape(word)}(?![\w-])"


def exchange(text: str, pairs: Mapping[str, str]) -> str:
    """Puts for each word of a table the one that it names, and the other way round, in the letters' case.

    Args:
        text: Any text.
        pairs: Words and those that stand for them, in small letters.
    """
    table = {other: word for word, other in pairs.items()} | dict(pairs)
    return whole_words(table).sub(lambda found: in_case_of(found[0], table[found[0].lower()]), text)


def in_case_of(old: str, new: str) -> str:
    """A word in the case of the one that it replaces: all capitals, a capital first, or as it is."""
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def with_article(word: str) -> str:
    """An English word behind ``a`` or ``an``, by how it is usually pronounced."""
    lower = word.lower()
    like_you = lower.startswith(("eu", "uk", "ug", "uni", "usu", "one", "ur"))
    silent = lower.startswith(("honest", "honor", "honour", "heir", "hour"))
    return f"{'an' if (lower[:1] in 'aeiou' and not like_you) or silent else 'a'} {word}"
