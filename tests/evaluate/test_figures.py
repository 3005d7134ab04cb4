"""Accuracy, precision, recall and F1 against scikit-learn, and what happens where they are not defined."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from stages.evaluate.figures import PER_CLASS, class_figures, left_out, overall_figures, tally


@st.composite
def labelled(draw):
    """How many classes there are, and for each document its class and the predicted one."""
    classes = draw(st.integers(1, 6))
    pairs = draw(st.lists(st.tuples(*[st.integers(0, classes - 1)] * 2), min_size=1, max_size=60))
    actual, predicted = np.array(pairs, dtype=np.int64).T
    return classes, actual, predicted


def by_scikit_learn(classes, actual, predicted, average):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = precision_recall_fscore_support(
            actual, predicted, labels=range(classes), average=average, zero_division=np.nan
        )
    return dict(zip(PER_CLASS, values[:3], strict=True))


@given(labelled())
def test_class_figures_agree_with_scikit_learn_and_are_nan_where_it_has_none(case):
    classes, actual, predicted = case
    found = class_figures(tally(actual, predicted, classes))
    for name, expected in by_scikit_learn(classes, actual, predicted, None).items():
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-9, err_msg=name)


@given(labelled())
def test_averages_agree_with_scikit_learn(case):
    classes, actual, predicted = case
    found = overall_figures(tally(actual, predicted, classes))
    assert found["accuracy"] == pytest.approx(accuracy_score(actual, predicted), abs=1e-9)
    for average in ("macro", "weighted"):
        for name, expected in by_scikit_learn(classes, actual, predicted, average).items():
            value = found[f"{average}_{name}"]
            if (average, name) == ("weighted", "precision") and not set(actual) & set(predicted):
                assert np.isnan(value)  # every class that is predicted weighs nothing: scikit-learn drops the weights
            else:
                assert value == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_resamples_are_figured_in_one_go_like_one_by_one():
    random = np.random.default_rng(3)
    draws = [tally(random.integers(0, 4, 30), random.integers(0, 4, 30), 4) for _ in range(5)]
    stacked = type(draws[0])(*(np.stack(counts) for counts in zip(*draws, strict=True)))
    for name, values in overall_figures(stacked).items():
        np.testing.assert_array_equal(values, [overall_figures(draw)[name] for draw in draws])


def test_weights_count_a_document_as_often_as_repeating_it_would():
    actual, predicted, weights = np.array([0, 1, 2, 1]), np.array([0, 2, 2, 1]), np.array([3, 0, 1, 2])
    repeated = tally(actual.repeat(weights), predicted.repeat(weights), 3)
    for counts, expected in zip(tally(actual, predicted, 3, weights), repeated, strict=True):
        np.testing.assert_array_equal(counts, expected)


def test_an_average_names_the_classes_that_it_leaves_out():
    counts = tally(np.array([0, 0, 1]), np.array([0, 0, 0]), 3)
    assert left_out("accuracy", counts, ["sport", "tech", "arts"]) is None
    assert left_out("macro_precision", counts, ["sport", "tech", "arts"]) == (
        "the average is over 1 of 3 classes; for tech, arts no test document is predicted as this class"
    )
    assert "2 of 3 classes; for arts the test split has no document" in str(
        left_out("weighted_recall", counts, ["sport", "tech", "arts"])
    )
