"""The test results in the form that the page shows: figures in rows, the confusion matrix, the worst errors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.report.excerpts import excerpt

NONE = "no prediction"
FIGURES = {
    "accuracy": "Accuracy",
    "macro_precision": "Macro precision",
    "macro_recall": "Macro recall",
    "macro_f1": "Macro F1",
    "weighted_precision": "Weighted precision",
    "weighted_recall": "Weighted recall",
    "weighted_f1": "Weighted F1",
}


@dataclass(frozen=True)
class FigureRow:
    """One figure of the encoder and of the baseline, and their difference where it was tested."""

    name: str
    encoder: dict[str, Any]
    baseline: dict[str, Any]
    difference: dict[str, Any] | None


@dataclass(frozen=True)
class ConfusionRow:
    """How the test documents of one class were predicted: ``counts`` in the order of the columns."""

    label: str
    counts: list[int]
    total: int


@dataclass(frozen=True)
class WrongDocument:
    """A test document that the encoder got wrong: its probability for the true and for the predicted label."""

    id: str
    text: str
    actual: str
    predicted: str
    actual_probability: float
    predicted_probability: float
    baseline_is_right: bool


def figure_rows(summary: dict[str, Any], metrics: dict[str, Any]) -> list[FigureRow]:
    """The overall figures, one row each, in the order of :data:`FIGURES`."""
    return [
        FigureRow(title, summary["encoder"][name], summary["baseline"][name], metrics["difference"].get(name))
        for name, title in FIGURES.items()
    ]


def confusion(predictions: pd.DataFrame, labels: list[str]) -> tuple[list[str], list[ConfusionRow]]:
    """Counts actual against predicted labels of the encoder.

    Args:
        predictions: Columns label and predicted.
        labels: The labels' names.

    Returns:
        The columns' names (the labels, and one for documents without a prediction where there are any), and a row for
        each actual label.
    """
    predicted = predictions["predicted"].fillna(NONE)
    columns = [*labels, NONE] if (predicted == NONE).any() else list(labels)
    counts = pd.crosstab(predictions["label"], predicted).reindex(index=labels, columns=columns, fill_value=0)
    matrix = counts.to_numpy(dtype=int).tolist()
    rows = [ConfusionRow(label, row, sum(row)) for label, row in zip(labels, matrix, strict=True)]
    return columns, rows


def worst_errors(
    predictions: pd.DataFrame, test: pd.DataFrame, count: int, characters: int
) -> tuple[int, list[WrongDocument]]:
    """The test documents with the highest loss, which is minus the logarithm of the true label's probability.

    Args:
        predictions: The table that evaluate writes.
        test: The test documents.
        count: How many to show, at most.
        characters: The most characters to show of a text.

    Returns:
        How many documents the encoder got wrong, and the worst of them, the highest loss first.
    """
    wrong = predictions[predictions["predicted"].notna() & (predictions["predicted"] != predictions["label"])]
    texts = test.set_index("id")["text"]
    columns = list(predictions.columns)
    values = wrong[columns].to_numpy(dtype=object)
    at = np.arange(len(wrong))
    of_actual = values[at, [columns.index(f"p:{label}") for label in wrong["label"]]].astype(float)
    of_predicted = values[at, [columns.index(f"p:{label}") for label in wrong["predicted"]]].astype(float)
    rated = wrong.assign(of_actual=of_actual, of_predicted=of_predicted).sort_values(["of_actual", "id"])
    shown = [
        WrongDocument(
            id=excerpt(row["id"], characters),
            text=excerpt(texts[row["id"]], characters),
            actual=row["label"],
            predicted=row["predicted"],
            actual_probability=row["of_actual"],
            predicted_probability=row["of_predicted"],
            baseline_is_right=row["baseline_predicted"] == row["label"],
        )
        for row in rated.head(count).to_dict("records")
    ]
    return len(wrong), shown
