"""What small changes of the test texts do to the encoder: how far accuracy drops, how often the prediction stays."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed, generator
from stages.common.metrics.counts import Counts
from stages.common.metrics.intervals import paired_difference, wilson
from stages.evaluate.perturbations import PERTURBATIONS
from stages.evaluate.tables import COLUMNS


def chosen_documents(ids: Sequence[str], count: int, seed: int) -> Counts:
    """A random choice of documents that depends on the seed and the ids alone, [documents]."""
    drawn = np.array([derived_seed(seed, "chosen", ident) for ident in ids], dtype=np.uint64)
    return np.sort(np.argsort(drawn, kind="stable")[:count])


def robustness(
    documents: pd.DataFrame,
    actual: Counts,
    predicted: Counts,
    predict: Callable[[list[str]], Counts],
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """Perturbs documents in every way and scores them again, all in one pass.

    Args:
        documents: The chosen test documents.
        actual: Index of each one's label, shape (documents,).
        predicted: Index of the label that the encoder predicts for the text as it is.
        predict: The same for other texts; -1 where the encoder says nothing.
        confidence: How often an interval covers the true share.
        seed: The stage's seed.

    Returns:
        One row a perturbation, with the columns of robustness.csv.
    """
    texts = [
        change(text, generator(seed, name, ident))
        for name, change in PERTURBATIONS.items()
        for ident, text in zip(documents["id"], documents["text"], strict=True)
    ]
    after = predict(texts).reshape(len(PERTURBATIONS), len(documents))
    before = predicted == actual
    rows = []
    for name, now in zip(PERTURBATIONS, after, strict=True):
        right = now == actual
        lost, won = int((before & ~right).sum()), int((~before & right).sum())
        fall = paired_difference(lost, won, len(now), confidence)
        same = wilson(int((now == predicted).sum()), len(now), confidence)
        values = [name, len(now), float(before.mean()), float(right.mean()), fall.value, fall.low, fall.high]
        rows.append([*values, same.value, same.low, same.high])
    return pd.DataFrame(rows, columns=COLUMNS["robustness.csv"])
