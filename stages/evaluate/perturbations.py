"""Changes of a text that should leave its class as it is, each drawn from the seed, its name and the document's id."""

import random
import re
from collections.abc import Callable

from stages.common.words.splitting import first_words, spaced_words

Perturbation = Callable[[str, random.Random], str]

# Keys beside each other on a QWERTY keyboard, in its rows from left to right.
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2] for row in ROWS for place, key in enumerate(row)
}
TYPO_RATE = 0.05  # share of the letters; about one in every three or four words
SENTENCES = (
    "This was published earlier this week.",
    "More details are expected in the coming days.",
    "Nobody was available for comment.",
    "The full text can be found on the website.",
)
PUNCTUATION = re.compile(r"[^\w\s]|_")


def typos(text: str, drawn: random.Random) -> str:
    """Letters replaced by a neighbouring key, left out, doubled, or exchanged with the next sign."""
    signs = list(text)
    letters = [place for place, sign in enumerate(signs) if sign.lower() in NEIGHBOURS]
    for place in sorted(drawn.sample(letters, round(TYPO_RATE * len(letters))), reverse=True):
        sign = signs[place]
        kind = drawn.randrange(4)
        if kind == 0:
            near = drawn.choice(NEIGHBOURS[sign.lower()])
            signs[place] = near.upper() if sign.isupper() else near
        elif kind == 1:
            del signs[place]
        elif kind == 2:
            signs.insert(place, sign)
        elif place + 1 < len(signs):
            signs[place], signs[place + 1] = signs[place + 1], sign
    return "".join(signs)


def upper_case(text: str, _: random.Random) -> str:
    """All letters in upper case."""
    return text.upper()


def lower_case(text: str, _: random.Random) -> str:
    """All letters in lower case."""
    return text.lower()


def no_punctuation(text: str, _: random.Random) -> str:
    """A space for each sign that is neither letter, digit nor white space."""
    return PUNCTUATION.sub(" ", text)


def first_half(text: str, _: random.Random) -> str:
    """The first half of the words."""
    return first_words(text, -(-len(spaced_words(text)) // 2))


def added_sentence(text: str, drawn: random.Random) -> str:
    """A sentence that says nothing, before the text."""
    return f"{drawn.choice(SENTENCES)} {text}"


PERTURBATIONS: dict[str, Perturbation] = {
    "typos": typos,
    "upper case": upper_case,
    "lower case": lower_case,
    "no punctuation": no_punctuation,
    "first half": first_half,
    "added sentence": added_sentence,
}
