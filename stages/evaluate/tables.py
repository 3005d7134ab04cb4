"""The files of reports/evaluate/: the columns of the tables, and how each kind of content is written."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stages.common.core.outputs import write_json
from stages.common.documents.table import write_parquet

COLUMNS = {
    "flips.csv": ["against", "id", "label", "encoder", "other", "outcome"],
    "calibration.csv": ["version", "bin", "documents", "confidence", "accuracy", "accuracy_low", "accuracy_high"],
    "coverage.csv": ["coverage", "threshold", "documents", "accuracy", "accuracy_low", "accuracy_high"],
    "roc.csv": ["label", "false_positive_rate", "true_positive_rate"],
    "precision_recall.csv": ["label", "recall", "precision"],
    "robustness.csv": [
        *("perturbation", "documents", "accuracy_before", "accuracy_after", "drop", "drop_low", "drop_high"),
        *("consistency", "consistency_low", "consistency_high"),
    ],
    "slices.csv": [
        *("feature", "slice", "documents", "accuracy", "accuracy_low", "accuracy_high", "difference", "p_value"),
        *("p_adjusted", "clearly_worse"),
    ],
    "errors.csv": ["id", "label", "predicted", "p_label", "p_predicted", "loss", "baseline_predicted"],
    "confused_pairs.csv": ["actual", "predicted", "documents", "share", "share_low", "share_high"],
    "suspect_labels.csv": ["id", "label", "suggested", "p_label", "p_suggested", "baseline_agrees"],
}


def complete(contents: dict[str, Any]) -> dict[str, Any]:
    """The contents with a table that has its header alone for each that is missing, columns in their order."""
    tables = {name: contents.get(name, pd.DataFrame(columns=columns))[columns] for name, columns in COLUMNS.items()}
    return contents | tables


def write_content(path: Path, content: Any) -> None:
    """Writes a table as CSV or parquet, a text as it is, everything else as JSON."""
    if isinstance(content, pd.DataFrame):
        content.to_csv(path, index=False, lineterminator="\n")
    elif isinstance(content, pa.Table):
        write_parquet(content, path)
    else:
        write_json(path, content)
