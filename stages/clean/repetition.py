"""Finds texts that repeat themselves, by the rules of Gopher (Rae et al. 2021, Scaling Language Models, table A1)."""

from collections import Counter

import numpy as np
import pandas as pd

from stages.clean.parameters import Repetition
from stages.clean.shingles import make_shingles
from stages.common.words.splitting import count_words, spaced_words

LONG_WORDS = 3  # an n-gram's words are at most so many times as long as the text's mean word: for the quick look only


def find_repetition(texts: pd.Series, settings: Repetition) -> pd.Series:
    """Says what a text repeats too much of.

    Args:
        texts: One text a row.
        settings: The limits.

    Returns:
        The reasons, indexed by the rows that have one.
    """
    words = count_words(texts)
    longer = texts[words >= settings.min_words]
    reasons = {row: repeated_lines(text, settings) for row, text in longer.items()}
    pairs, often = _most_frequent(longer, 2)
    may_repeat = often * 2 * LONG_WORDS >= settings.top_ngrams[0] * pairs
    _, fives = _most_frequent(longer, 5)
    for row, text in longer[may_repeat | (fives > 1)].items():
        reasons[row] = reasons[row] or repeated_ngrams(text, settings)
    return pd.Series({row: reason for row, reason in reasons.items() if reason}, dtype="str")


def repeated_lines(text: str, settings: Repetition) -> str | None:
    """Why the lines of a text are too much alike, or None."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    counts = Counter(lines)
    if len(counts) == len(lines):
        return None
    share = 1 - len(counts) / len(lines)
    if share > settings.lines:
        return f"{share:.0%} of its lines are repeats of another"
    characters = sum(len(line) * (count - 1) for line, count in counts.items()) / sum(map(len, lines))
    if characters > settings.line_characters:
        return f"{characters:.0%} of its characters are in lines that repeat another"
    return None


def repeated_ngrams(text: str, settings: Repetition) -> str | None:
    """Why the n-grams of a text are too much alike, or None."""
    words = spaced_words(text)
    lengths = np.array([len(word) for word in words])
    for size, limit in enumerate(settings.top_ngrams, start=2):
        grams = list(zip(*(words[start:] for start in range(size)), strict=False))
        top, count = Counter(grams).most_common(1)[0]
        share = count * sum(map(len, top)) / lengths.sum()
        if count > 1 and share > limit:
            return f"{share:.0%} of its characters are one run of {size} words, {count} times"
    for size, limit in enumerate(settings.repeated_ngrams, start=5):
        seen: set[tuple[str, ...]] = set()
        repeated = np.zeros(len(words), dtype=bool)
        for start, gram in enumerate(zip(*(words[start:] for start in range(size)), strict=False)):
            if gram in seen:
                repeated[start : start + size] = True
            seen.add(gram)
        share = lengths[repeated].sum() / lengths.sum()
        if share > limit:
            return f"{share:.0%} of its characters are in runs of {size} words that occurred before"
    return None


def _most_frequent(texts: pd.Series, words: int) -> tuple[pd.Series, pd.Series]:
    """How many n-grams each text has, and how often its most frequent one occurs."""
    shingles = make_shingles(texts, words)
    counts = np.diff(shingles.starts)
    owner = np.repeat(np.arange(len(texts)), counts)
    order = np.lexsort((shingles.hashes, owner))
    hashes, owner = shingles.hashes[order], owner[order]
    another = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    first = np.flatnonzero(np.concatenate([[True], another])[: len(order)])
    runs = np.diff(np.append(first, len(order)))
    often = np.zeros(len(texts), dtype=np.int64)
    np.maximum.at(often, owner[first], runs)
    return pd.Series(counts, index=texts.index), pd.Series(often, index=texts.index)
