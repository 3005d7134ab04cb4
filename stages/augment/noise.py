"""Character noise: some words get the mistakes of a keyboard, of a scanner or of quick fingers."""

import re
from collections.abc import Callable

from stages.augment.chance import Draw, choose, count_changes, pick
from stages.augment.passage import Passage

SHORTEST = 3  # letters; a shorter word with a wrong letter is mostly another word

# The rows of a US keyboard, each shifted to the right of the one above it by so many widths of a key.
KEYBOARD = (("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75))
# What optical character recognition takes for what, letters and pairs of them (after nlpaug's OcrAug and Rigaud et al.
# 2019, ICDAR Competition on Post-OCR Text Correction).
LOOK_ALIKE = {
    "0": "O", "1": "l", "5": "S", "8": "B", "B": "8", "D": "O", "I": "l", "O": "0", "S": "5", "Z": "2", "a": "o",
    "b": "h", "c": "e", "cl": "d", "d": "cl", "e": "c", "f": "t", "g": "q", "h": "b", "i": "l", "l": "1", "m": "rn",
    "n": "u", "o": "0", "q": "g", "rn": "m", "t": "f", "u": "n", "vv": "w", "w": "vv", "z": "2",
}  # fmt: skip


def _neighbours() -> dict[str, str]:
    """For each letter the letters whose keys touch its own."""
    keys = {
        letter: (column + shift, row)
        for row, (letters, shift) in enumerate(KEYBOARD)
        for column, letter in enumerate(letters)
    }
    return {
        letter: "".join(other for other, (u, v) in keys.items() if other != letter and abs(x - u) <= 1 >= abs(y - v))
        for letter, (x, y) in keys.items()
    }


NEIGHBOURS = _neighbours()
# Where a mistake can be made; overlapping places count, so what is taken is captured in a look-ahead.
LETTER = re.compile(r"(?=([a-z]))", re.IGNORECASE)
MISREADABLE = re.compile(f"(?=({'|'.join(sorted(LOOK_ALIKE, key=len, reverse=True))}))")
TWO_LETTERS = re.compile(r"(?=(([a-z])(?!\2)[a-z]))", re.IGNORECASE)


def hit_neighbouring_keys(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Puts the letter of a neighbouring key for one letter of some words (Belinkov & Bisk 2018, arXiv 1711.02173).

    Args:
        passage: The text.
        rate: The share of all words that get a wrong letter; fewer where fewer have letters from a to z.
        draw: Gives random numbers.

    Returns:
        The new text and how many words were changed; None where none can be.
    """
    return _spoil(passage, rate, draw, LETTER, _beside)


def misread_characters(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Puts what looks alike for a character, or a pair of them, of some words.

    The arguments and what is returned are those of :func:`hit_neighbouring_keys`.
    """
    return _spoil(passage, rate, draw, MISREADABLE, lambda found, _: LOOK_ALIKE[found])


def transpose_letters(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Lets two neighbouring, different letters of some words change places (Belinkov & Bisk 2018).

    The arguments and what is returned are those of :func:`hit_neighbouring_keys`.
    """
    return _spoil(passage, rate, draw, TWO_LETTERS, lambda found, _: found[::-1])


def _spoil(
    passage: Passage, rate: float, draw: Draw, places: re.Pattern[str], mistake: Callable[[str, Draw], str]
) -> tuple[str, int] | None:
    """Makes one mistake in each of some words: ``mistake`` says what is written for what ``places`` found."""
    words = passage.words
    able = [position for position, word in enumerate(words) if len(word) >= SHORTEST and places.search(word)]
    if not able:
        return None
    chosen = choose(draw, count_changes(rate, len(words)), len(able))
    pieces = passage.pieces.copy()
    for position in (able[place] for place in chosen):
        word = words[position]
        found = pick(draw, list(places.finditer(word)))
        pieces[2 * position + 1] = word[: found.start(1)] + mistake(found[1], draw) + word[found.end(1) :]
    return "".join(pieces), len(chosen)


def _beside(letter: str, draw: Draw) -> str:
    beside = pick(draw, NEIGHBOURS[letter.lower()])
    return beside.upper() if letter.isupper() else beside
