"""Whether the encoder beats the baseline, and what is said where there is nothing to say."""

from functools import partial
from itertools import chain

import numpy as np
import pytest

from stages.common.metrics.bootstrap import Bootstrap
from stages.evaluate.assessment import Answer, assess_classifiers
from stages.evaluate.tasks.text_classification import SHOWN, metrics_of

LABELS = ["arts", "sport", "tech"]


def assessed(actual, encoder, baseline, samples=400, confidence=0.95):
    """The verdict on classifiers that are sure of what they predict; a text says why one predicts nothing."""
    answers = {
        name: Answer(None, chosen) if isinstance(chosen, str) else Answer(np.eye(3)[chosen])
        for name, chosen in (("encoder", encoder), ("baseline", baseline))
    }
    actual = np.array(actual)
    return assess_classifiers(
        answers, partial(metrics_of, actual), LABELS, SHOWN, Bootstrap(actual, samples, confidence, 0)
    )


def outcomes(verdict):
    return {name: difference.outcome for name, difference in verdict.differences["baseline"].items()}


ACTUAL = np.arange(90) % 3
WRONG_FOR_A_THIRD = np.where(np.arange(90) % 9 < 3, (ACTUAL + 1) % 3, ACTUAL)


def test_an_encoder_that_is_right_where_the_baseline_fails_is_better():
    assert outcomes(assessed(ACTUAL, ACTUAL, WRONG_FOR_A_THIRD)) == {"accuracy": "better", "macro_f1": "better"}


def test_an_encoder_that_fails_where_the_baseline_is_right_is_worse():
    verdict = assessed(ACTUAL, WRONG_FOR_A_THIRD, ACTUAL)
    assert outcomes(verdict) == {"accuracy": "worse", "macro_f1": "worse"}
    assert verdict.differences["baseline"]["accuracy"].estimate.value == pytest.approx(-1 / 3)


def test_the_same_predictions_make_no_clear_difference():
    verdict = assessed(ACTUAL, WRONG_FOR_A_THIRD, WRONG_FOR_A_THIRD)
    assert outcomes(verdict) == {"accuracy": "no clear difference", "macro_f1": "no clear difference"}
    assert (
        verdict.differences["baseline"]["macro_f1"].estimate.low,
        verdict.differences["baseline"]["macro_f1"].estimate.high,
    ) == (0, 0)


def test_the_difference_is_paired():
    """Both fail on the same documents but one: resampling them together leaves the difference a narrow interval."""
    encoder = WRONG_FOR_A_THIRD.copy()
    encoder[0] = ACTUAL[0]
    verdict = assessed(ACTUAL, encoder, WRONG_FOR_A_THIRD)
    difference, alone = (
        verdict.differences["baseline"]["accuracy"].estimate,
        verdict.assessments["encoder"].overall["accuracy"],
    )
    assert difference.high - difference.low < (alone.high - alone.low) / 4


def test_an_encoder_without_predictions_has_null_metrics_for_that_reason_and_the_baseline_has_its_own():
    verdict = assessed(ACTUAL, "its logits are not finite", ACTUAL)
    metrics = [
        *verdict.assessments["encoder"].overall.values(),
        *chain.from_iterable(verdict.assessments["encoder"].per_class.values()),
    ]
    assert {(metric.value, metric.low, metric.reason) for metric in metrics} == {
        (None, None, "its logits are not finite")
    }
    assert outcomes(verdict) == {"accuracy": "unknown", "macro_f1": "unknown"}
    assert verdict.assessments["baseline"].overall["accuracy"].value == 1.0


def test_a_class_absent_from_the_test_split_has_no_recall_and_one_never_predicted_no_precision():
    verdict = assessed([0, 0, 0, 1], [0, 0, 2, 0], [0, 0, 0, 1])
    precision, recall, f1 = (verdict.assessments["encoder"].per_class[name] for name in ("precision", "recall", "f1"))
    assert precision[1].value is None and "predicted" in precision[1].reason
    assert recall[2].value is None and "no document of this class" in recall[2].reason
    assert (precision[2].value, f1[1].value, f1[2].value) == (0, 0, 0)  # these are defined, and are 0
    assert (
        verdict.assessments["encoder"].overall["macro_recall"].reason.startswith("the average is over 2 of 3 classes")
    )


def test_one_document_is_assessed_without_an_interval():
    verdict = assessed([1], [1], [0])
    assert verdict.assessments["encoder"].overall["accuracy"].value == 1.0
    assert verdict.assessments["encoder"].overall["accuracy"].low is None
    assert outcomes(verdict) == {"accuracy": "unknown", "macro_f1": "unknown"}


def test_more_confidence_makes_a_wider_interval():
    narrow, wide = (
        assessed(ACTUAL, WRONG_FOR_A_THIRD, ACTUAL, confidence=c).assessments["encoder"].overall["macro_f1"]
        for c in (0.8, 0.99)
    )
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_all_predictions_the_same_leave_the_correlation_undefined_and_say_so():
    verdict = assessed(ACTUAL, np.zeros(90, dtype=int), ACTUAL)
    correlation = verdict.assessments["encoder"].overall["matthews_correlation"]
    assert (correlation.value, correlation.low) == (None, None)
    assert "predicted as one" in correlation.reason
    assert verdict.assessments["encoder"].overall["accuracy"].value == pytest.approx(1 / 3)


def test_a_silent_classifier_has_the_same_metrics_as_one_that_speaks():
    verdict = assessed(ACTUAL, "it is off", ACTUAL)
    encoder, baseline = verdict.assessments["encoder"], verdict.assessments["baseline"]
    assert (set(encoder.overall), set(encoder.per_class)) == (set(baseline.overall), set(baseline.per_class))


def test_a_class_absent_from_the_test_split_has_no_ranking_metrics():
    areas = assessed([0, 0, 0, 1], [0, 0, 2, 0], [0, 0, 0, 1]).assessments["encoder"].per_class["roc_auc"]
    assert areas[2].value is None and "no document of this class" in areas[2].reason
    assert areas[0].value is not None
