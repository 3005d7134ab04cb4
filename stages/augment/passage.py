"""A text taken apart once, for all methods to work on: its words, and what stands between them."""

import re
from collections.abc import Sequence
from functools import cached_property

from stages.augment.function_words import FUNCTION_WORDS
from stages.augment.thesaurus import Thesaurus

# A word is a run of anything but white space and punctuation, joined by marks that stand inside it: "don't", "3.5%",
# "e-mail". Not \w, which would cut words at the vowel signs of Indian scripts.
PUNCTUATION = r"""!"'-/:-@\[-`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u3003\uff01\uff0c"""
LETTERS = rf"[^\s{PUNCTUATION}]+"
WORD = re.compile(rf"({LETTERS}(?:[-'\u2019.,&/@:_]{LETTERS})*)")
SENTENCE_END = re.compile(r"[.!?\n]")
TITLES = frozenset(
    {"Mr", "Mrs", "Ms", "Dr", "St", "Prof", "Gen", "Sen", "Rep", "Gov", "Lt", "Col", "Capt", "Sgt", "Rev"}
)

ARTICLES = ("a", "an", "A", "An")
VOWELS = ("a", "e", "i", "o", "u")  # a letter says what is spoken well enough: it fails at "hour" and "union"


class Passage:
    """A text and the synonyms of its words.

    Attributes:
        pieces: What stands before the first word, the first word, what stands between it and the second, and so on;
            joined they are the text.
        words: The words alone.
    """

    def __init__(self, text: str | Sequence[str], thesaurus: Thesaurus) -> None:
        """Takes a text apart.

        Args:
            text: The text; or its tokens, each of which is a word then, with a space between it and the next.
            thesaurus: Knows what can stand for a word.
        """
        if isinstance(text, str):
            self.pieces = WORD.split(text)
        else:
            self.pieces = [" "] * (2 * len(text) + 1)
            self.pieces[0] = self.pieces[-1] = ""
            self.pieces[1::2] = text
        self.words = self.pieces[1::2]
        self._thesaurus = thesaurus

    @cached_property
    def synonyms(self) -> dict[int, tuple[str, ...]]:
        """What can stand for the words that have synonyms, in lower case, by their positions in ascending order."""
        words, pieces, titled = self.words, self.pieces, self._titled
        table, lookup = self._thesaurus.table, self._thesaurus.synonyms
        small = [*map(str.lower, words), ""]
        found = {}
        for position, word in enumerate(words):
            if word in table or position in titled:
                before = small[position - 1] if pieces[2 * position] == " " else ""
                after = small[position + 1] if pieces[2 * position + 2] == " " else ""
                alike = lookup(titled.get(position, word), before, after)
                if alike:
                    found[position] = alike
        return found

    @cached_property
    def replaceable(self) -> list[int]:
        """Positions of the words that have synonyms, ascending."""
        return list(self.synonyms)

    @cached_property
    def _titled(self) -> dict[int, str]:
        """Words of the thesaurus whose capital only a sentence's start gives them, written small, by position.

        Any other word with a capital counts as a name, and so does one that the text also writes with a capital inside
        a sentence.
        """
        table = self._thesaurus.table
        capitalised = [(place, _small(word)) for place, word in enumerate(self.words) if word[:1].isupper()]
        known = {place: word for place, word in capitalised if word in table}
        starts = {place: word for place, word in known.items() if self.starts_sentence(place)}
        names = {self.words[place] for place in known if place not in starts}
        return {place: word for place, word in starts.items() if self.words[place] not in names}

    def put_synonym(self, pieces: list[str], position: int, synonym: str) -> None:
        """Puts a synonym in the place of a word, and "an" for "a" before it or the other way round where it must be.

        Args:
            pieces: A copy of the passage's pieces, which is changed.
            position: The word's.
            synonym: What stands for it, in lower case.
        """
        place = 2 * position + 1
        pieces[place] = like(synonym, self.words[position])
        if position and pieces[place - 1] == " " and pieces[place - 2] in ARTICLES:
            vowel = synonym.startswith(VOWELS)
            if vowel != self.words[position].lower().startswith(VOWELS):
                pieces[place - 2] = pieces[place - 2][0] + "n" * vowel

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
