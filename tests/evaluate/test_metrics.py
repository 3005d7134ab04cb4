"""All metrics against scikit-learn and scipy, and what happens where they are not defined."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn import metrics

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import PER_CLASS, class_metrics, macro, overall_metrics, tally
from stages.common.metrics.multi_label import ranking_precision
from stages.common.metrics.names import METRICS, left_out
from stages.common.metrics.ranking import RANKED, curve_tables
from stages.common.metrics.significance import compare
from stages.evaluate.tasks import multi_label
from stages.evaluate.tasks.multi_label import Given
from stages.evaluate.tasks.regression import metrics_of as of_numbers
from stages.evaluate.tasks.text_classification import metrics_of


@st.composite
def scored(draw):
    """For some documents the class of each, and probabilities of all classes: few distinct ones, so that ties occur."""
    classes = draw(st.integers(2, 5))
    documents = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    powers = np.exp(random.integers(0, draw(st.sampled_from([2, 4, 50])), (documents, classes)) / 7)
    return random.integers(0, classes, documents), powers / powers.sum(axis=1, keepdims=True)


def computed(actual, probability):
    every = metrics_of(actual, probability)(np.ones((1, len(actual))))
    return {name: values[0] for name, values in every.items()}


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
def test_log_loss_and_ranking_metrics_agree_with_scikit_learn(case):
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
    drawn = metrics_of(actual, probability)(weights[None].astype(float))
    repeated = computed(actual.repeat(weights), probability.repeat(weights, axis=0))
    for name, values in repeated.items():
        np.testing.assert_allclose(drawn[name][0], values, rtol=0, atol=1e-9, err_msg=name)


@settings(max_examples=40)
@given(scored())
def test_curves_run_through_scikit_learns_points(case):
    actual, probability = case
    labels = [f"class {index}" for index in range(probability.shape[1])]
    roc, precision_recall = curve_tables(actual[:, None] == np.arange(len(labels)), probability, labels)
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


def test_resamples_are_computed_in_one_go_like_one_by_one():
    random = np.random.default_rng(3)
    draws = [tally(random.integers(0, 4, 30), random.integers(0, 4, 30), 4) for _ in range(5)]
    stacked = type(draws[0])(*(np.stack([part.sum(axis=0) for part in counts]) for counts in zip(*draws, strict=True)))
    for name, values in overall_metrics(stacked).items():
        single = [overall_metrics(type(draw)(*(part.sum(axis=0) for part in draw)))[name] for draw in draws]
        np.testing.assert_array_equal(values, single)


def test_an_average_names_the_classes_that_it_leaves_out():
    counts = tally(np.array([0, 0, 1]), np.array([0, 0, 0]), 3).weighted(np.ones((1, 3)))
    assert np.isnan(class_metrics(counts)["precision"][0]).tolist() == [False, True, True]
    assert left_out("precision", [], 1) is None
    assert left_out("precision", ["tech", "arts"], 3) == (
        "the average is over 1 of 3 classes; for tech, arts no test document is predicted as this class"
    )
    assert "2 of 3 classes; for arts the test split has no document" in left_out("recall", ["arts"], 3)


@pytest.mark.parametrize("documents", [1, 500])
def test_a_curve_has_few_points_however_many_documents(documents):
    random = np.random.default_rng(0)
    scores = random.random((documents, 2))
    truth = random.integers(0, 2, documents)[:, None] == np.arange(2)
    tables = curve_tables(truth, scores / scores.sum(axis=1, keepdims=True), ["a", "b"])
    assert all(table.groupby("label").size().max() <= 101 for table in tables if len(table))


@st.composite
def label_sets(draw):
    """For some documents which labels each has, which it is given, and probabilities of all labels with ties."""
    labels, documents = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth, chosen = (random.random((2, documents, labels)) < draw(st.sampled_from([0.1, 0.5, 0.9]))).astype(bool)
    return truth, chosen, random.integers(1, draw(st.sampled_from([3, 99])), (documents, labels)) / 99


def several(truth, chosen, probability):
    return multi_label.metrics_of(truth, Given(chosen, probability))


@settings(max_examples=60)
@given(label_sets())
def test_metrics_of_label_sets_agree_with_scikit_learn(case):
    truth, chosen, probability = case
    every = {name: each[0] for name, each in several(*case)(np.ones((1, len(truth)))).items()}
    close(every["subset_accuracy"], metrics.accuracy_score(truth, chosen))
    expected = metrics.label_ranking_average_precision_score(truth, probability)
    close(every["label_ranking_average_precision"], expected)
    close(every["log_loss"], metrics.log_loss(truth.ravel(), probability.ravel(), labels=[0, 1]))
    for average in (None, "macro", "micro"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = metrics.precision_recall_fscore_support(truth, chosen, average=average, zero_division=np.nan)
        for name, values in zip(PER_CLASS, expected[:3], strict=True):
            close(every[f"class {name}" if average is None else f"{average}_{name}"], values)
    for place in np.flatnonzero(truth.any(axis=0)):
        expected = metrics.average_precision_score(truth[:, place], probability[:, place])
        close(every["class average_precision"][place], expected)


@settings(max_examples=40)
@given(label_sets(), st.integers(0, 2**32 - 1))
def test_weights_count_a_set_of_labels_as_often_as_repeating_it_would(case, seed):
    documents = len(case[0])
    weights = np.random.default_rng(seed).multinomial(documents, np.full(documents, 1 / documents))
    drawn = several(*case)(weights[None].astype(float))
    repeated = several(*(part.repeat(weights, axis=0) for part in case))(np.ones((1, documents)))
    for name, values in repeated.items():
        np.testing.assert_allclose(drawn[name], values, rtol=0, atol=1e-9, err_msg=name)


def test_a_document_with_no_label_or_with_all_of_them_counts_as_perfectly_ranked():
    truth = np.array([[False, False], [True, True], [False, True]])
    assert ranking_precision(truth, np.array([[0.9, 0.1]] * 3)).tolist() == [1, 1, 0.5]


@st.composite
def numbers(draw):
    """True and predicted numbers, few distinct ones, so that ties occur."""
    documents, distinct = draw(st.integers(2, 40)), draw(st.sampled_from([1, 3, 1000]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shift = draw(st.sampled_from([0.0, 1e5]))
    return tuple(shift + random.integers(0, distinct, documents) / 7 for _ in range(2))


@settings(max_examples=80)
@given(numbers(), st.integers(0, 2**32 - 1))
def test_metrics_of_numbers_agree_with_scikit_learn_and_scipy_on_the_split_and_on_resamples(pair, seed):
    documents = len(pair[0])
    weights = np.random.default_rng(seed).multinomial(documents, np.full(documents, 1 / documents))
    every = of_numbers(*pair)(np.stack([np.ones(documents), weights.astype(float)]))
    for place, counts in enumerate((np.ones(documents, dtype=int), weights)):
        actual, predicted = (part.repeat(counts) for part in pair)
        assert every["mae"][place] == pytest.approx(metrics.mean_absolute_error(actual, predicted), abs=1e-9)
        assert every["rmse"][place] == pytest.approx(metrics.root_mean_squared_error(actual, predicted), abs=1e-9)
        if np.ptp(actual) and np.ptp(predicted):
            assert every["pearson"][place] == pytest.approx(pearsonr(actual, predicted).statistic, abs=1e-6)
            assert every["spearman"][place] == pytest.approx(spearmanr(actual, predicted).statistic, abs=1e-9)
        else:
            assert np.isnan(every["pearson"][place]) and np.isnan(every["spearman"][place])


def test_every_metric_that_is_computed_has_its_name_in_the_one_list():
    truth = np.eye(3, dtype=bool)[[0, 1, 2, 0]]
    ones, probability = np.ones((1, 4)), np.full((4, 3), 1 / 3)
    computed_names = {
        *metrics_of(np.array([0, 1, 2, 0]), probability)(ones),
        *several(truth, truth, probability)(ones),
        *of_numbers(np.arange(4.0), np.arange(4.0))(ones),
    }
    assert {name.removeprefix("class ") for name in computed_names} <= set(METRICS)


def test_fewer_errors_are_better_and_a_lower_accuracy_is_worse():
    by = Bootstrap(np.zeros(50, dtype=int), 200, 0.95, 0)
    actual = np.arange(50.0)
    near, far = (by.apply(of_numbers(actual, actual + error)) for error in (1.0, 2.0))
    assert (near[0]["mae"] < far[0]["mae"], compare("mae", near, far, by).outcome) == (True, "better")
    assert compare("mae", far, near, by).outcome == "worse"
    assert compare("mae", near, near, by).outcome == "no clear difference"
    lower, higher = (
        by.apply(lambda weights, right=right: {"accuracy": weights @ right / 50})
        for right in (np.zeros(50), np.ones(50))
    )
    assert compare("accuracy", lower, higher, by).outcome == "worse"
