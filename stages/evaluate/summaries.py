"""What the stage says of the test split in its small files: the metrics, the summary and the table of classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.common.metrics.names import METRICS
from stages.common.metrics.significance import comparison, flips, weigh
from stages.evaluate.assessment import BASELINE, ENCODER, Assessment, Verdict
from stages.evaluate.logistic import PlainModel
from stages.evaluate.parameters import EvaluateParameters

HANDED_OUT = ("expected_calibration_error", "brier_score", "log_loss")  # of the calibration metrics, in metrics.json


def headline_metrics(
    verdict: Verdict,
    documents: int,
    shown: Sequence[str],
    headline: str,
    calibration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What metrics.json holds: few enough metrics for ``dvc metrics show`` to print, with their intervals.

    Args:
        verdict: The metrics.
        documents: How many test documents there are.
        shown: Which metrics.
        headline: The one by which plain classifiers are ranked: where another one than the baseline does best,
            ``stronger`` says how the encoder compares with it. Outcomes weigh all shown metrics.
        calibration: What calibration.json holds; None for a task without probabilities.
    """
    handed_out = calibration and (calibration["after"] or calibration["before"])
    outcomes = {
        name: weigh({metric: each.outcome for metric, each in differences.items()})
        for name, differences in verdict.differences.items()
    }
    stronger = best_plain(verdict, headline)
    return {
        "documents": documents,
        **{
            name: {metric: assessed.overall[metric].as_json() for metric in shown}
            for name, assessed in verdict.assessments.items()
        },
        "difference": {name: difference.as_json() for name, difference in verdict.differences[BASELINE].items()},
        "encoder_vs_baseline": outcomes[BASELINE],
        **(
            {
                "stronger": {
                    "name": stronger,
                    "outcome": outcomes[stronger],
                    "difference": verdict.differences[stronger][headline].as_json(),
                }
            }
            if stronger != BASELINE
            else {}
        ),
        **({"calibration": {name: handed_out[name] for name in HANDED_OUT}} if handed_out else {}),
    }


def best_plain(verdict: Verdict, headline: str) -> str:
    """The plain classifier that does best by the headline metric; the baseline of equals."""
    sign = 1 if METRICS[headline].higher_is_better else -1
    known = {name: verdict.assessments[name].overall[headline].value for name in verdict.differences}
    scores = {name: sign * value for name, value in known.items() if value is not None}
    return max(scores, key=lambda name: (scores[name], name == BASELINE), default=BASELINE)


def summary(
    task: str,
    documents: int,
    verdict: Verdict,
    support: Mapping[str, int],
    labels: Sequence[str],
    plain: Mapping[str, PlainModel | None],
    parameters: EvaluateParameters,
) -> dict[str, Any]:
    """All metrics of all classifiers, and how the plain ones and the intervals were made.

    Args:
        task: The dataset's task.
        documents: How many test documents there are.
        verdict: The metrics.
        support: How often each label occurs in the test split.
        labels: The labels' names.
        plain: How the plain classifiers were made, by name; None for one that is off.
        parameters: The section ``evaluate`` of params.yaml.
    """
    return {
        "task": task,
        "documents": documents,
        "bootstrap_samples": parameters.bootstrap_samples,
        "confidence": parameters.confidence,
        **{
            name: {metric: estimate.as_json() for metric, estimate in assessed.overall.items()}
            for name, assessed in verdict.assessments.items()
        },
        **{f"{name}_model": model and model.as_json() for name, model in plain.items()},
        "classes": classes_as_json(verdict.assessments, support, labels),
    }


def classes_as_json(
    assessments: Mapping[str, Assessment], support: Mapping[str, int], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """The metrics of each class for a JSON file.

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
                name: {metric: each[index].as_json() for metric, each in assessed.per_class.items()}
                for name, assessed in assessments.items()
            },
        }
        for index, label in enumerate(labels)
    ]


def class_table(verdict: Verdict, support: Mapping[str, int], labels: Sequence[str]) -> pd.DataFrame:
    """The metrics of each class, one row a class.

    Args:
        verdict: The metrics.
        support: Test documents of each label that occurs.
        labels: The labels' names.

    Returns:
        Columns label, support (test documents), then for each metric of a class the encoder's with its interval
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


def comparisons(
    ids: Sequence[str], actual: Sequence[str], predicted: Mapping[str, Sequence[str]], verdict: Verdict
) -> dict[str, Any]:
    """The encoder beside each other classifier: comparison.json and flips.csv.

    Args:
        ids: The documents' ids.
        actual: The right answer to each document, in words.
        predicted: The answers of each classifier that has some, by name.
        verdict: The metrics.
    """
    words = {name: np.array(answers, dtype=object) for name, answers in predicted.items()}
    truth, encoder = np.array(actual, dtype=object), words.pop(ENCODER, None)
    if encoder is None:
        return {"comparison.json": []}
    entries = [
        comparison((ENCODER, name), encoder == truth, other == truth, verdict.differences[name])
        for name, other in words.items()
    ]
    flipped = [flips(ids, truth, encoder, other).assign(against=name) for name, other in words.items()]
    return {"comparison.json": entries, "flips.csv": pd.concat(flipped, ignore_index=True)}


def _cells(prefix: str, assessment: Assessment, index: int, reasons: list[str]) -> dict[str, float | None]:
    cells: dict[str, float | None] = {}
    for name, estimates in assessment.per_class.items():
        estimate = estimates[index]
        cells |= {
            f"{prefix}{name}": estimate.value,
            f"{prefix}{name}_low": estimate.low,
            f"{prefix}{name}_high": estimate.high,
        }
        if estimate.reason:
            reasons.append(f"{prefix}{name}: {estimate.reason}")
    return cells
