"""Which unlabelled documents teach a model most: active learning, on what a model says of them and how it sees them."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

AT_ONCE = 256  # labelled documents whose distances from all others are in memory at once


def by_entropy(entropy: Floats) -> Rows:
    """The documents of which a model is least sure first (uncertainty sampling, Lewis & Gale 1994).

    Args:
        entropy: Of what it says of each, [documents].
    """
    return np.argsort(-np.round(entropy, 6), kind="stable")


def by_margin(probability: Floats) -> Rows:
    """The documents between whose two likeliest labels a model can least decide first (Scheffer et al. 2001).

    Args:
        probability: Of each label, [documents, labels].
    """
    top = np.sort(probability, axis=1)[:, -2:]
    return np.argsort(np.round(top[:, 1] - top[:, 0], 6), kind="stable")


def by_badge(vectors: Floats, probability: Floats, count: int, seed: int) -> Rows:
    """Documents that would move the model much and in different directions (BADGE, Ash et al. 2020, arXiv 1906.03671).

    A document's gradient at the last map is its vector times its probabilities without its likeliest label. From these
    k-means++ draws. The products are never made: all distances follow from the factors'.

    Args:
        vectors: What the last map reads, [documents, hidden size].
        probability: Of each label, [documents, labels].
        count: How many documents, at most as many as there are.
        seed: Decides which.
    """
    residual = probability.copy()
    residual[np.arange(len(residual)), probability.argmax(axis=1)] -= 1
    size = (residual**2).sum(axis=1) * (vectors**2).sum(axis=1)
    random = np.random.default_rng(seed)
    chosen = [int(size.argmax())]
    nearest = _gap(size, residual, vectors, chosen[0])
    while len(chosen) < count:
        nearest[chosen] = 0
        total = nearest.sum()
        left = np.setdiff1d(np.arange(len(size)), chosen)
        drawn = int(random.choice(len(size), p=nearest / total) if total > 0 else random.choice(left))
        chosen.append(drawn)
        nearest = np.minimum(nearest, _gap(size, residual, vectors, drawn))
    return np.array(chosen, dtype=np.int64)


def by_coreset(vectors: Floats, labelled: Floats, count: int) -> Rows:
    """Each time the document that is farthest from all labelled ones (k-center greedy, Sener & Savarese 2018).

    Args:
        vectors: Of the documents, [documents, hidden size].
        labelled: Of those with a label, [labelled, hidden size]; without any, the one farthest from the mean is first.
        count: How many documents, at most as many as there are.
    """
    centres = labelled if len(labelled) else vectors.mean(axis=0, keepdims=True)
    size = (vectors**2).sum(axis=1)
    nearest = np.full(len(vectors), np.inf)
    for start in range(0, len(centres), AT_ONCE):
        some = centres[start : start + AT_ONCE]
        squared = size[:, None] + (some**2).sum(axis=1) - 2 * vectors @ some.T
        nearest = np.minimum(nearest, squared.min(axis=1))
    chosen: list[int] = []
    while len(chosen) < count:
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen, dtype=np.int64)


def by_clusters(vectors: Floats, count: int, seed: int) -> Rows:
    """The middle of each of as many clusters, the largest first: where there is no label yet (Yuan et al. 2020).

    Args:
        vectors: Of the documents, [documents, hidden size].
        count: How many documents, at most as many as there are.
        seed: Of k-means.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    different = len(np.unique(vectors, axis=0))
    with threadpool_limits(limits=1):  # another number of threads changes the last digits of distances
        fitted = KMeans(n_clusters=min(count, different), n_init=1, random_state=seed).fit(vectors)
    far = np.linalg.norm(vectors - fitted.cluster_centers_[fitted.labels_], axis=1)
    members = [np.flatnonzero(fitted.labels_ == cluster) for cluster in range(min(count, different))]
    members = sorted((rows for rows in members if len(rows)), key=lambda rows: (-len(rows), rows[0]))
    chosen = [int(rows[far[rows].argmin()]) for rows in members]
    left = np.setdiff1d(np.arange(len(vectors)), chosen)  # equal texts may leave clusters empty
    return np.array([*chosen, *left[: count - len(chosen)]], dtype=np.int64)


def _gap(size: Floats, residual: Floats, vectors: Floats, row: int) -> Floats:
    """The squared distance of each document's gradient from one of them, [documents]."""
    shared = (residual @ residual[row]) * (vectors @ vectors[row])
    return np.asarray(np.maximum(size + size[row] - 2 * shared, 0.0))
