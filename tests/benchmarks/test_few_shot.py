import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.few_shot import metrics_of


def test_the_metrics_of_a_run_are_those_of_scikit_learn():
    draw = np.random.default_rng(0)
    actual, predicted = draw.integers(4, size=(2, 200))
    found = metrics_of(actual, predicted, list("abcd"))
    assert found["macro_f1"] == pytest.approx(f1_score(actual, predicted, average="macro"))
    assert found["accuracy"] == pytest.approx(accuracy_score(actual, predicted))
