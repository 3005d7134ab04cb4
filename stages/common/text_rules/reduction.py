"""The classic steps that take away what a bag of words does not need: case, punctuation, stop words, inflection."""

import re
import sys
import unicodedata
from functools import cache

import pandas as pd

from stages.common.text_rules.addresses import change_between
from stages.common.text_rules.columns import change_where, matching

PUNCTUATION = dict.fromkeys(
    (point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)).startswith("P")), " "
)
APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
LETTERS = re.compile(r"[^\W\d_]+")
PARTS_OF_SPEECH = ("VERB", "NOUN", "ADJ", "ADV")
STRESSED = "!?.,;"  # marks whose number beyond a few says nothing
COUNTED = ":*=_~#+/-"  # marks that may be counted, as in a rating of ***** or a level of ####: up to ten stay
MOST_COUNTED = 10
REPEATED = re.compile(rf"([{STRESSED}{COUNTED}])\1+")
Kept = re.Pattern[str] | None  # finds what no rule may change, such as addresses


def shorten_repeats(texts: pd.Series, longest: int, kept: Kept = None) -> pd.Series:
    """Cuts runs of one punctuation mark to a length; of marks that may be counted, such as stars, ten always stay.

    Args:
        texts: One text a row.
        longest: Marks that are left of a longer run.
        kept: Finds what stays as it is.

    Returns:
        The texts in the same order.
    """
    limits = dict.fromkeys(STRESSED, longest) | {mark: max(longest, MOST_COUNTED) for mark in COUNTED}
    pattern = "|".join(f"{re.escape(mark)}{{{limit + 1}}}" for mark, limit in limits.items())

    def cut(text: str) -> str:
        return REPEATED.sub(lambda run: run[0][: limits[run[1]]], text)

    return change_where(texts, matching(texts, pattern), lambda text: change_between(kept, text, cut))


def lowercase(texts: pd.Series, kept: Kept = None) -> pd.Series:
    """Puts all letters into lower case, but those of what is kept."""
    return change_where(texts, pd.Series(True, index=texts.index), lambda text: change_between(kept, text, str.lower))


def remove_punctuation(texts: pd.Series, kept: Kept = None) -> pd.Series:
    """Puts a space in place of each punctuation mark, nothing in place of an apostrophe inside a word."""

    def remove(text: str) -> str:
        return APOSTROPHE.sub("", text).translate(PUNCTUATION)

    everywhere = pd.Series(True, index=texts.index)
    return change_where(texts, everywhere, lambda text: change_between(kept, text, remove))


def remove_stop_words(texts: pd.Series, kept: Kept = None) -> pd.Series:
    """Removes English words that carry little meaning: the list of scikit-learn (Stone, Dennis & Kwantes 2010).

    Args:
        texts: One text a row.
        kept: Finds what stays as it is.

    Returns:
        The texts in the same order, with the spaces that stood around the words.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    def remove(text: str) -> str:
        return WORD.sub(lambda word: "" if word[0].lower() in ENGLISH_STOP_WORDS else word[0], text)

    return change_where(texts, pd.Series(True, index=texts.index), lambda text: change_between(kept, text, remove))


def lemmatise(texts: pd.Series, kept: Kept = None) -> pd.Series:
    """Replaces English words by their dictionary form, where lemminflect knows them; a capital at the begin stays.

    Args:
        texts: One text a row.
        kept: Finds what stays as it is.

    Returns:
        The texts in the same order. A word that can be several parts of speech is taken for a verb first, then a noun,
        adjective and adverb.
    """

    def lemmas(text: str) -> str:
        return LETTERS.sub(lambda word: _lemma(word[0]), text)

    everywhere = pd.Series(True, index=texts.index)
    return change_where(texts, everywhere, lambda text: change_between(kept, text, lemmas))


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
