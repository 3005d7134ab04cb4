import numpy as np
import pandas as pd
import pytest

from stages.audit.probabilities import blend, make_folds, nearest_neighbours, regression
from stages.common.model.embedding import embed
from tests.common.tiny_encoder import save_encoder


def test_folds_keep_groups_whole_and_labels_even_and_do_not_depend_on_order():
    groups = pd.Series([f"g{n // 2}" for n in range(200)])
    labels = pd.Series(["a" if n < 100 else "b" for n in range(200)])
    folds = make_folds(groups, labels, 5, seed=1)
    assert pd.Series(folds).groupby(groups).nunique().max() == 1
    assert pd.crosstab(folds, labels).to_numpy().tolist() == [[20, 20]] * 5
    order = np.random.default_rng(0).permutation(200)
    again = make_folds(groups.iloc[order], labels.iloc[order], 5, seed=1)
    assert again.tolist() == folds[order].tolist()
    assert make_folds(groups, labels, 5, seed=2).tolist() != folds.tolist()


def test_a_document_has_no_say_in_its_own_probability():
    draw = np.random.default_rng(0)
    labels = draw.integers(2, size=60)
    features = np.eye(60)  # each document is its own only feature, so that a model that saw it would be sure
    folds = np.arange(60) % 5
    assert regression(features, labels, 2, folds, c=100.0).max() < 0.8
    vectors = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    same = np.repeat([0, 1], 10)  # all documents with the same vector are in one group
    votes = nearest_neighbours(vectors, same, 2, same, k=5, temperature=0.2)
    assert votes.argmax(axis=1).tolist() == (1 - same).tolist()


def test_neighbours_vote_for_their_label():
    vectors = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    labels = np.repeat([0, 1], 10)
    votes = nearest_neighbours(vectors, labels, 2, np.arange(20), k=5, temperature=0.2)
    assert votes.argmax(axis=1).tolist() == labels.tolist()
    assert votes.sum(axis=1) == pytest.approx(1.0)


def test_a_class_of_one_fold_and_folds_of_one_class_are_no_error():
    features, labels = np.random.default_rng(0).normal(size=(10, 3)), np.array([0] * 9 + [1])
    found = regression(features, labels, 2, np.arange(10) % 2, c=1.0)
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert found[1::2, 1].tolist() == [0.0] * 5


def test_a_blend_is_the_weighted_mean():
    one, other = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    assert blend([(1.0, one), (3.0, other)])[0].tolist() == [0.625, 0.375]


def test_embeddings_have_length_one_and_do_not_depend_on_the_batch(tmp_path):
    save_encoder(tmp_path)
    texts = ["the goal of the team", "a", "the goal of the team and of the chip in the disk " * 3]
    vectors = embed(tmp_path, texts, 32, 1)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    assert embed(tmp_path, texts[:1], 32, 1)[0] == pytest.approx(vectors[0], abs=1e-5)
