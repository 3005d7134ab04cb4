"""The methods that make variants. One more takes a file of its own, a line here and a field in parameters.py."""

from collections.abc import Callable
from typing import NamedTuple

from stages.augment.chance import Draw
from stages.augment.deletion import delete_words
from stages.augment.insertion import insert_synonyms
from stages.augment.passage import Passage
from stages.augment.swap import swap_words
from stages.augment.synonym import replace_by_synonyms


class Method(NamedTuple):
    """A way to make a variant of a text.

    Attributes:
        change: From a text, the share of its words to change and random numbers to the new text and the number of words
            changed; None where the text offers nothing to change.
        lexicon: Whether it looks words up in the lexicon, which is English.
    """

    change: Callable[[Passage, float, Draw], tuple[str, int] | None]
    lexicon: bool


METHODS = {
    "synonym": Method(replace_by_synonyms, lexicon=True),
    "insertion": Method(insert_synonyms, lexicon=True),
    "swap": Method(swap_words, lexicon=False),
    "deletion": Method(delete_words, lexicon=False),
}
