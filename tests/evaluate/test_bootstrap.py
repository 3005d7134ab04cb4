"""The intervals: stratified draws of documents, and the formulas for shares."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.common.metrics import bootstrap as module
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.intervals import paired_difference, wilson


def weights_of(bootstrap):
    return bootstrap.apply(lambda weights: {"weights": weights})[1]["weights"]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_every_draw_has_as_many_documents_of_each_class_as_the_test_split(strata, seed):
    strata = np.array(strata)
    drawn = weights_of(Bootstrap(strata, 20, 0.95, seed))
    assert drawn.shape == (20, len(strata))
    for stratum in np.unique(strata):
        assert (drawn[:, strata == stratum].sum(axis=1) == (strata == stratum).sum()).all()


def test_draws_are_those_of_choosing_documents_one_by_one():
    """In a stratum of n documents each counts n times 1/n: a binomial number, correlated as a multinomial one."""
    strata = np.repeat([0, 1], [30, 10])
    drawn = weights_of(Bootstrap(strata, 6000, 0.95, 1))
    for stratum, size in ((0, 30), (1, 10)):
        part = drawn[:, strata == stratum]
        np.testing.assert_allclose(part.mean(axis=0), 1, atol=0.08)
        assert part.var(axis=0).mean() == pytest.approx(1 - 1 / size, rel=0.05)


def test_draws_depend_on_the_seed_alone_and_not_on_how_many_are_in_memory(monkeypatch):
    strata = np.arange(60) % 3
    first = weights_of(Bootstrap(strata, 50, 0.95, 1))
    np.testing.assert_array_equal(first, weights_of(Bootstrap(strata, 50, 0.9, 1)))
    assert (first != weights_of(Bootstrap(strata, 50, 0.95, 2))).any()
    monkeypatch.setattr(module, "AT_ONCE", 60 * 7)
    assert weights_of(Bootstrap(strata, 50, 0.95, 1)).shape == first.shape


def test_a_percentile_interval_covers_the_true_accuracy_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        right = (random.random(200) < 0.9).astype(float)
        by = Bootstrap(np.zeros(200, dtype=int), 200, 0.9, seed)
        estimate = by.estimates(lambda weights, right=right: {"accuracy": weights @ right / 200})["accuracy"]
        hits += estimate.low <= 0.9 <= estimate.high
    assert 0.8 <= hits / 200 <= 0.97


def test_an_interval_leaves_out_draws_on_which_the_metric_is_not_defined():
    estimate = Bootstrap(np.zeros(9), 5, 0.95, 0).interval(0.5, np.array([np.nan, 0.4, 0.5, 0.6, np.nan]))
    assert estimate.low == pytest.approx(0.405)
    assert estimate.high == pytest.approx(0.595)


def test_an_undefined_metric_is_null_with_its_reason():
    by = Bootstrap(np.zeros(9), 100, 0.95, 0)
    nothing = {"value": None, "low": None, "high": None, "reason": "never predicted"}
    assert by.interval(np.nan, np.full(100, np.nan), "never predicted").as_json() == nothing


def test_one_document_gives_a_metric_without_an_interval():
    estimate = Bootstrap(np.zeros(1), 100, 0.95, 0).interval(1.0, np.ones(100))
    assert estimate.as_json() == {"value": 1.0, "low": None, "high": None, "reason": "one document gives no interval"}


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilsons_interval_is_that_of_his_formula(documents, share, confidence):
    hits = round(share * documents)
    estimate = wilson(hits, documents, confidence)
    z, p = NormalDist().inv_cdf((1 + confidence) / 2), hits / documents
    middle, half = p + z**2 / (2 * documents), z * sqrt(p * (1 - p) / documents + z**2 / (4 * documents**2))
    expected = [(middle - half) / (1 + z**2 / documents), (middle + half) / (1 + z**2 / documents)]
    assert (estimate.low, estimate.high) == pytest.approx(expected, abs=1e-12)
    assert estimate.value == p
    assert wilson(0, 0, confidence).value is None


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_a_paired_difference_has_a_width_even_where_nothing_differs_and_turns_with_its_sign(one, other, rest):
    documents = max(1, one + other + rest)
    estimate, turned = paired_difference(one, other, documents, 0.95), paired_difference(other, one, documents, 0.95)
    assert estimate.low < estimate.high
    assert (estimate.low, estimate.high) == pytest.approx((-turned.high, -turned.low))
    assert estimate.value == pytest.approx((one - other) / documents)
