"""The test results as the page shows them."""

import pandas as pd

from stages.report.results import confusion, worst_errors
from tests.report.conftest import document

LABELS = ["a", "b"]
TEST = pd.DataFrame([document(str(n), f"text {n}", label) for n, label in enumerate("aabb")])
PREDICTIONS = pd.DataFrame(
    {
        "id": list("0123"),
        "label": list("aabb"),
        "predicted": list("abab"),
        "p:a": [0.9, 0.4, 0.99, 0.2],
        "p:b": [0.1, 0.6, 0.01, 0.8],
        "baseline_predicted": list("aaab"),
    }
)


def test_the_confusion_matrix_has_a_row_for_each_class_and_counts_each_document():
    columns, rows = confusion(PREDICTIONS, LABELS)
    assert columns == LABELS
    assert [(row.label, row.counts, row.total) for row in rows] == [("a", [1, 1], 2), ("b", [1, 1], 2)]


def test_documents_without_a_prediction_have_a_column_of_their_own():
    silent = PREDICTIONS.assign(predicted=["a", None, None, "b"])
    columns, rows = confusion(silent, LABELS)
    assert columns == ["a", "b", "no prediction"]
    assert [row.counts for row in rows] == [[1, 0, 1], [0, 1, 1]]


def test_a_class_that_no_document_has_keeps_its_row_and_column():
    columns, rows = confusion(PREDICTIONS, [*LABELS, "c"])
    assert columns == ["a", "b", "c"]
    assert rows[2].counts == [0, 0, 0]


def test_the_worst_errors_come_first_with_both_probabilities():
    count, shown = worst_errors(PREDICTIONS, TEST, count=5, characters=80)
    assert count == 2
    assert [(error.id, error.actual_probability, error.predicted_probability) for error in shown] == [
        ("2", 0.01, 0.99),
        ("1", 0.4, 0.6),
    ]
    assert [error.baseline_is_right for error in shown] == [False, True]


def test_only_so_many_errors_are_shown_but_all_are_counted():
    count, shown = worst_errors(PREDICTIONS, TEST, count=1, characters=80)
    assert (count, len(shown)) == (2, 1)


def test_no_errors_and_no_predictions_give_none():
    right = PREDICTIONS.assign(predicted=PREDICTIONS["label"])
    assert worst_errors(right, TEST, 5, 80) == (0, [])
    silent = PREDICTIONS.assign(**{"predicted": None, "p:a": None, "p:b": None})
    assert worst_errors(silent, TEST, 5, 80) == (0, [])
