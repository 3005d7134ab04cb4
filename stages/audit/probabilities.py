"""Out-of-fold probabilities: how likely each label is for a document, by classifiers that never saw its group."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from stages.audit.parameters import AuditParameters
from stages.common.core.messages import UserError, progress
from stages.common.core.seeding import derived_seed
from stages.common.documents.targets import joined_texts
from stages.common.words.splitting import terms

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
PRETRAINED = Path("models/fetched/pretrained")
MAX_ITERATIONS = 1_000
NEAREST_AT_ONCE = 1_000  # documents whose neighbours are looked for together, which bounds the memory


def probabilities(documents: pd.DataFrame, given: Integers, parameters: AuditParameters) -> Floats:
    """Out-of-fold probabilities of the labels that occur, [documents, labels], by the classifiers that count."""
    folds = make_folds(documents["group"], documents["label"], parameters.folds, parameters.seed)
    texts = joined_texts(documents, "\n").tolist()
    classes, weights = int(given.max()) + 1, parameters.weights
    parts = []
    if weights.tfidf:
        parts.append((weights.tfidf, regression(tfidf_features(texts), given, classes, folds, parameters.tfidf_c)))
    if weights.embeddings or weights.neighbours:
        from stages.common.model.embedding import embed  # torch takes seconds to import

        vectors = embed(PRETRAINED, texts, parameters.max_length, parameters.threads)
        if weights.embeddings:
            parts.append((weights.embeddings, regression(vectors, given, classes, folds, parameters.embeddings_c)))
        if weights.neighbours:
            groups, near = pd.factorize(documents["group"])[0], parameters.neighbours
            votes = nearest_neighbours(vectors, given, classes, groups, near.count, near.temperature)
            parts.append((weights.neighbours, votes))
    return blend(parts)


def make_folds(groups: pd.Series, labels: pd.Series, folds: int, seed: int) -> Integers:
    """Deals whole groups out to folds, each label evenly; it depends on the seed and the groups' names alone.

    Args:
        groups: The group of each document.
        labels: Its label; a group counts for the smallest of its labels.
        folds: How many parts.
        seed: Of the order in which groups are dealt out.

    Returns:
        The number of each document's fold, int64, [documents].
    """
    table = pd.DataFrame({"label": labels.groupby(groups).min(), "size": groups.value_counts()}).rename_axis("group")
    table["rank"] = pd.array([derived_seed(seed, "fold", group) for group in table.index], dtype="uint64")
    table = table.sort_values(["label", "rank", "group"])
    return np.asarray(groups.map(pd.Series(np.arange(len(table)) % folds, index=table.index)), dtype=np.int64)


def tfidf_features(texts: Sequence[str]) -> csr_array:
    """TF-IDF of words and pairs of words that occur in two documents, [documents, terms]."""
    try:
        return TfidfVectorizer(
            tokenizer=terms, token_pattern=None, ngram_range=(1, 2), min_df=2, sublinear_tf=True
        ).fit_transform(texts)
    except ValueError:
        raise UserError(
            f"data/splits/train.parquet: no word occurs in two of its {len(texts)} documents.",
            "Add documents, or set audit.weights.tfidf to 0 and another weight above 0.",
        ) from None


def regression(features: csr_array | Floats, labels: Integers, classes: int, folds: Integers, c: float) -> Floats:
    """Out-of-fold probabilities of multinomial logistic regression.

    Args:
        features: [documents, features].
        labels: The index of each document's label, [documents].
        classes: How many labels there are.
        folds: The number of each document's fold, [documents].
        c: The inverse strength of the L2 penalty.

    Returns:
        [documents, classes]; a class that occurs in one fold only has no probability there.
    """
    probabilities = np.zeros((len(labels), classes))
    for fold in progress(np.unique(folds).tolist(), "audit", "fold"):
        held_out = folds == fold
        known = np.unique(labels[~held_out])
        if len(known) == 1:
            probabilities[held_out, known[0]] = 1.0
            continue
        with threadpool_limits(limits=1):  # another number of threads changes the last digits
            model = LogisticRegression(C=c, max_iter=MAX_ITERATIONS).fit(features[~held_out], labels[~held_out])
            probabilities[np.ix_(held_out, known)] = model.predict_proba(features[held_out])
    return probabilities


def nearest_neighbours(
    vectors: npt.NDArray[np.float32], labels: Integers, classes: int, groups: Integers, k: int, temperature: float
) -> Floats:
    """The labels of the nearest neighbours in other groups; the nearer one is, the more it counts.

    Args:
        vectors: Of length 1, [documents, size].
        labels: The index of each document's label, [documents].
        classes: How many labels there are.
        groups: The number of each document's group, [documents].
        k: How many neighbours vote, at most.
        temperature: A neighbour's vote counts exp((its cosine - the nearest one's) / temperature).

    Returns:
        [documents, classes]; one vote of a nearest neighbour is dealt out to all labels evenly beforehand.
    """
    votes = np.full((len(labels), classes), 1.0 / classes)
    count = min(k, len(labels) - 1)
    for start in progress(range(0, len(labels), NEAREST_AT_ONCE), "neighbours", "block"):
        here = np.arange(start, min(start + NEAREST_AT_ONCE, len(labels)))
        with threadpool_limits(limits=1):
            similarity = (vectors[here] @ vectors.T).astype(np.float64)
        similarity[groups[here, None] == groups[None, :]] = -np.inf
        nearest = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
        near = np.take_along_axis(similarity, nearest, axis=1)
        nearest_one = np.maximum(near.max(axis=1, keepdims=True), -1)  # none, if all other documents are in its group
        np.add.at(
            votes, (np.repeat(here, count), labels[nearest].ravel()), np.exp((near - nearest_one) / temperature).ravel()
        )
    return np.asarray(votes / votes.sum(axis=1, keepdims=True), dtype=np.float64)


def blend(parts: Sequence[tuple[float, Floats]]) -> Floats:
    """The weighted mean of some classifiers' probabilities, rows summing to 1, [documents, classes]."""
    total = sum((weight * probabilities for weight, probabilities in parts), np.zeros(1))
    return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float64)
