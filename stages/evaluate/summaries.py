"""What the stage says of the test split in its small files: the metrics, the summary and the table of classes."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from stages.evaluate.assessment import HEADLINE, Assessment, Verdict
from stages.evaluate.baseline import Baseline
from stages.evaluate.figures import PER_CLASS
from stages.evaluate.parameters import EvaluateParameters


def metrics(verdict: Verdict, documents: int) -> dict[str, Any]:
    """The headline figures, few enough for ``dvc metrics show`` to print: accuracy and macro F1 with their intervals.

    ``encoder_vs_baseline`` is the outcome for macro F1, the figure that runs are compared by.
    """
    return {
        "documents": documents,
        "encoder": {name: verdict.encoder.overall[name].as_json() for name in HEADLINE},
        "baseline": {name: verdict.baseline.overall[name].as_json() for name in HEADLINE},
        "difference": {name: difference.as_json() for name, difference in verdict.differences.items()},
        "encoder_vs_baseline": verdict.differences["macro_f1"].outcome,
    }


def summary(
    verdict: Verdict, test: pd.DataFrame, labels: Sequence[str], baseline: Baseline, parameters: EvaluateParameters
) -> dict[str, Any]:
    """All figures of both classifiers, and how the baseline and the intervals were made.

    Args:
        verdict: The figures.
        test: The test documents.
        labels: The labels' names.
        baseline: How the baseline was chosen.
        parameters: The section ``evaluate`` of params.yaml.
    """
    support = test["label"].value_counts()
    return {
        "documents": len(test),
        "bootstrap_samples": parameters.bootstrap_samples,
        "confidence": parameters.confidence,
        "encoder": {name: figure.as_json() for name, figure in verdict.encoder.overall.items()},
        "baseline": {name: figure.as_json() for name, figure in verdict.baseline.overall.items()},
        "baseline_model": {
            "features": baseline.features,
            "c": baseline.c,
            "validation_macro_f1": {str(c): score for c, score in baseline.validation_macro_f1.items()},
        },
        "classes": [
            {
                "label": label,
                "support": int(support.get(label, 0)),
                "encoder": {name: verdict.encoder.per_class[name][index].as_json() for name in PER_CLASS},
                "baseline": {name: verdict.baseline.per_class[name][index].as_json() for name in PER_CLASS},
            }
            for index, label in enumerate(labels)
        ],
    }


def class_table(verdict: Verdict, test: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The figures of each class, one row a class.

    Args:
        verdict: The figures.
        test: The test documents.
        labels: The labels' names.

    Returns:
        Columns label, support (test documents), then for precision, recall and f1 the encoder's figure with its
        interval (``f1``, ``f1_low``, ``f1_high``), the baseline's likewise (``baseline_f1``, ...), and ``reason``: why
        a cell is empty, in words.
    """
    support = test["label"].value_counts()
    rows = []
    for index, label in enumerate(labels):
        row: dict[str, Any] = {"label": label, "support": int(support.get(label, 0))}
        reasons: list[str] = []
        for prefix, assessment in (("", verdict.encoder), ("baseline_", verdict.baseline)):
            row |= _cells(prefix, assessment, index, reasons)
        rows.append({**row, "reason": "; ".join(dict.fromkeys(reasons))})
    return pd.DataFrame(rows)


def _cells(prefix: str, assessment: Assessment, index: int, reasons: list[str]) -> dict[str, float | None]:
    cells: dict[str, float | None] = {}
    for name in PER_CLASS:
        figure = assessment.per_class[name][index]
        cells |= {
            f"{prefix}{name}": figure.value,
            f"{prefix}{name}_low": figure.low,
            f"{prefix}{name}_high": figure.high,
        }
        if figure.reason:
            reasons.append(f"{prefix}{name}: {figure.reason}")
    return cells
