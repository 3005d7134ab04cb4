"""Active learning: which documents are asked about."""

import numpy as np
import pytest

from commands.annotation.selection import _gap, by_badge, by_clusters, by_coreset, by_margin


@pytest.fixture
def groups():
    """Four groups of documents, of 40, 30, 20 and 10."""
    random = np.random.default_rng(0)
    centres = 10 * np.eye(4)
    owner = np.repeat([0, 1, 2, 3], [40, 30, 20, 10])
    return centres[owner] + random.normal(0, 0.3, (100, 4)), owner


def test_the_smallest_margin_comes_first_and_equals_keep_their_order():
    probability = np.array([[0.9, 0.05, 0.05], [0.4, 0.35, 0.25], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    assert by_margin(probability).tolist() == [2, 3, 1, 0]


def test_clusters_give_one_document_of_each_group_the_largest_group_first(groups):
    vectors, owner = groups
    chosen = by_clusters(vectors, 4, 1)
    assert owner[chosen].tolist() == [0, 1, 2, 3]
    for row in chosen:
        middle = vectors[owner == owner[row]].mean(axis=0)
        far = np.linalg.norm(vectors[owner == owner[row]] - middle, axis=1)
        assert np.linalg.norm(vectors[row] - middle) == pytest.approx(far.min())
    same = np.zeros((6, 2))
    assert sorted(by_clusters(same, 6, 1).tolist()) == list(range(6))  # equal texts: none twice


def test_a_coreset_goes_where_no_label_is(groups):
    vectors, owner = groups
    labelled = vectors[owner < 2][:60]
    assert set(owner[by_coreset(vectors, labelled, 2)].tolist()) == {2, 3}
    chosen = by_coreset(vectors, vectors[:0], 100)
    assert sorted(chosen.tolist()) == list(range(100))  # all of them, each once


def test_badge_draws_from_what_would_move_the_model(groups):
    vectors, owner = groups
    sure = np.tile([0.98, 0.01, 0.01], (100, 1))
    sure[owner >= 2] = [0.4, 0.3, 0.3]
    drawn = [set(owner[by_badge(vectors, sure, 4, seed)].tolist()) for seed in range(20)]
    assert sum({2, 3} <= groups for groups in drawn) >= 18  # unsure ones, in different directions; chance gives 3
    chosen = by_badge(vectors, sure, 100, 1)
    assert sorted(chosen.tolist()) == list(range(100))


def test_badge_measures_the_gradients_without_making_them():
    random = np.random.default_rng(1)
    vectors, probability = random.normal(size=(7, 5)), random.dirichlet(np.ones(3), 7)
    residual = probability - np.eye(3)[probability.argmax(axis=1)]
    gradients = np.einsum("nc,nh->nch", residual, vectors).reshape(7, -1)
    first = by_badge(vectors, probability, 1, 0)[0]
    assert first == (gradients**2).sum(axis=1).argmax()
    size = (residual**2).sum(axis=1) * (vectors**2).sum(axis=1)
    np.testing.assert_allclose(
        _gap(size, residual, vectors, 3), ((gradients - gradients[3]) ** 2).sum(axis=1), atol=1e-12
    )
