"""What small changes of the test texts do to the encoder: how far accuracy drops, how often the answer stays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.common.core.seeding import generator
from stages.common.documents.targets import text_columns
from stages.common.metrics.intervals import paired_difference, wilson
from stages.evaluate.perturbations import PERTURBATIONS, Perturbation
from stages.evaluate.results import COLUMNS

Answers = npt.NDArray[Any]  # of each document: the index of its label, shape (documents,), or (documents, labels)


def robustness(
    documents: pd.DataFrame,
    actual: Answers,
    predicted: Answers,
    predict: Callable[[pd.DataFrame], Answers],
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """Perturbs documents in every way and scores those that it changed again, all in one pass.

    A text that a perturbation leaves as it is says nothing about robustness, so it counts for nothing.

    Args:
        documents: The chosen test documents.
        actual: The right answer to each.
        predicted: What the encoder answers to the texts as they are.
        predict: The same for other texts; what equals no right answer where the encoder has none.
        confidence: How often an interval covers the true share.
        seed: The stage's seed.

    Returns:
        One row a perturbation, with the columns of robustness.csv.
    """
    columns = text_columns(documents)
    perturbed = {name: _perturbed(documents, name, change, seed) for name, change in PERTURBATIONS.items()}
    changed = {name: (each[columns] != documents[columns]).any(axis=1).to_numpy() for name, each in perturbed.items()}
    scored = pd.concat([each[changed[name]] for name, each in perturbed.items()], ignore_index=True)
    after = predict(scored) if len(scored) else actual[:0]
    ends = np.cumsum([each.sum() for each in changed.values()])[:-1]
    before = _same(predicted, actual)
    rows: list[list[Any]] = []
    for (name, counted), now in zip(changed.items(), np.split(after, ends), strict=True):
        if not len(now):
            rows.append([name, len(documents), 0, *[None] * 8])
            continue
        was, right = before[counted], _same(now, actual[counted])
        fall = paired_difference(int((was & ~right).sum()), int((~was & right).sum()), len(now), confidence)
        same = wilson(int(_same(now, predicted[counted]).sum()), len(now), confidence)
        shares = [float(was.mean()), float(right.mean()), fall.value, fall.low, fall.high]
        rows.append([name, len(documents), len(now), *shares, same.value, same.low, same.high])
    return pd.DataFrame(rows, columns=COLUMNS["robustness.csv"])


def _perturbed(documents: pd.DataFrame, name: str, change: Perturbation, seed: int) -> pd.DataFrame:
    """The documents with each of their texts changed; a second text by randomness of its own."""
    drawn_for = {column: () if column == "text" else (column,) for column in text_columns(documents)}
    texts = {
        column: [
            change(text, generator(seed, name, ident, *further))
            for ident, text in zip(documents["id"], documents[column], strict=True)
        ]
        for column, further in drawn_for.items()
    }
    return documents.assign(**texts)


def _same(one: Answers, other: Answers) -> npt.NDArray[np.bool_]:
    """Whether two answers to each document are the same, shape (documents,)."""
    return np.asarray((one == other).reshape(len(one), -1).all(axis=1))
