"""A text taken apart once, for all methods to work on: its words, and what stands between them."""

import re
from collections.abc import Mapping
from functools import cached_property

from stages.augment.function_words import FUNCTION_WORDS

# A word is a run of anything but white space and punctuation, joined by marks that stand inside it: "don't", "3.5%",
# "e-mail". Not \w, which would cut words at the vowel signs of Indian scripts.
PUNCTUATION = r"""!"'-/:-@\[-`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u3003\uff01\uff0c"""
LETTERS = rf"[^\s{PUNCTUATION}]+"
WORD = re.compile(rf"({LETTERS}(?:[-'\u2019.,&/@:_]{LETTERS})*)")
SENTENCE_END = re.compile(r"[.!?\n]")
TITLES = frozenset(
    {"Mr", "Mrs", "Ms", "Dr", "St", "Prof", "Gen", "Sen", "Rep", "Gov", "Lt", "Col", "Capt", "Sgt", "Rev"}
)


class Passage:
    """A text and the synonyms of its words.

    Attributes:
        pieces: What stands before the first word, the first word, what stands between it and the second, and so on;
            joined they are the text.
        words: The words alone.
    """

    def __init__(self, text: str, synonyms: Mapping[str, tuple[str, ...]]) -> None:
        """Takes a text apart.

        Args:
            text: The text.
            synonyms: For each word in lower case, what can stand for it.
        """
        self.pieces = WORD.split(text)
        self.words = self.pieces[1::2]
        self._synonyms = synonyms

    @cached_property
    def replaceable(self) -> list[int]:
        """Positions of the words that have synonyms, ascending. A word in capitals counts as a name and has none.

        One that starts a sentence is no name if the text does not write it with a capital inside a sentence too.
        """
        synonyms = self._synonyms
        small = [position for position, word in enumerate(self.words) if word in synonyms]
        capitalised = [position for position, word in enumerate(self.words) if word[0].isupper()]
        starts = [position for position in capitalised if self.starts_sentence(position)]
        names = {self.words[position] for position in set(capitalised).difference(starts)}
        titled = [i for i in starts if self.words[i] not in names and _small(self.words[i]) in synonyms]
        return sorted(small + titled) if titled else small

    def synonyms(self, position: int) -> tuple[str, ...]:
        """What can stand for a replaceable word, in lower case."""
        word = self.words[position]
        return self._synonyms.get(word) or self._synonyms[_small(word)]

    def starts_sentence(self, position: int) -> bool:
        """Whether the word is the text's first or follows the end of a sentence or line."""
        if position == 0:
            return True
        before = self.words[position - 1]
        abbreviated = before in TITLES or len(before) == 1
        return not abbreviated and SENTENCE_END.search(self.pieces[2 * position]) is not None

    def small_inside_sentence(self, position: int) -> str:
        """The word as it is written inside a sentence: without a capital that only a sentence's start gives it."""
        word, small = self.words[position], _small(self.words[position])
        if word != small and self.starts_sentence(position) and (small in FUNCTION_WORDS or small in self._vocabulary):
            return small
        return word

    @cached_property
    def _vocabulary(self) -> set[str]:
        return set(self.words)


def _small(word: str) -> str:
    """The word without the capital it starts with; a word with more capitals, such as "BBC", stays as it is."""
    return word[0].lower() + word[1:]


def like(replacement: str, replaced: str) -> str:
    """The replacement with a capital first letter if the word that it replaces has one."""
    return replacement[0].upper() + replacement[1:] if replaced[0].isupper() else replacement
