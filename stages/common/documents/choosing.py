"""A choice of documents at random that depends on a seed and on their ids alone."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stages.common.core.seeding import derived_seed


def shuffled_documents(ids: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """All documents in a random order, [documents]."""
    drawn = np.array([derived_seed(seed, "chosen", ident) for ident in ids], dtype=np.uint64)
    return np.argsort(drawn, kind="stable")


def chosen_documents(ids: Sequence[str], count: int, seed: int) -> npt.NDArray[np.int64]:
    """So many documents chosen at random, or all of them, in their order, [documents]."""
    return np.sort(shuffled_documents(ids, seed)[:count])
