"""Finds pairs of texts that are nearly the same: candidates by MinHash, each verified by its Jaccard similarity."""

from functools import partial

import numpy as np
import pandas as pd

from stages.clean.minhash import EMPTY, Bands, band_keys, choose_bands
from stages.clean.parameters import NearDuplicates
from stages.clean.shingles import Hashes, Offsets, jaccard, make_shingles
from stages.common.partitions import map_partitions

FULL = 1_000  # texts in one bucket of which all pairs are compared; of more, each with the first and its neighbours
NEIGHBOURS = 50


def find_near_duplicates(documents: pd.DataFrame, settings: NearDuplicates) -> pd.DataFrame:
    """Finds the pairs of documents whose word n-grams have at least a certain Jaccard similarity.

    Args:
        documents: Rows of a document table in which no text occurs twice.
        settings: The threshold, the words of a shingle and the wanted recall.

    Returns:
        One row a pair: ``one`` and ``other`` (ids, ``one`` the smaller), ``similarity``; sorted. Texts with fewer
        words than a shingle, and sentences for token classification, are in no pair.
    """
    documents = documents.loc[documents["tokens"].isna() & settings.enabled, ["id", "text"]]
    documents = documents.sort_values("id", ignore_index=True)
    bands = choose_bands(settings.threshold, settings.recall)
    sign = partial(sign_partition, words=settings.shingle_words, bands=bands)
    keys = map_partitions(sign, documents[["text"]], "near-duplicates").to_numpy()
    one, other = candidate_pairs(keys)

    concerned = np.unique(np.concatenate([one, other]))
    shingles = make_shingles(documents["text"].iloc[concerned], settings.shingle_words)
    similarity = jaccard(shingles, np.searchsorted(concerned, one), np.searchsorted(concerned, other))
    similar = similarity >= settings.threshold
    ids = documents["id"].to_numpy(dtype=object)
    pairs = {"one": ids[one[similar]], "other": ids[other[similar]], "similarity": similarity[similar]}
    return pd.DataFrame(pairs).astype({"one": "str", "other": "str"}).sort_values(["one", "other"], ignore_index=True)


def sign_partition(documents: pd.DataFrame, words: int, bands: Bands) -> pd.DataFrame:
    """The band keys of each document of a partition, one column a band."""
    return pd.DataFrame(band_keys(make_shingles(documents["text"], words), bands))


def candidate_pairs(keys: Hashes) -> tuple[Offsets, Offsets]:
    """The pairs of texts that share a band.

    Args:
        keys: uint64, [texts, bands].

    Returns:
        The numbers of both texts of each pair, the smaller one first; each pair once, sorted.
    """
    count = len(keys)
    found = [np.zeros(0, dtype=np.int64)]
    for band in keys.T:
        order = np.argsort(band, kind="stable").astype(np.int64)
        ends = np.flatnonzero(np.diff(band[order], append=~band[order[-1:]]) != 0) + 1
        sizes = np.diff(ends, prepend=0)
        shared = (sizes > 1) & (band[order[ends - 1]] != EMPTY)
        for start, size in zip((ends - sizes)[shared], sizes[shared], strict=True):
            bucket = order[start : start + size]  # ascending, because the sort is stable
            first, second = _pairs_of(int(size))
            found.append(bucket[first] * count + bucket[second])
    pairs = np.unique(np.concatenate(found))
    return pairs // max(count, 1), pairs % max(count, 1)


def _pairs_of(size: int) -> tuple[Offsets, Offsets]:
    if size <= FULL:
        first, second = np.triu_indices(size, 1)
        return first.astype(np.int64), second.astype(np.int64)
    numbers = np.arange(size)
    steps = [(numbers[:-step], numbers[step:]) for step in range(1, NEIGHBOURS + 1)]
    steps.append((np.zeros(size - 1, dtype=np.int64), numbers[1:]))
    return np.concatenate([one for one, _ in steps]), np.concatenate([other for _, other in steps])
