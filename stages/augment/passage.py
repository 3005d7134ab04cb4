"""A text taken apart once, for all methods to work on: its words, and what stands between them."""

import re
from collections.abc import Sequence
from functools import cached_property

from stages.augment.thesaurus import Thesaurus
from stages.common.words.function_words import FUNCTION_WORDS
from stages.common.words.sentences import TITLES

# A word is a run of anything but white space and punctuation, joined by marks that stand inside it: "don't", "3.5%",
# "e-mail". Not \w, which would cut words at the vowel signs of Indian scripts.
PUNCTUATION = r"""!"'-/:-@\[-`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u3003\uff01\uff0c"""
LETTERS = rf"[^\s{PUNCTUATION}]+"
WORD = re.compile(rf"({LETTERS}(?:[-'\u2019.,&/@:_]{LETTERS})*)")
SENTENCE_END = re.compile(r"[.!?\n]")

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
        pieces, forms, titled = self.pieces, self.words.copy(), self._titled
        for position, form in titled.items():
            forms[position] = form
        table, lookup = self._thesaurus.table, self._thesaurus.synonyms
        words = [*self.words, ""]
        found = {}
        for position, form in enumerate(forms):
            if form in table:
                before = words[position - 1] if pieces[2 * position] == " " else ""
                after = words[position + 1] if pieces[2 * position + 2] == " " else ""
                alike = lookup(form, before, after)
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
        known = {
            place: small
            for place, word in enumerate(self.words)
            if word[:1].isupper() and (small := _small(word)) in table
        }
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
        gap = self.pieces[2 * position]
        if gap == " " or not SENTENCE_END.search(gap):
            return False
        before = self.words[position - 1]
        return before not in TITLES and len(before) != 1

    def small_inside_sentence(self, position: int) -> str:
        """The word as it is written inside a sentence: without a capital that only a sentence's start gives it."""
        word = self.words[position]
        if not self.starts_sentence(position):
            return word
        small = _small(word)
        return small if small in FUNCTION_WORDS or small in self.words else word


def _small(word: str) -> str:
    """The word without the capital it starts with; a word with more capitals, such as "BBC", stays as it is."""
    return word[0].lower() + word[1:]


def like(replacement: str, replaced: str) -> str:
    """The replacement with a capital first letter if the word that it replaces has one."""
    return replacement[0].upper() + replacement[1:] if replaced[0].isupper() else replacement
