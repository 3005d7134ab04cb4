"""Calibration against torchmetrics and a plain reference; the temperature; coverage."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.calibration import (
    brier_scores,
    calibration_error,
    coverage,
    equal_mass_bins,
    equal_width_bins,
    label_calibration_metrics,
    reliability,
)
from stages.common.metrics.counts import losses
from stages.common.metrics.probabilities import softmax
from stages.common.metrics.temperature import fit_sigmoid_temperature, fit_temperature


def some(documents, classes, seed, sharpness=2.0):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(documents, classes)) * sharpness
    actual = np.array([random.choice(classes, p=row) for row in softmax(logits)])
    return logits, actual


cases = st.tuples(st.integers(1, 80), st.integers(2, 5), st.integers(0, 2**32 - 1))


def error(bins, actual, probability):
    confidence, right = probability.max(axis=1), (probability.argmax(axis=1) == actual).astype(float)
    return calibration_error(bins, confidence, right, np.ones((1, len(actual))))[0]


@settings(max_examples=40)
@given(cases, st.integers(1, 20))
def test_equal_width_calibration_error_agrees_with_torchmetrics(case, bins):
    logits, actual = some(*case)
    probability = softmax(logits)
    found = error(equal_width_bins(probability.max(axis=1), bins), actual, probability)
    expected = multiclass_calibration_error(
        torch.from_numpy(probability), torch.from_numpy(actual), case[1], n_bins=bins, norm="l1"
    )
    assert found == pytest.approx(expected.item(), abs=1e-6)


@settings(max_examples=40)
@given(cases, st.integers(1, 20))
def test_equal_mass_calibration_error_agrees_with_a_plain_reference(case, bins):
    logits, actual = some(*case)
    probability = softmax(logits)
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == actual
    expected = 0.0
    for part in np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(actual))):
        expected += len(part) / len(actual) * abs(right[part].mean() - confidence[part].mean())
    sizes = np.bincount(equal_mass_bins(confidence, bins))
    assert sizes.max() - sizes.min() <= 1
    if len(actual) % len(sizes) == 0:  # else the larger bins come elsewhere in numpy's split
        assert error(equal_mass_bins(confidence, bins), actual, probability) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40)
@given(cases)
def test_brier_scores_agree_with_scikit_learn(case):
    logits, actual = some(*case)
    probability = softmax(logits)
    expected = brier_score_loss(actual, probability, labels=range(case[1]), scale_by_half=False)
    assert brier_scores(actual, probability).mean() == pytest.approx(expected, abs=1e-9)


def test_the_temperature_undoes_an_overconfidence():
    logits, actual = some(4000, 4, seed=0)
    temperature = fit_temperature(logits * 3, actual)
    assert temperature.value == pytest.approx(3, rel=0.1)
    before, after = (losses(actual, softmax(logits * 3, by)).mean() for by in (1.0, temperature.value))
    assert after < before


def test_one_temperature_undoes_an_overconfidence_in_several_labels():
    random = np.random.default_rng(0)
    logits = random.normal(size=(3000, 4)) * 2
    truth = (random.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)
    assert fit_sigmoid_temperature(logits * 3, truth).value == pytest.approx(3, rel=0.1)
    assert "all validation documents are right" in fit_sigmoid_temperature(2 * truth - 1, truth).reason


@pytest.mark.parametrize("seed", range(20))
def test_no_temperature_is_taken_that_held_out_documents_speak_against(seed):
    logits, actual = some(40, 3, seed)
    logits[0], actual[0] = [30.0, 0.0, 0.0], 1  # one sure mistake: what its fold says depends on where it lies
    found = fit_temperature(logits, actual)
    assert found.value is None or found.value > 1
    order = np.random.default_rng(seed).permutation(len(actual))
    again = fit_temperature(logits[order], actual[order])
    assert (again.value is None) == (found.value is None)


def test_a_temperature_that_helps_no_held_out_document_is_null_with_the_reason():
    logits = np.array([[9.0, 0.0]] * 19 + [[0.1, 0.0]])  # the one mistake alone keeps the others' temperature up
    found = fit_temperature(logits, np.array([0] * 19 + [1]))
    assert found.value is None and "not fitted on" in found.reason
    logits, actual = some(50, 3, seed=3)  # these probabilities are right as they are
    assert "not fitted on" in fit_temperature(logits, actual).reason
    truth = np.eye(2)[[0] * 19 + [1]]
    signed = np.array([[9.0, -9.0]] * 19 + [[0.1, 9.0]])
    assert "not fitted on" in fit_sigmoid_temperature(signed, truth).reason


@settings(max_examples=40)
@given(cases, st.floats(0.1, 10))
def test_a_temperature_changes_no_prediction(case, temperature):
    logits, _ = some(*case)
    np.testing.assert_array_equal(softmax(logits).argmax(axis=1), softmax(logits, temperature).argmax(axis=1))


def test_a_temperature_that_the_validation_documents_do_not_bound_is_null_with_the_reason():
    logits = np.array([[2.0, -1.0], [-1.0, 3.0]])
    assert "all validation documents are right" in fit_temperature(logits, np.array([0, 1])).reason
    assert "no better than chance" in fit_temperature(logits, np.array([1, 0])).reason
    assert "not finite" in fit_temperature(np.array([[np.nan, 1.0]]), np.array([0])).reason


@settings(max_examples=40)
@given(cases)
def test_coverage_rises_to_all_documents_and_each_row_is_what_its_threshold_gives(case):
    logits, actual = some(*case)
    probability = softmax(logits).round(1)  # so that ties occur
    table = coverage(actual, probability, 0.95)
    assert len(table) <= 100
    assert table["coverage"].is_monotonic_increasing and table["coverage"].iloc[-1] == 1
    confidence, right = probability.max(axis=1), probability.argmax(axis=1) == actual
    for row in table.itertuples():
        answered = confidence >= row.threshold
        assert (row.documents, row.accuracy) == (answered.sum(), pytest.approx(right[answered].mean()))


def test_the_reliability_diagram_counts_each_document_once():
    logits, actual = some(100, 3, seed=1)
    probability = softmax(logits)
    confidence = probability.max(axis=1)
    table = reliability(equal_mass_bins(confidence, 15), confidence, probability.argmax(axis=1) == actual, 0.95)
    assert len(table) == 15 and table["documents"].sum() == 100
    assert table["confidence"].is_monotonic_increasing
    assert (table["accuracy_low"] <= table["accuracy"]).all()


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(2, 5), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_where_a_document_has_several_labels_each_label_is_an_answer_of_its_own(documents, labels, bins, seed):
    random = np.random.default_rng(seed)
    probability = random.random((documents, labels))
    truth = (random.random((documents, labels)) < probability).astype(float)
    by = Bootstrap(np.zeros(documents, dtype=int), 10, 0.95, 0)
    metrics = label_calibration_metrics(truth, probability, bins, by)
    flat = truth.ravel(), probability.ravel()
    assert metrics["brier_score"]["value"] == pytest.approx(brier_score_loss(*flat, labels=[0, 1]), abs=1e-9)
    assert metrics["log_loss"]["value"] == pytest.approx(log_loss(*flat, labels=[0, 1]), abs=1e-9)
    expected = binary_calibration_error(*map(torch.from_numpy, flat[::-1]), n_bins=bins, norm="l1").item()
    assert metrics["expected_calibration_error_equal_width"]["value"] == pytest.approx(expected, abs=1e-6)
