"""TF-IDF with logistic regression: the plain method that an encoder has to beat to be worth its cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from stages.common.messages import UserError, progress
from stages.evaluate.figures import Counts, overall_figures, tally
from stages.evaluate.parameters import BaselineParameters


@dataclass(frozen=True)
class Baseline:
    """What the baseline predicts, and how its penalty was chosen.

    Attributes:
        predicted: Index of the label that it predicts for each test document, shape (documents,).
        c: The inverse penalty that was taken.
        validation_macro_f1: For each inverse penalty that was tried, the macro F1 on the validation split.
        features: Words and sequences of words that are features.
    """

    predicted: Counts
    c: float
    validation_macro_f1: dict[float, float]
    features: int


def fit_baseline(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    texts: Sequence[str],
    labels: Sequence[str],
    settings: BaselineParameters,
) -> Baseline:
    """Trains the baseline on the training split, with the penalty that does best on the validation split.

    Args:
        train: Training documents, augmented ones included.
        validation: Validation documents.
        texts: The test documents' texts.
        labels: The labels' names, in the order of the indices.
        settings: The baseline's settings.

    Returns:
        Its predictions for the texts.

    Raises:
        UserError: If the training documents hold no feature, or only one label.
    """
    vectorizer = TfidfVectorizer(
        ngram_range=(1, settings.ngram_max), min_df=settings.min_df, sublinear_tf=settings.sublinear_tf
    )
    try:
        features = vectorizer.fit_transform(train["text"])
    except ValueError:
        raise UserError(
            f"data/audited/train.parquet: no word occurs in {settings.min_df} of its {len(train)} documents.",
            "Lower evaluate.baseline.min_df in params.yaml.",
        ) from None
    if train["label"].nunique() < 2:
        raise UserError("data/audited/train.parquet: all documents have one label.", "A classifier needs two or more.")
    index = {label: position for position, label in enumerate(labels)}
    wanted = np.asarray(validation["label"].map(index), dtype=np.int64)
    seen = vectorizer.transform(validation["text"])
    models, scores = {}, {}
    for c in progress(sorted(set(settings.c)), "baseline", "penalty"):
        with threadpool_limits(limits=1):  # another number of threads changes the last digits of the weights
            model = LogisticRegression(C=c, max_iter=settings.max_iterations)
            models[c] = model.fit(features, train["label"].map(index))
        guessed = np.asarray(models[c].predict(seen), dtype=np.int64)
        scores[c] = float(overall_figures(tally(wanted, guessed, len(labels)))["macro_f1"])
    best = max(scores, key=scores.__getitem__)  # the first, which is the strongest penalty, wins a tie
    predicted = models[best].predict(vectorizer.transform(texts))
    return Baseline(np.asarray(predicted, dtype=np.int64), best, scores, len(vectorizer.vocabulary_))
