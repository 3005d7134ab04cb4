"""The pretrained encoder's embeddings, not trained, with logistic regression: what fine-tuning adds to them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.documents.table import ORIGINAL
from stages.common.metrics.counts import Floats
from stages.common.model.embedding import embed
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.predictions import indices
from stages.evaluate.regression import PlainClassifier, fit_plain

PRETRAINED = Path("models/fetched/pretrained")


def fit_frozen(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    texts: Sequence[str],
    labels: Sequence[str],
    parameters: EvaluateParameters,
) -> PlainClassifier:
    """Trains logistic regression on embeddings of a limited number of training documents.

    Args:
        train: Training documents; only originals are used.
        validation: Validation documents, from which the penalty is chosen.
        texts: The test documents' texts.
        labels: The labels' names.
        parameters: How many documents are embedded, and how much of each.
    """
    settings, seed = parameters.frozen, parameters.seed
    originals = train[train["method"] == ORIGINAL]
    chosen = each_class_evenly(originals, settings.documents, seed)
    tuned = each_class_evenly(validation, settings.documents, seed)
    parts = [*chosen["text"], *tuned["text"], *texts]
    vectors = embed(PRETRAINED, parts, settings.max_length, parameters.threads)
    ends = [len(chosen), len(chosen) + len(tuned)]
    fitted, checked, tested = (np.asarray(part, dtype=np.float64) for part in np.split(vectors, ends))
    scale: Floats = fitted.std(axis=0) + np.finfo(np.float64).tiny
    return fit_plain(
        (fitted / scale, indices(chosen, labels)),
        (checked / scale, indices(tuned, labels)),
        tested / scale,
        len(labels),
        settings.c,
        parameters.baseline.max_iterations,
        "frozen encoder",
    )


def each_class_evenly(documents: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """So many documents at most, the classes in turn; the choice depends on the seed and the ids alone."""
    rank = pd.Series([derived_seed(seed, "frozen", ident) for ident in documents["id"]], index=documents.index)
    turn = rank.groupby(documents["label"]).rank(method="first")
    order = pd.DataFrame({"turn": turn, "rank": rank.astype("uint64")}).sort_values(["turn", "rank"])
    return documents.loc[order.index[:count]]
