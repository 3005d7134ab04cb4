"""Reads what the stages before have written: document tables, and the small files under reports/."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.documents.card import Card, read_card
from stages.common.documents.consensus import read_consensus
from stages.common.documents.table import read_documents, read_flags, read_rejected

DATA = Path("data")
REPORTS = Path("reports")
TEST = REPORTS / "evaluate"
EXPLAINED = REPORTS / "explain"
EXPORTED = REPORTS / "export"
REMAKE = "Make it again with `dvc repro`."
CURVES = Path("finetune/live/plots/metrics")
CHANGES = {"id": "str", "rule": "str", "before": "str", "after": "str"}
LEAKS = {"split": "str", "other_split": "str", "id": "str", "other_id": "str", "similarity": "float", "excerpt": "str"}
SUSPECT = {"id": "str", "label": "str", "suggested": "str"}
LABEL_ISSUES = {**SUSPECT, "probability": "float", "quality": "float", "excerpt": "str"}
ACCURACY = {"documents": "int", "accuracy": "float", "accuracy_low": "float", "accuracy_high": "float"}
FLIPS = {"against": "str", "id": "str", "label": "str", "encoder": "str", "other": "str", "outcome": "str"}
CONSISTENCY = {"consistency": "float", "consistency_low": "float", "consistency_high": "float"}
DROP = {
    "accuracy_before": "float",
    "accuracy_after": "float",
    "drop": "float",
    "drop_low": "float",
    "drop_high": "float",
}
TESTED = {"difference": "float", "p_value": "float", "p_adjusted": "float", "clearly_worse": "bool"}
SURENESS = {"p_label": "float", "p_predicted": "float", "loss": "float"}
PAIR = {"actual": "str", "predicted": "str"}
PREDICTED = {"predicted": "str", "baseline_predicted": "str"}
VALUES = {"predicted": "float", "baseline_predicted": "float"}
MEAN = {"actual": "float", "actual_low": "float", "actual_high": "float"}
SLICE = {"feature": "str", "slice": "str"}
EVALUATION = {  # the lists that evaluate may write, and the columns that the page shows
    "confusion_matrix": PAIR,
    "flips": FLIPS,
    "calibration": {"version": "str", "confidence": "float", **ACCURACY},
    "coverage": {"coverage": "float", "threshold": "float", **ACCURACY},
    "roc": {"label": "str", "false_positive_rate": "float", "true_positive_rate": "float"},
    "precision_recall": {"label": "str", "recall": "float", "precision": "float"},
    "robustness": {"perturbation": "str", "documents": "int", "changed": "int", **DROP, **CONSISTENCY},
    "slices": {**SLICE, **ACCURACY, **TESTED},
    "error_slices": {**SLICE, "documents": "int", "mae": "float", "mae_low": "float", "mae_high": "float", **TESTED},
    "errors": {"id": "str", "label": "str", **PREDICTED, **SURENESS},
    "label_errors": {"id": "str", "labels": "str", **PREDICTED, "missed": "str", "added": "str", "loss": "float"},
    "value_errors": {"id": "str", "value": "float", **VALUES, "error": "float"},
    "values": {"actual": "float", "predicted": "float"},
    "quantiles": {"documents": "int", "predicted": "float", **MEAN},
    "confused_pairs": {**PAIR, "documents": "int", "share": "float", "share_low": "float", "share_high": "float"},
    "suspect_labels": {**SUSPECT, "p_label": "float", "p_suggested": "float", "baseline_agrees": "bool"},
}
EXPLANATIONS = {  # the lists that explain writes
    "words": {"label": "str", "input": "int", "word": "str", "documents": "int", "score": "float", "total": "float"},
    "shortcuts": {
        **{"label": "str", "input": "int", "word": "str", "kind": "str", "share": "float"},
        **{"documents_with": "int", "lost": "float", "lost_low": "float", "lost_high": "float"},
        **{"documents_without": "int", "gained": "float", "gained_low": "float", "gained_high": "float"},
        **{"turned": "float", "turned_low": "float", "turned_high": "float", "outcome": "str"},
    },
}
EXPORTS = {  # the lists that export writes
    "shapes": {"tokens": "int", "documents_a_batch": "int", "difference": "float"},
    "exported_flips": {"id": "str", "torch": "str", "exported": "str", "margin": "float"},
}
INTERVAL = {"p_value": "float", "p_adjusted": "float", "verdict": "str"}
FLIPPED = {"flips": "float", "flips_low": "float", "flips_high": "float", "change": "float"}
NULL = {"null_flips": "float", "null_flips_low": "float", "null_flips_high": "float", "null_change": "float"}
PROBED = {  # the lists that probe may write, and the columns that the page shows
    "groups": {
        **{"suite": "str", "group": "str", "words": "int", "contexts": "int", "label": "str", "shift": "float"},
        **{"pairs": "int", "excess": "float", "excess_low": "float", "excess_high": "float"},
        **FLIPPED, **NULL, **INTERVAL,
    },
    "swaps": {
        **{"suite": "str", "functionality": "str", "group": "str", "texts": "int", "null_texts": "int"},
        **{"label": "str", "shift": "float"}, **FLIPPED, **NULL, **INTERVAL,
    },
    "failures": {
        **{"suite": "str", "functionality": "str", "group": "str", "cases": "int", "failures": "int"},
        **{"rate": "float", "rate_low": "float", "rate_high": "float"}, **INTERVAL,
    },
    "group_metrics": {
        **{"attribute": "str", "group": "str", "label": "str", "documents": "int"},
        **{"share": "float", "share_low": "float", "share_high": "float"},
    },
    "gaps": {
        **{"attribute": "str", "gap": "str", "groups": "int", "documents": "int", "worst": "str", "best": "str"},
        **{"value": "float", "low": "float", "high": "float", "by_chance": "float"}, **INTERVAL,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """The documents on their way from the source to the splits.

    Attributes:
        card: What the dataset is.
        annotated: Documents with the labels that people's answers came to, or that they had.
        consensus: What people answered came to; without rows where a document has one answer.
        clean: Documents after cleaning.
        augmented: Clean documents and their variants.
        splits: Training (after the audit of labels), validation and test documents, by name of the split.
        rejected: What each stage dropped, by name of the stage.
        flags: Remarks of cleaning on documents that were kept.
        changes: Passages before and after each rule that changes texts.
        leaks: Pairs of documents of different published splits that are the same or nearly so.
        label_issues: Training documents whose label looks wrong, the worst first.
    """

    card: Card
    annotated: pd.DataFrame
    consensus: pd.DataFrame
    clean: pd.DataFrame
    augmented: pd.DataFrame
    splits: dict[str, pd.DataFrame]
    rejected: dict[str, pd.DataFrame]
    flags: pd.DataFrame
    changes: pd.DataFrame
    leaks: pd.DataFrame
    label_issues: pd.DataFrame


@dataclass(frozen=True)
class Probes:
    """What probe found.

    Attributes:
        summary: ``summary.json``.
        tables: The lists of :data:`PROBED`, by name.
        texts: What the model was asked and what it answered, one row a text.
    """

    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    texts: pd.DataFrame


@dataclass(frozen=True)
class Results:
    """What training and evaluation found.

    Attributes:
        summaries: ``summary.json`` of each stage, by name of the stage.
        agreement: How far annotators agree; empty where a document has one answer.
        metrics: The headline test metrics.
        comparison: The encoder beside each baseline; empty where answers are neither right nor wrong.
        calibration: How well probabilities fit, before and after the temperature; empty where there are none.
        cost: Size and speed.
        environment: What the training ran on.
        curves: By name of the metric, columns step and value.
        tables: The lists of :data:`EVALUATION`, :data:`EXPLANATIONS` and :data:`EXPORTS`, by name; without rows where
            there is nothing to list.
        explain: What explain found of its methods, ``methods`` and ``withheld``; empty where it is off.
        explained: The documents that it explained: places of words, and their scores.
        export: How the exported model compares with the fine-tuned one, and ``times``; empty where none was exported.
        probes: What probe found; None where it was not run.
    """

    summaries: dict[str, dict[str, Any]]
    agreement: dict[str, Any]
    metrics: dict[str, Any]
    comparison: list[dict[str, Any]]
    calibration: dict[str, Any]
    cost: dict[str, Any]
    environment: dict[str, Any]
    curves: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]
    explain: dict[str, Any]
    explained: list[dict[str, Any]]
    export: dict[str, Any]
    probes: Probes | None


def read_corpus() -> Corpus:
    """Reads the document tables of all data stages.

    Raises:
        UserError: If one is missing or is not what it should be.
    """
    stages = {
        "download": "raw",
        "annotate": "annotated",
        "clean": "clean",
        "augment": "augmented",
        "split": "splits",
        "audit": "audited",
    }
    splits = {"train": "audited", "validation": "splits", "test": "splits"}
    return Corpus(
        card=read_card(DATA / "splits"),
        annotated=read_documents(DATA / "annotated/documents.parquet"),
        consensus=read_consensus(),
        clean=read_documents(DATA / "clean/documents.parquet"),
        augmented=read_documents(DATA / "augmented/documents.parquet"),
        splits={name: read_documents(DATA / folder / f"{name}.parquet") for name, folder in splits.items()},
        rejected={stage: read_rejected(DATA / folder / "rejected.parquet") for stage, folder in stages.items()},
        flags=read_flags(DATA / "clean/flags.parquet"),
        changes=columns(read_parquet(DATA / "clean/changes.parquet"), CHANGES, DATA / "clean/changes.parquet"),
        leaks=read_csv(REPORTS / "clean/leaks.csv", LEAKS),
        label_issues=read_csv(REPORTS / "audit/label_issues.csv", LABEL_ISSUES),
    )


def read_results() -> Results:
    """Reads the files under reports/.

    Raises:
        UserError: If one is missing or is not what it should be.
    """
    stages = ("annotate", "clean", "augment", "split", "audit", "finetune", "evaluate")
    return Results(
        summaries={stage: read_json(REPORTS / stage / "summary.json") for stage in stages},
        agreement=read_json(REPORTS / "annotate/agreement.json"),
        metrics=read_json(TEST / "metrics.json"),
        comparison=read_json_list(TEST / "comparison.json") if (TEST / "comparison.json").is_file() else [],
        calibration=read_json(TEST / "calibration.json") if (TEST / "calibration.json").is_file() else {},
        cost=read_json(TEST / "cost.json"),
        environment=read_json(REPORTS / "finetune/environment.json"),
        curves=read_curves(REPORTS / CURVES),
        tables={
            name: read_list(folder / f"{name}.csv", types)
            for folder, lists in ((TEST, EVALUATION), (EXPLAINED, EXPLANATIONS), (EXPORTED, EXPORTS))
            for name, types in lists.items()
        },
        explain=read_json(EXPLAINED / "summary.json") if (EXPLAINED / "summary.json").is_file() else {},
        explained=read_json_list(EXPLAINED / "documents.json") if (EXPLAINED / "documents.json").is_file() else [],
        export=read_export(),
        probes=read_probes(REPORTS / "probe", DATA / "probes.parquet"),
    )


def read_export() -> dict[str, Any]:
    """What export found, with what it timed; empty where it did not run."""
    if not (EXPORTED / "summary.json").is_file():
        return {}
    return {**read_json(EXPORTED / "summary.json"), "times": read_json(EXPORTED / "environment.json")["int8"]}


def read_probes(folder: Path, texts: Path) -> Probes | None:
    """Reads what probe wrote; None where there is nothing."""
    if not (folder / "summary.json").is_file():
        return None
    tables = {name: read_list(folder / f"{name}.csv", types) for name, types in PROBED.items()}
    return Probes(read_json(folder / "summary.json"), tables, read_parquet(texts))


class Content(dict[str, Any]):
    """An object in a JSON file: a name that it does not hold is a mistake of the file, not of the page.

    Args:
        entries: What it holds.
        path: The file.
    """

    def __init__(self, entries: Mapping[str, Any], path: Path) -> None:
        super().__init__(entries)
        self._path = path

    def __missing__(self, name: str) -> Any:
        """Says which file lacks what.

        Raises:
            UserError: Always.
        """
        raise UserError(f"{self._path}: has no {name!r}.", REMAKE)


def read_json(path: Path) -> Content:
    """Reads a JSON file that holds an object."""
    content = _parse(path)
    if not isinstance(content, Content):
        raise UserError(f"{path}: holds no JSON object.", REMAKE)
    return content


def read_json_list(path: Path) -> list[dict[str, Any]]:
    """Reads a JSON file that holds a list of objects."""
    content = _parse(path)
    if not isinstance(content, list) or not all(isinstance(entry, Content) for entry in content):
        raise UserError(f"{path}: holds no list of JSON objects.", REMAKE)
    return content


def _parse(path: Path) -> Any:
    try:
        return json.loads(present(path).read_text(encoding="utf-8"), object_hook=lambda entry: Content(entry, path))
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}).", REMAKE) from None


def read_curves(folder: Path) -> dict[str, pd.DataFrame]:
    """Reads the metrics that DVCLive logged, by their names, such as ``validation/loss``."""
    for name in ("train/loss", "validation/loss"):
        present(folder / f"{name}.tsv")
    paths = sorted(folder.rglob("*.tsv"))
    return {path.relative_to(folder).with_suffix("").as_posix(): read_curve(path) for path in paths}


def read_curve(path: Path) -> pd.DataFrame:
    """Reads a metric that DVCLive logged.

    Returns:
        Columns step and value, in the order of the steps.
    """
    curve = pd.read_csv(present(path), sep="\t")
    if "step" not in curve or len(curve.columns) < 2:
        raise UserError(f"{path}: has no column 'step' with a metric beside it.", REMAKE)
    return curve.set_axis(["step", "value"], axis=1)


def read_parquet(path: Path) -> pd.DataFrame:
    """Reads a parquet file that is no document table."""
    try:
        return pd.read_parquet(present(path))
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: not a parquet file ({error}).", REMAKE) from None


def read_csv(path: Path, types: Mapping[str, str]) -> pd.DataFrame:
    """Reads a list that a stage wrote for people.

    Args:
        path: A CSV file with a header.
        types: The columns that are wanted, and their types. An empty cell is an empty string, or NaN among floats.
    """
    empty = {name: [""] for name, kind in types.items() if kind == "float"}
    try:
        table = pd.read_csv(present(path), dtype=dict(types), keep_default_na=False, na_values=empty)
    except ValueError as error:
        raise UserError(f"{path}: not the list that it should be ({error}).", REMAKE) from None
    return columns(table, types, path)


def read_list(path: Path, types: Mapping[str, str]) -> pd.DataFrame:
    """Reads a list as :func:`read_csv` does; without rows where there is no such file: not every run has every list."""
    return read_csv(path, types) if path.is_file() else pd.DataFrame({name: [] for name in types}).astype(dict(types))


def columns(table: pd.DataFrame, types: Mapping[str, str], path: Path) -> pd.DataFrame:
    """The columns of a table that are wanted, in their types; ``path`` is named where one is missing."""
    missing = [name for name in types if name not in table]
    if missing:
        raise UserError(f"{path}: has no column {missing[0]!r}.", REMAKE)
    return table[list(types)].astype(dict(types))


def present(path: Path) -> Path:
    """The path, if there is such a file."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.", "Run `dvc repro`, which makes it.")
    return path
