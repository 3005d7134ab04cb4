"""The pretrained encoder's embeddings, not trained, with logistic regression: what fine-tuning adds to them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.documents.table import ORIGINAL
from stages.common.metrics.counts import Floats
from stages.common.model.embedding import embed
from stages.evaluate.inputs import Inputs
from stages.evaluate.logistic import Features, PlainClassifier, fit_logistic
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.predictions import indices

PRETRAINED = Path("models/fetched/pretrained")

Embed = Callable[[Sequence[str]], Floats]  # from texts to vectors, [texts, hidden size]


def fit_frozen(
    inputs: Inputs, vectors_of: Callable[[pd.DataFrame, Embed], Floats], parameters: EvaluateParameters
) -> PlainClassifier:
    """Trains logistic regression on embeddings of a limited number of training documents.

    Args:
        inputs: The splits; of the training documents only originals are used.
        vectors_of: From documents, and what embeds texts, to vectors, [documents, features].
        parameters: How many documents are embedded, and how much of each.
    """
    settings, seed, labels = parameters.frozen, parameters.seed, inputs.card.label_names
    originals = inputs.train[inputs.train["method"] == ORIGINAL]
    chosen = each_class_evenly(originals, settings.documents, seed)
    tuned = each_class_evenly(inputs.validation, settings.documents, seed)
    every = pd.concat([chosen, tuned, inputs.test], ignore_index=True)

    def embedded(texts: Sequence[str]) -> Floats:
        return np.asarray(embed(PRETRAINED, texts, settings.max_length, parameters.threads), dtype=np.float64)

    ends = [len(chosen), len(chosen) + len(tuned)]
    train, validation, test = np.split(vectors_of(every, embedded), ends)
    scale: Floats = train.std(axis=0) + np.finfo(np.float64).tiny
    return fit_logistic(
        Features(train / scale, validation / scale, test / scale),
        indices(chosen, labels),
        indices(tuned, labels),
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
