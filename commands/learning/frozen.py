"""The pretrained encoder as it is, with a logistic regression: a model that is made in a second."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.common.core.hashes import directory_hash
from stages.common.core.outputs import new_outputs
from stages.common.metrics.counts import Counts, Floats

KEPT = Path(".embeddings")  # git ignores it
MAX_LENGTH = 128  # tokens of a document that are embedded
THREADS = 2
INVERSE_PENALTY = 10.0  # C of the logistic regression: on vectors of length 1, 1 (scikit-learn's) is far too strong


def embedded(texts: Sequence[str], pretrained: Path, kept: Path = KEPT) -> Floats:
    """Embeds texts, or reads the vectors that were kept of the same texts.

    Args:
        texts: The texts, in any order, repeated or not.
        pretrained: The encoder's folder.
        kept: Where vectors are kept, in a file for each set of texts and encoder.

    Returns:
        Vectors of length 1, [texts, hidden size].
    """
    different = sorted(set(texts))
    key = hashlib.sha256(f"{directory_hash(pretrained)} {MAX_LENGTH} {THREADS}".encode())
    for text in different:
        key.update(hashlib.sha256(text.encode()).digest())
    path = kept / f"{key.hexdigest()[:20]}.npy"
    if not path.exists():
        from stages.common.model.embedding import embed  # here: what is kept needs no torch

        vectors = embed(pretrained, different, MAX_LENGTH, THREADS)
        with new_outputs(path) as (file,), file.open("wb") as stream:
            np.save(stream, vectors, allow_pickle=False)
    rows = {text: row for row, text in enumerate(different)}
    found = np.load(path, allow_pickle=False)[[rows[text] for text in texts]]
    return np.asarray(found, dtype=np.float64)


def fit_head(vectors: Floats, labels: Counts) -> Any:
    """A logistic regression.

    Args:
        vectors: Of the training documents, [documents, hidden size].
        labels: Of each document, two different ones at least.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # another number of threads changes the last digits of the weights
        return LogisticRegression(C=INVERSE_PENALTY, max_iter=1000).fit(vectors, labels)


def label_probability(vectors: Floats, labels: Counts, classes: int, asked: Floats) -> Floats:
    """The probability of each label for documents, after training on others.

    Args:
        vectors: Of the training documents, [documents, hidden size].
        labels: The index of each one's label.
        classes: How many labels there are.
        asked: Vectors of the documents that are asked about, [asked, hidden size].

    Returns:
        Shape [asked, classes]; 0 for a label that no training document has.
    """
    seen = np.unique(labels)
    probability = np.zeros((len(asked), classes))
    probability[:, seen] = fit_head(vectors, labels).predict_proba(asked) if len(seen) > 1 else 1.0
    return probability
