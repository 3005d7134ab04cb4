"""The intervals: the same draws as resampling documents one by one, only faster."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evaluate.bootstrap import resample, with_interval
from stages.evaluate.figures import overall_figures, tally


def some_predictions(documents, classes, right, seed=0):
    random = np.random.default_rng(seed)
    actual = random.integers(0, classes, documents)
    return actual, np.where(random.random(documents) < right, actual, random.integers(0, classes, documents))


def test_intervals_agree_with_drawing_documents_one_by_one():
    actual, predicted = some_predictions(300, 4, right=0.85)
    drawn = overall_figures(resample(actual, {"encoder": predicted}, 4, samples=4000, seed=1)["encoder"])
    random = np.random.default_rng(2)
    rows = [random.integers(0, 300, 300) for _ in range(4000)]
    one_by_one = [overall_figures(tally(actual[row], predicted[row], 4)) for row in rows]
    for name in ("accuracy", "macro_f1", "weighted_precision"):
        slow = np.array([figures[name] for figures in one_by_one])
        np.testing.assert_allclose(
            np.quantile(drawn[name], [0.025, 0.25, 0.5, 0.75, 0.975]),
            np.quantile(slow, [0.025, 0.25, 0.5, 0.75, 0.975]),
            atol=0.004,
        )
        assert drawn[name].std() == pytest.approx(slow.std(), rel=0.06)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_draw_has_as_many_documents_as_the_test_split(documents, seed):
    actual, predicted = some_predictions(documents, 3, right=0.5, seed=seed)
    drawn = resample(actual, {"encoder": predicted, "baseline": actual}, 3, samples=20, seed=seed)
    for counts in drawn.values():
        assert (counts.actual.sum(axis=1) == documents).all()
        assert (counts.predicted.sum(axis=1) == documents).all()
    np.testing.assert_array_equal(drawn["encoder"].actual, drawn["baseline"].actual)  # the same documents: paired
    np.testing.assert_array_equal(drawn["baseline"].hits, drawn["baseline"].actual)


def test_draws_depend_on_the_seed_and_not_on_the_order_of_documents():
    actual, predicted = some_predictions(200, 3, right=0.8)
    order = np.random.default_rng(5).permutation(200)
    first = resample(actual, {"encoder": predicted}, 3, 50, seed=1)["encoder"].hits
    np.testing.assert_array_equal(
        first, resample(actual[order], {"encoder": predicted[order]}, 3, 50, seed=1)["encoder"].hits
    )
    assert (first != resample(actual, {"encoder": predicted}, 3, 50, seed=2)["encoder"].hits).any()


def test_an_interval_leaves_out_resamples_on_which_the_figure_is_not_defined():
    figure = with_interval(0.5, np.array([np.nan, 0.4, 0.5, 0.6, np.nan]), 0.95, documents=9)
    assert figure.low == pytest.approx(0.405)
    assert figure.high == pytest.approx(0.595)


def test_an_undefined_figure_is_null_with_its_reason():
    assert with_interval(np.nan, np.full(100, np.nan), 0.95, 9, "never predicted").as_json() == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "never predicted",
    }


def test_one_document_gives_a_figure_without_an_interval():
    assert with_interval(1.0, np.ones(100), 0.95, documents=1).as_json() == {
        "value": 1.0,
        "low": None,
        "high": None,
        "reason": "one document gives no interval",
    }
