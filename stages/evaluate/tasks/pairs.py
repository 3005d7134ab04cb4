"""The test of pairs of texts with one label each: as for single texts, but for what the plain classifiers see."""

import numpy as np
import pandas as pd

from stages.common.metrics.counts import Floats
from stages.common.model.scorer import Scorer
from stages.evaluate.baseline import pair_features
from stages.evaluate.frozen import Embed
from stages.evaluate.inputs import Inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import Evaluation
from stages.evaluate.tasks.text_classification import (
    SHOWN,
    are_predictions,
    check_documents,
    compare,
    evaluate_labels,
)

__all__ = ["SHOWN", "are_predictions", "check_documents", "compare", "evaluate"]


def evaluate(inputs: Inputs, scorer: Scorer, parameters: EvaluateParameters) -> Evaluation:
    """Tests the encoder beside TF-IDF of both texts, and beside the pretrained encoder's embeddings of both."""
    return evaluate_labels(inputs, scorer, parameters, pair_features, pair_vectors)


def pair_vectors(pairs: pd.DataFrame, embed: Embed) -> Floats:
    """The vectors of both texts, their distance and their product (Conneau et al. 2017, arXiv 1705.02364).

    Args:
        pairs: Documents.
        embed: From texts to vectors.

    Returns:
        Shape (documents, 4 x hidden size).
    """
    one, other = np.split(embed([*pairs["text"], *pairs["text_pair"]]), 2)
    return np.hstack([one, other, np.abs(one - other), one * other])
