"""What the stage says of the test split in its small files: the metrics, the summary and the table of classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.evaluate.assessment import BASELINE, ENCODER, HEADLINE, Assessment, Verdict
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.regression import PlainClassifier


def metrics(
    verdict: Verdict, documents: int, calibration: Mapping[str, Any], headline: Sequence[str] = HEADLINE
) -> dict[str, Any]:
    """The headline figures, few enough for ``dvc metrics show`` to print, with their intervals.

    ``encoder_vs_baseline`` is the outcome for the last of them, the figure that runs are compared by.

    Args:
        verdict: The figures.
        documents: How many test documents there are.
        calibration: Figures of the probabilities that are handed out.
        headline: Which figures.
    """
    figures = {
        name: {figure: assessed.overall[figure].as_json() for figure in headline}
        for name, assessed in verdict.assessments.items()
    }
    differences = {name: difference.as_json() for name, difference in verdict.differences[BASELINE].items()}
    shown = ("expected_calibration_error", "brier_score", "log_loss")
    return {
        "documents": documents,
        **figures,
        "difference": differences,
        "encoder_vs_baseline": verdict.differences[BASELINE][headline[-1]].outcome,
        "calibration": {name: calibration[name] for name in shown},
    }


def summary(
    task: str,
    documents: int,
    verdict: Verdict,
    support: Mapping[str, int],
    labels: Sequence[str],
    plain: Mapping[str, PlainClassifier | None],
    parameters: EvaluateParameters,
) -> dict[str, Any]:
    """All figures of all classifiers, and how the plain ones and the intervals were made.

    Args:
        task: The dataset's task.
        documents: How many test documents there are.
        verdict: The figures.
        support: How often each label occurs in the test split.
        labels: The labels' names.
        plain: The plain classifiers by name; None for one that is off.
        parameters: The section ``evaluate`` of params.yaml.
    """
    return {
        "task": task,
        "documents": documents,
        "bootstrap_samples": parameters.bootstrap_samples,
        "confidence": parameters.confidence,
        **{
            name: {figure: said.as_json() for figure, said in assessed.overall.items()}
            for name, assessed in verdict.assessments.items()
        },
        **{f"{name}_model": classifier and classifier.as_json() for name, classifier in plain.items()},
        "classes": class_figures_of(verdict.assessments, support, labels),
    }


def class_figures_of(
    assessments: Mapping[str, Assessment], support: Mapping[str, int], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """The figures of each class for a JSON file.

    Args:
        assessments: By name of the classifier.
        support: How often each class occurs in the test split.
        labels: The classes' names.
    """
    return [
        {
            "label": label,
            "support": support.get(label, 0),
            **{
                name: {figure: said[index].as_json() for figure, said in assessed.per_class.items()}
                for name, assessed in assessments.items()
            },
        }
        for index, label in enumerate(labels)
    ]


def class_table(verdict: Verdict, support: Mapping[str, int], labels: Sequence[str]) -> pd.DataFrame:
    """The figures of each class, one row a class.

    Args:
        verdict: The figures.
        support: Test documents of each label that occurs.
        labels: The labels' names.

    Returns:
        Columns label, support (test documents), then for each figure of a class the encoder's with its interval
        (``f1``, ``f1_low``, ``f1_high``), the others' likewise (``baseline_f1``, ...), and ``reason``: why a cell is
        empty, in words.
    """
    rows = []
    for index, label in enumerate(labels):
        row: dict[str, Any] = {"label": label, "support": support.get(label, 0)}
        reasons: list[str] = []
        for name, assessed in verdict.assessments.items():
            row |= _cells("" if name == ENCODER else f"{name}_", assessed, index, reasons)
        rows.append({**row, "reason": "; ".join(dict.fromkeys(reasons))})
    return pd.DataFrame(rows)


def _cells(prefix: str, assessment: Assessment, index: int, reasons: list[str]) -> dict[str, float | None]:
    cells: dict[str, float | None] = {}
    for name, figures in assessment.per_class.items():
        figure = figures[index]
        cells |= {
            f"{prefix}{name}": figure.value,
            f"{prefix}{name}_low": figure.low,
            f"{prefix}{name}_high": figure.high,
        }
        if figure.reason:
            reasons.append(f"{prefix}{name}: {figure.reason}")
    return cells
