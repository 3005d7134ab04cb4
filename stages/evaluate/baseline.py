"""TF-IDF with logistic regression: the plain method that an encoder has to beat to be worth its cost."""

from collections.abc import Sequence

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from stages.common.core.messages import UserError
from stages.evaluate.parameters import BaselineParameters
from stages.evaluate.predictions import indices
from stages.evaluate.regression import PlainClassifier, fit_plain


def fit_baseline(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    texts: Sequence[str],
    labels: Sequence[str],
    settings: BaselineParameters,
) -> PlainClassifier:
    """Trains the baseline on the training split, with the penalty that does best on the validation split.

    Args:
        train: Training documents, augmented ones included.
        validation: Validation documents.
        texts: The test documents' texts.
        labels: The labels' names, in the order of the indices.
        settings: The baseline's settings.

    Returns:
        What it says of the texts.

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
    return fit_plain(
        (features, indices(train, labels)),
        (vectorizer.transform(validation["text"]), indices(validation, labels)),
        vectorizer.transform(texts),
        len(labels),
        settings.c,
        settings.max_iterations,
        "baseline",
    )
