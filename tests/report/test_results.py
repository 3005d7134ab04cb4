"""The test results as the page shows them."""

import pandas as pd

from stages.report.results import confusion, metric_rows, metric_title, with_texts
from tests.report.conftest import document

LABELS = ["a", "b"]
TEST = pd.DataFrame([document(str(n), f"text {n}", label) for n, label in enumerate("aabb")])
PAIRS = pd.DataFrame({"actual": list("aabb"), "predicted": list("abab")})


def counts(pairs, labels):
    return [(row.label, row.counts, row.total) for row in confusion(pairs, labels)]


def test_the_confusion_matrix_has_a_row_for_each_class_and_counts_each_document():
    assert counts(PAIRS, LABELS) == [("a", [1, 1], 2), ("b", [1, 1], 2)]


def test_a_class_that_no_document_has_keeps_its_row_and_column():
    assert counts(PAIRS, [*LABELS, "c"])[2] == ("c", [0, 0, 0], 0)


def test_tags_have_rows_of_their_own_where_the_labels_are_types_of_entities():
    tags = pd.DataFrame({"actual": ["B-PER", "O"], "predicted": ["B-PER", "I-PER"]})
    assert counts(tags, ["PER"]) == [("B-PER", [1, 0, 0], 1), ("I-PER", [0, 0, 0], 0), ("O", [0, 1, 0], 1)]


def test_without_predictions_there_is_no_matrix():
    assert counts(PAIRS.iloc[:0], LABELS) == []


def test_listed_documents_come_with_the_beginning_of_their_text():
    rows = pd.DataFrame({"id": ["2", "0", "1"], "loss": [3.0, 2.0, 1.0]})
    assert with_texts(rows, TEST, 2, 80) == [
        {"id": "2", "loss": 3.0, "texts": ["text 2"]},
        {"id": "0", "loss": 2.0, "texts": ["text 0"]},
    ]
    assert with_texts(rows.iloc[:0], TEST, 2, 80) == []


def test_only_the_metrics_of_the_task_have_rows_the_headline_first():
    metric = {"value": 0.5, "low": 0.4, "high": 0.6}
    summary = {name: {"accuracy": metric, "span_f1": metric} for name in ("encoder", "baseline")}
    rows = metric_rows(summary, {"difference": {"span_f1": metric}}, ["encoder", "baseline"], "span_f1")
    assert [(row.name, len(row.metrics), row.difference) for row in rows] == [
        ("Span F1", 2, metric),
        ("Accuracy", 2, None),
    ]


def test_a_metric_of_which_less_is_better_says_so():
    assert (metric_title("mae"), metric_title("macro_f1")) == ("Mean absolute error (less is better)", "Macro F1")
