"""All figures against scikit-learn, and what happens where they are not defined."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from stages.common.metrics.counts import PER_CLASS, class_figures, left_out, macro, overall_figures, tally
from stages.common.metrics.ranking import curve_tables
from stages.evaluate.assessment import RANKED, document_figures


@st.composite
def scored(draw):
    """For some documents the class of each, and probabilities of all classes: few distinct ones, so that ties occur."""
    classes = draw(st.integers(2, 5))
    documents = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    powers = np.exp(random.integers(0, draw(st.sampled_from([2, 4, 50])), (documents, classes)) / 7)
    return random.integers(0, classes, documents), powers / powers.sum(axis=1, keepdims=True)


def computed(actual, probability):
    figures = document_figures(actual, probability, probability.shape[1])(np.ones((1, len(actual))))
    return {name: values[0] for name, values in figures.items()}


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@settings(max_examples=40)
@given(scored())
def test_precision_recall_and_f1_agree_with_scikit_learn_and_are_nan_where_it_has_none(case):
    actual, probability = case
    found, predicted, labels = computed(*case), probability.argmax(axis=1), range(probability.shape[1])
    for average in (None, "macro", "micro", "weighted"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = metrics.precision_recall_fscore_support(
                actual, predicted, labels=labels, average=average, zero_division=np.nan
            )
        for name, values in zip(PER_CLASS, expected[:3], strict=True):
            if (average, name) == ("weighted", "precision") and not set(actual) & set(predicted):
                assert np.isnan(
                    found["weighted_precision"]
                )  # every predicted class weighs nothing: it drops the weights
            else:
                close(found[f"class {name}" if average is None else f"{average}_{name}"], values)


@settings(max_examples=40)
@given(scored())
def test_accuracy_balanced_accuracy_and_correlation_agree_with_scikit_learn(case):
    actual, probability = case
    found, predicted = computed(*case), probability.argmax(axis=1)
    close(found["accuracy"], metrics.accuracy_score(actual, predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of predicted classes that do not occur
        close(found["balanced_accuracy"], metrics.balanced_accuracy_score(actual, predicted))
    if len(set(actual)) > 1 and len(set(predicted)) > 1:
        close(found["matthews_correlation"], metrics.matthews_corrcoef(actual, predicted))
    else:
        assert np.isnan(found["matthews_correlation"])


@settings(max_examples=40)
@given(scored())
def test_log_loss_and_ranking_figures_agree_with_scikit_learn(case):
    actual, probability = case
    found = computed(*case)
    labels = range(probability.shape[1])
    close(found["log_loss"], metrics.log_loss(actual, probability, labels=labels))
    for index in labels:
        positive = actual == index
        if positive.any() and not positive.all():
            close(found["class roc_auc"][index], metrics.roc_auc_score(positive, probability[:, index]))
        else:
            assert np.isnan(found["class roc_auc"][index])
        if positive.any():
            expected = metrics.average_precision_score(positive, probability[:, index])
            close(found["class average_precision"][index], expected)
        else:
            assert np.isnan(found["class average_precision"][index])
    for name in RANKED:
        close(found[name], macro(found[f"class {name}"]))


@settings(max_examples=40)
@given(scored(), st.integers(0, 2**32 - 1))
def test_weights_count_a_document_as_often_as_repeating_it_would(case, seed):
    actual, probability = case
    weights = np.random.default_rng(seed).multinomial(len(actual), np.full(len(actual), 1 / len(actual)))
    drawn = document_figures(actual, probability, probability.shape[1])(weights[None].astype(float))
    repeated = computed(actual.repeat(weights), probability.repeat(weights, axis=0))
    for name, values in repeated.items():
        np.testing.assert_allclose(drawn[name][0], values, rtol=0, atol=1e-9, err_msg=name)


@settings(max_examples=40)
@given(scored())
def test_curves_run_through_scikit_learns_points(case):
    actual, probability = case
    labels = [f"class {index}" for index in range(probability.shape[1])]
    roc, precision_recall = curve_tables(actual, probability, labels)
    for index, label in enumerate(labels):
        positive = actual == index
        if positive.any():
            precision, recall, _ = metrics.precision_recall_curve(positive, probability[:, index])
            shown = precision_recall[precision_recall["label"] == label]
            close(shown[["recall", "precision"]].to_numpy(), np.column_stack([recall, precision])[-2::-1])
        if positive.any() and not positive.all():
            false, true, _ = metrics.roc_curve(positive, probability[:, index], drop_intermediate=False)
            shown = roc[roc["label"] == label]
            close(shown[["false_positive_rate", "true_positive_rate"]].to_numpy(), np.column_stack([false, true]))
        else:
            assert not (roc["label"] == label).any()


def test_resamples_are_figured_in_one_go_like_one_by_one():
    random = np.random.default_rng(3)
    draws = [tally(random.integers(0, 4, 30), random.integers(0, 4, 30), 4) for _ in range(5)]
    stacked = type(draws[0])(*(np.stack([part.sum(axis=0) for part in counts]) for counts in zip(*draws, strict=True)))
    for name, values in overall_figures(stacked).items():
        single = [overall_figures(type(draw)(*(part.sum(axis=0) for part in draw)))[name] for draw in draws]
        np.testing.assert_array_equal(values, single)


def test_an_average_names_the_classes_that_it_leaves_out():
    counts = tally(np.array([0, 0, 1]), np.array([0, 0, 0]), 3).weighted(np.ones((1, 3)))
    figures, labels = {name: values[0] for name, values in class_figures(counts).items()}, ["sport", "tech", "arts"]
    assert left_out("precision", figures["precision"][:1], labels[:1]) is None
    assert left_out("precision", figures["precision"], labels) == (
        "the average is over 1 of 3 classes; for tech, arts no test document is predicted as this class"
    )
    assert "2 of 3 classes; for arts the test split has no document" in str(
        left_out("recall", figures["recall"], labels)
    )


@pytest.mark.parametrize("documents", [1, 500])
def test_a_curve_has_few_points_however_many_documents(documents):
    random = np.random.default_rng(0)
    scores = random.random((documents, 2))
    tables = curve_tables(random.integers(0, 2, documents), scores / scores.sum(axis=1, keepdims=True), ["a", "b"])
    assert all(table.groupby("label").size().max() <= 101 for table in tables if len(table))
