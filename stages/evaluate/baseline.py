"""TF-IDF: what the plain methods see that an encoder has to beat to be worth its cost."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from stages.common.core.messages import UserError
from stages.common.words.splitting import terms
from stages.evaluate.inputs import Inputs
from stages.evaluate.logistic import Features, Matrix
from stages.evaluate.parameters import BaselineParameters


def text_features(inputs: Inputs, settings: BaselineParameters) -> Features:
    """TF-IDF of the texts.

    Args:
        inputs: The splits.
        settings: Which words and sequences of words count.

    Raises:
        UserError: If no word occurs often enough in the training documents.
    """
    vectorizer, train = _fit(inputs.train["text"], settings)
    return Features(train, *(vectorizer.transform(split["text"]) for split in (inputs.validation, inputs.test)))


def pair_features(inputs: Inputs, settings: BaselineParameters) -> Features:
    """TF-IDF of both texts of each pair, of what they share, and how much of either the other holds.

    Shared is the smaller value of each feature. The last columns are the cosine of both texts, and the share of the
    distinct features of either that the other has too.

    Args:
        inputs: The splits.
        settings: Which words and sequences of words count.

    Raises:
        UserError: If no word occurs often enough in the training documents.
    """
    columns = ["text", "text_pair"]
    vectorizer, train = _fit(pd.concat([inputs.train[name] for name in columns]), settings)
    split = [train[: len(inputs.train)], train[len(inputs.train) :]]
    others = [[vectorizer.transform(part[name]) for name in columns] for part in (inputs.validation, inputs.test)]
    return Features(*(_of_pair(*map(csr_array, texts)) for texts in (split, *others)))


def _of_pair(one: Matrix, other: Matrix) -> Matrix:
    shared = one.minimum(other)
    both = np.diff(shared.indptr)
    cosine = np.asarray(one.multiply(other).sum(axis=1)).ravel()
    overlap = [cosine, *(both / np.maximum(np.diff(text.indptr), 1) for text in (one, other))]
    return hstack([one, other, shared, csr_array(np.stack(overlap, axis=1))], format="csr")


def _fit(texts: pd.Series, settings: BaselineParameters) -> tuple[TfidfVectorizer, Matrix]:
    vectorizer = TfidfVectorizer(
        tokenizer=terms,
        token_pattern=None,
        ngram_range=(1, settings.ngram_max),
        min_df=settings.min_df,
        sublinear_tf=settings.sublinear_tf,
    )
    try:
        return vectorizer, vectorizer.fit_transform(texts)
    except ValueError:
        raise UserError(
            f"data/audited/train.parquet: no word occurs in {settings.min_df} of its {len(texts)} texts.",
            "Lower evaluate.baseline.min_df in params.yaml.",
        ) from None
