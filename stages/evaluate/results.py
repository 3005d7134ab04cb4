"""What a test finds: the predictions, the contents of the files under reports/evaluate/, and how each is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stages.common.core.outputs import write_json
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.significance import Difference

COLUMNS = {
    "flips.csv": ["against", "id", "label", "encoder", "other", "outcome"],
    "calibration.csv": ["version", "bin", "documents", "confidence", "accuracy", "accuracy_low", "accuracy_high"],
    "coverage.csv": ["coverage", "threshold", "documents", "accuracy", "accuracy_low", "accuracy_high"],
    "roc.csv": ["label", "false_positive_rate", "true_positive_rate"],
    "precision_recall.csv": ["label", "recall", "precision"],
    "robustness.csv": [
        *("perturbation", "documents", "changed", "accuracy_before", "accuracy_after", "drop", "drop_low", "drop_high"),
        *("consistency", "consistency_low", "consistency_high"),
    ],
    "slices.csv": [
        *("feature", "slice", "documents", "accuracy", "accuracy_low", "accuracy_high", "difference", "p_value"),
        *("p_adjusted", "clearly_worse"),
    ],
    "errors.csv": ["id", "label", "predicted", "p_label", "p_predicted", "loss", "baseline_predicted"],
    "confused_pairs.csv": ["actual", "predicted", "documents", "share", "share_low", "share_high"],
    "suspect_labels.csv": ["id", "label", "suggested", "p_label", "p_suggested", "baseline_agrees"],
    "label_errors.csv": ["id", "labels", "predicted", "missed", "added", "loss", "baseline_predicted"],
    "values.csv": ["actual", "predicted"],
    "quantiles.csv": ["bin", "documents", "predicted", "actual", "actual_low", "actual_high"],
    "error_slices.csv": [
        *("feature", "slice", "documents", "mae", "mae_low", "mae_high", "difference", "p_value", "p_adjusted"),
        "clearly_worse",
    ],
    "value_errors.csv": ["id", "value", "predicted", "error", "baseline_predicted"],
}
OF_LABELS = tuple(COLUMNS)[:10]  # the tables of tasks with one label a document, or one tag a word


@dataclass(frozen=True)
class Evaluation:
    """What a test finds.

    Attributes:
        predictions: One row a test document.
        files: The contents of the files under reports/evaluate/, by name.
    """

    predictions: pa.Table
    files: dict[str, Any]


@dataclass(frozen=True)
class Compared:
    """Two runs on the same test documents.

    Attributes:
        metrics: By name, those of the one and of the other.
        differences: By name, the one's minus the other's.
        counts: An entry of comparison.json; empty where answers are neither right nor wrong.
        documents: Those on which the runs differ most: id, label, encoder (the one) and other, as strings.
    """

    metrics: dict[str, tuple[Estimate, Estimate]]
    differences: dict[str, Difference]
    counts: dict[str, Any]
    documents: pd.DataFrame


def complete(files: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The files with a table that has its header alone for each that is missing, columns in their order.

    Args:
        files: The contents by name.
        names: The tables that there must be, of :data:`COLUMNS`.
    """
    tables = {name: files.get(name, pd.DataFrame(columns=COLUMNS[name]))[COLUMNS[name]] for name in names}
    return files | tables


def write_content(path: Path, content: Any) -> None:
    """Writes a table as CSV, everything else as JSON."""
    if isinstance(content, pd.DataFrame):
        content.to_csv(path, index=False, lineterminator="\n")
    else:
        write_json(path, content)
