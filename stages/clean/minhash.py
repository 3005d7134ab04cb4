"""MinHash with banding (Broder 1997; Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.3 and 3.4)."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.clean.shingles import Hashes, Shingles

SEED = 20
FEW = 0.05  # of the pairs that are a quarter as similar as the threshold, at most so many are looked at
EMPTY = np.uint64(0)


class Bands(NamedTuple):
    """How signatures are cut: two texts are compared if all rows of one band agree."""

    bands: int
    rows: int


def choose_bands(threshold: float, recall: float) -> Bands:
    """The fewest hash functions that find a pair at the threshold with a probability, and few pairs far below it.

    A pair of similarity s agrees in one band with probability s**rows, in any with 1 - (1 - s**rows)**bands.

    Args:
        threshold: The similarity from which on pairs are wanted, above 0, below 1.
        recall: The probability with which a pair at the threshold is found, above 0, below 1.
    """
    for rows in range(1, 65):
        bands = max(math.ceil(math.log1p(-recall) / math.log1p(-(threshold**rows))), 1)
        if 1 - (1 - (threshold / 4) ** rows) ** bands <= FEW:
            return Bands(bands, rows)
    raise ValueError(f"no number of rows suits the threshold {threshold}")


def band_keys(shingles: Shingles, bands: Bands) -> Hashes:
    """Hashes each text's signature band by band.

    Args:
        shingles: Of some texts.
        bands: How many bands of how many rows.

    Returns:
        uint64, [texts, bands]; 0 where a text has no shingle.
    """
    drawn = np.random.Generator(np.random.PCG64(SEED)).integers(2**32, size=(2, bands.bands * bands.rows))
    factors, offsets = drawn.astype(np.uint32)
    factors |= np.uint32(1)
    present = np.diff(shingles.starts) > 0
    keys = np.zeros((len(present), bands.bands), dtype=np.uint64)
    if not present.any():
        return keys
    hashes = (shingles.hashes >> np.uint64(32)).astype(np.uint32)
    starts = shingles.starts[:-1][present]
    work = np.empty_like(hashes)
    for number, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
        np.multiply(hashes, factor, out=work)
        np.add(work, offset, out=work)
        smallest: npt.NDArray[np.uint64] = np.minimum.reduceat(work, starts).astype(np.uint64)
        band = number // bands.rows
        keys[present, band] = _mixed(keys[present, band] + smallest)
    keys[present] = np.maximum(keys[present], EMPTY + np.uint64(1))
    return keys


def _mixed(keys: Hashes) -> Hashes:
    """Spreads each bit over the whole number (the finaliser of SplitMix64, Steele et al. 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
