"""Turns texts into sets of hashed word n-grams (shingles), a whole column at once."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from stages.common.text_rules.columns import beyond_ascii
from stages.common.text_rules.normalisation import compatible
from stages.common.words.splitting import separate_words

Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]
NO_WORD = r"[^\pL\pM\pN_]+"  # in RE2's syntax
ODD = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio, made odd (Knuth, TAOCP 3, 6.4)
INVERSE = pow(ODD, -1, 2**64)
SEED = 20
LAST_BIT = np.uint64(1)
PIECE = 2**17  # bytes that are hashed at once


def _draw_codes() -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """A drawn number for each byte, alike for both cases of a letter, 0 outside of words; and whether it is in one."""
    codes = np.random.Generator(np.random.PCG64(SEED)).integers(2**64, size=256, dtype=np.uint64)
    codes[65:91] = codes[97:123]
    inside = np.array([byte > 127 or chr(byte).isalnum() or chr(byte) == "_" for byte in range(256)])
    return np.where(inside, codes, np.uint64(0)), inside


CODES, IN_WORD = _draw_codes()


class Shingles(NamedTuple):
    """The shingles of each text, one below the other.

    Attributes:
        hashes: 64-bit hashes, uint64, [shingles]; a shingle that a text holds twice is there twice.
        starts: Where each text's begin in ``hashes``, and the end of the last one's, int64, [texts + 1].
    """

    hashes: Hashes
    starts: Offsets


def make_shingles(texts: pd.Series, words: int) -> Shingles:
    """Hashes each run of so many words (stages/common/words); case, punctuation and white space do not count.

    Args:
        texts: One text a row.
        words: Words of a shingle.

    Returns:
        The shingles in the order of the rows. A text with fewer words has none.
    """
    tokens, lengths = _hash_words(*_bytes(_only_words(texts)))
    return _join(tokens, lengths, words)


def pair_shingles(first: Shingles, second: Shingles) -> Shingles:
    """Puts the shingles of both texts of each pair together; the last bit of a hash says which text it is from.

    Args:
        first: Those of the first texts.
        second: Those of the second texts, as many.
    """
    owners = [np.repeat(np.arange(len(half.starts) - 1), np.diff(half.starts)) for half in (first, second)]
    hashes = np.concatenate([first.hashes & ~LAST_BIT, second.hashes | LAST_BIT])
    order = np.argsort(np.concatenate(owners), kind="stable")
    return Shingles(hashes[order], first.starts + second.starts)


def of_one_text(shingles: Shingles, second: bool) -> Shingles:
    """Those of the first or the second texts alone, of what :func:`pair_shingles` gave."""
    chosen = (shingles.hashes & LAST_BIT).astype(bool) == second
    return Shingles(shingles.hashes[chosen], np.concatenate([[0], np.cumsum(chosen)])[shingles.starts])


def _only_words(texts: pd.Series) -> pd.Series:
    """Folds texts with characters beyond ASCII, so that in all texts each byte beyond ASCII is a part of a word."""
    beyond = beyond_ascii(texts)
    if not beyond.any():
        return texts
    folded = [separate_words(compatible(text.casefold())) for text in texts[beyond]]
    lowered = pc.utf8_lower(pa.array(folded, type=pa.large_string()))
    changed = texts.copy()
    changed[beyond] = pc.replace_substring_regex(lowered, NO_WORD, " ").to_pylist()
    return changed


def _bytes(texts: pd.Series) -> tuple[npt.NDArray[np.uint8], Offsets]:
    """The bytes of all texts in UTF-8, and where each text begins, and the end of the last one, [texts + 1]."""
    column = pa.array(texts, type=pa.large_string())
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    _, offsets, data = column.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[column.offset :][: len(column) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8), starts


def _hash_words(characters: npt.NDArray[np.uint8], starts: Offsets) -> tuple[Hashes, Offsets]:
    """Hashes each word: the sum of a drawn number for each byte, times an odd number to the power of its place.

    Args:
        characters: The bytes of all texts.
        starts: Where each text begins, and the end of the last one, [texts + 1].

    Returns:
        The words' hashes, and how many words each text has, [texts].
    """
    tokens, lengths = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    first = 0
    while first < len(starts) - 1:  # some texts at a time, so that all of it stays in the processor's cache
        last = max(int(np.searchsorted(starts, starts[first] + PIECE, side="right")) - 1, first + 1)
        here, bounds = characters[starts[first] : starts[last]], starts[first : last + 1] - starts[first]
        inside = IN_WORD[here]
        begins = inside.copy()
        begins[1:] &= ~inside[:-1]
        at_start = bounds[:-1][bounds[:-1] < len(here)]
        begins[at_start] = inside[at_start]
        places = np.flatnonzero(begins)
        lengths.append(np.diff(np.searchsorted(places, bounds)))
        if len(places):
            powers = np.full(len(here), ODD, dtype=np.uint64)
            tokens.append(np.add.reduceat(CODES[here] * np.cumprod(powers, out=powers), places))
            tokens[-1] *= np.cumprod(np.full(len(here), INVERSE, dtype=np.uint64))[places]
        first = last
    return np.concatenate(tokens), np.concatenate(lengths)


def _join(tokens: Hashes, lengths: Offsets, words: int) -> Shingles:
    """Hashes each run of tokens that lies within one text (a polynomial in an odd number, then mixed)."""
    counts = np.maximum(lengths - words + 1, 0)
    starts = np.concatenate([[0], np.cumsum(counts)])
    if not starts[-1]:
        return Shingles(np.zeros(0, dtype=np.uint64), starts)
    every = len(tokens) - words + 1
    hashes = tokens[:every].copy()
    for place in range(1, words):
        hashes *= np.uint64(ODD)
        hashes += tokens[place : place + every]
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(0xD6E8FEB86659FD93)  # the multiplier of rrmxmx (Evensen 2018)
    hashes ^= hashes >> np.uint64(32)
    ends = np.cumsum(lengths)
    inside = np.repeat(ends, counts) - np.repeat(lengths, counts)  # where each shingle's text begins
    return Shingles(hashes[inside + np.arange(starts[-1]) - np.repeat(starts[:-1], counts)], starts)


def jaccard(shingles: Shingles, one: Offsets, other: Offsets) -> npt.NDArray[np.float64]:
    """The share that the shingles of two texts have in common of all that either has, for many pairs.

    Args:
        shingles: Of some texts.
        one: The number of one text of each pair, [pairs].
        other: The number of the other text, [pairs].

    Returns:
        From 0 to 1, [pairs]; 0 where neither text has a shingle.
    """
    _, columns = np.unique(shingles.hashes, return_inverse=True)
    shape = (len(shingles.starts) - 1, int(columns.max(initial=-1)) + 1)
    sets = csr_array((np.ones(len(columns), dtype=np.int32), columns, shingles.starts), shape=shape)
    sets.sum_duplicates()
    sets.data[:] = 1
    sizes = np.diff(sets.indptr)
    similarity = np.zeros(len(one))
    for start in range(0, len(one), 20_000):  # bounds the memory
        here = slice(start, start + 20_000)
        shared = np.asarray(sets[one[here]].multiply(sets[other[here]]).sum(axis=1)).ravel()
        either = sizes[one[here]] + sizes[other[here]] - shared
        similarity[here] = np.divide(shared, either, out=np.zeros(len(shared)), where=either > 0)
    return similarity
