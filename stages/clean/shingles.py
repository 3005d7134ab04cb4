"""Turns texts into sets of hashed word n-grams (shingles), a whole column at once."""

import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from stages.common.text_rules.columns import beyond_ascii, change_where

Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]
NO_WORD = r"[^\pL\pM\pN_]+"  # in RE2's syntax
ODD = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio, made odd (Knuth, TAOCP 3, 6.4)


class Shingles(NamedTuple):
    """The shingles of each text, one below the other.

    Attributes:
        hashes: 64-bit hashes, uint64, [shingles]; a shingle that a text holds twice is there twice.
        starts: Where each text's begin in ``hashes``, and the end of the last one's, int64, [texts + 1].
    """

    hashes: Hashes
    starts: Offsets


def make_shingles(texts: pd.Series, words: int) -> Shingles:
    """Hashes each run of so many words; case, punctuation and white space do not count.

    Args:
        texts: One text a row.
        words: Words of a shingle.

    Returns:
        The shingles in the order of the rows. A text with fewer words has none.
    """
    folded = change_where(texts, beyond_ascii(texts), lambda text: unicodedata.normalize("NFKC", text.casefold()))
    lowered = pc.utf8_lower(pa.array(folded, type=pa.large_string()))
    plain = pc.ascii_trim_whitespace(pc.replace_substring_regex(lowered, NO_WORD, " "))
    lists = pa.chunked_array(pc.ascii_split_whitespace(plain)).combine_chunks()
    wordless = np.asarray(pc.equal(plain, ""))  # arrow makes one empty word of an empty text
    encoded = lists.flatten().dictionary_encode()
    vocabulary = pd.util.hash_array(np.asarray(encoded.dictionary, dtype=object), categorize=False)
    lengths = np.asarray(pc.list_value_length(lists), dtype=np.int64)
    tokens = vocabulary[np.asarray(encoded.indices)][~np.repeat(wordless, lengths)]
    lengths[wordless] = 0
    return _join(tokens, lengths, words)


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
