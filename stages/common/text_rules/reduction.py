"""The classic steps that take away what a bag of words does not need: case, punctuation, stop words, inflection."""

import re
import sys
import unicodedata
from functools import cache

import pandas as pd

from stages.common.text_rules.columns import change_where, matching

PUNCTUATION = dict.fromkeys(
    (point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)).startswith("P")), " "
)
APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
LETTERS = re.compile(r"[^\W\d_]+")
PARTS_OF_SPEECH = ("VERB", "NOUN", "ADJ", "ADV")
REPEATABLE = r"!?.,;:*=_~#+/-"
REPEATED = re.compile(rf"([{REPEATABLE}])\1+")


def shorten_repeats(texts: pd.Series, longest: int) -> pd.Series:
    """Cuts runs of one punctuation mark to a length.

    Args:
        texts: One text a row.
        longest: Marks that are left of a longer run.

    Returns:
        The texts in the same order.
    """
    pattern = "|".join(f"{re.escape(mark)}{{{longest + 1}}}" for mark in REPEATABLE)
    return change_where(texts, matching(texts, pattern), lambda text: REPEATED.sub(lambda run: run[0][:longest], text))


def lowercase(texts: pd.Series) -> pd.Series:
    """Puts all letters into lower case."""
    return change_where(texts, pd.Series(True, index=texts.index), str.lower)


def remove_punctuation(texts: pd.Series) -> pd.Series:
    """Puts a space in place of each punctuation mark, nothing in place of an apostrophe inside a word."""
    everywhere = pd.Series(True, index=texts.index)
    return change_where(texts, everywhere, lambda text: APOSTROPHE.sub("", text).translate(PUNCTUATION))


def remove_stop_words(texts: pd.Series) -> pd.Series:
    """Removes English words that carry little meaning: the list of scikit-learn (Stone, Dennis & Kwantes 2010).

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order, with the spaces that stood around the words.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    def remove(text: str) -> str:
        return WORD.sub(lambda word: "" if word[0].lower() in ENGLISH_STOP_WORDS else word[0], text)

    return change_where(texts, pd.Series(True, index=texts.index), remove)


def lemmatise(texts: pd.Series) -> pd.Series:
    """Replaces English words by their dictionary form, where lemminflect knows them; a capital at the begin stays.

    Args:
        texts: One text a row.

    Returns:
        The texts in the same order. A word that can be several parts of speech is taken for a verb first, then a noun,
        adjective and adverb.
    """
    everywhere = pd.Series(True, index=texts.index)
    return change_where(texts, everywhere, lambda text: LETTERS.sub(lambda word: _lemma(word[0]), text))


@cache
def _lemma(word: str) -> str:
    """The last of a word's lemma, that lemma's lemma and so on; in a circle, the alphabetically first."""
    seen = [word.lower()]
    while (following := _one_step(seen[-1])) not in seen:
        seen.append(following)
    lemma = min(seen[seen.index(following) :])
    return word if lemma == seen[0] else lemma.capitalize() if word.istitle() else lemma


def _one_step(word: str) -> str:
    from lemminflect import getAllLemmas

    found = getAllLemmas(word)
    lemmas = next((found[part] for part in PARTS_OF_SPEECH if part in found), (word,))
    return word if word in lemmas else str(lemmas[0]).lower()
