"""The test results in the form that the page shows: figures in rows, the confusion matrix, documents with texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.report.excerpts import excerpt, shortened

FIGURES = {
    "span_f1": "Span F1",
    "macro_span_f1": "Macro span F1",
    "span_precision": "Span precision",
    "span_recall": "Span recall",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "macro_precision": "Macro precision",
    "macro_recall": "Macro recall",
    "micro_f1": "Micro F1",
    "micro_precision": "Micro precision",
    "micro_recall": "Micro recall",
    "weighted_f1": "Weighted F1",
    "weighted_precision": "Weighted precision",
    "weighted_recall": "Weighted recall",
    "matthews_correlation": "Matthews correlation",
    "log_loss": "Log loss (nats; less is better)",
    "roc_auc": "ROC AUC, one against the rest",
    "average_precision": "Average precision, one against the rest",
}


@dataclass(frozen=True)
class FigureRow:
    """One figure of each classifier, and the encoder's difference to the baseline where it was tested."""

    name: str
    figures: list[dict[str, Any]]
    difference: dict[str, Any] | None


@dataclass(frozen=True)
class ConfusionRow:
    """How those of one class were predicted: ``counts`` in the order of the columns."""

    label: str
    counts: list[int]
    total: int


def figure_rows(summary: dict[str, Any], metrics: dict[str, Any], classifiers: Sequence[str]) -> list[FigureRow]:
    """The overall figures, one row each, in the order of :data:`FIGURES`; only those that the task has."""
    return [
        FigureRow(title, [summary[each][name] for each in classifiers], metrics["difference"].get(name))
        for name, title in FIGURES.items()
        if name in summary["encoder"]
    ]


def confusion(pairs: pd.DataFrame, labels: Sequence[str]) -> list[ConfusionRow]:
    """Counts actual against predicted labels of the encoder.

    Args:
        pairs: Columns actual and predicted.
        labels: The labels of the dataset, which come first; tags and the like that occur come after them.

    Returns:
        A row for each label, with a count for each in the same order; none if there are no pairs.
    """
    if pairs.empty:
        return []
    seen = set(pairs["actual"]) | set(pairs["predicted"])
    names = [*(labels if seen & set(labels) else []), *sorted(seen - set(labels))]
    counts = pd.crosstab(pairs["actual"], pairs["predicted"]).reindex(index=names, columns=names, fill_value=0)
    matrix = counts.to_numpy(dtype=int).tolist()
    return [ConfusionRow(label, row, sum(row)) for label, row in zip(names, matrix, strict=True)]


def with_texts(rows: pd.DataFrame, test: pd.DataFrame, count: int, characters: int) -> list[dict[str, Any]]:
    """The first rows of a list of test documents, each with the beginning of its text.

    Args:
        rows: Column ``id`` and others.
        test: The test documents.
        count: How many to show, at most.
        characters: The most characters to show of a text.
    """
    shown = rows.head(count)
    texts = test.loc[test["id"].isin(shown["id"])].set_index("id")["text"]
    excerpts = [excerpt(text, characters) for text in shown["id"].map(texts).fillna("")]
    return [{**row, "text": text} for row, text in zip(shortened(shown, characters), excerpts, strict=True)]
