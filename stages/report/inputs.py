"""Reads what the stages before have written: document tables, and the small files under reports/."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stages.common.card import Card, read_card
from stages.common.documents import read_documents, read_flags, read_rejected
from stages.common.messages import UserError

DATA = Path("data")
REPORTS = Path("reports")
REMAKE = "Make it again with `dvc repro`."
CURVES = ("train/loss", "train/learning_rate", "validation/loss", "validation/accuracy", "validation/macro_f1")
CHANGES = {"id": "str", "rule": "str", "before": "str", "after": "str"}
LEAKS = {"split": "str", "other_split": "str", "id": "str", "other_id": "str", "similarity": "float", "excerpt": "str"}
LABEL_ISSUES = {
    "id": "str",
    "label": "str",
    "suggested": "str",
    "probability": "float",
    "quality": "float",
    "excerpt": "str",
}


@dataclass(frozen=True)
class Corpus:
    """The documents on their way from the source to the splits.

    Attributes:
        card: What the dataset is.
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
    clean: pd.DataFrame
    augmented: pd.DataFrame
    splits: dict[str, pd.DataFrame]
    rejected: dict[str, pd.DataFrame]
    flags: pd.DataFrame
    changes: pd.DataFrame
    leaks: pd.DataFrame
    label_issues: pd.DataFrame


@dataclass(frozen=True)
class Results:
    """What training and evaluation found.

    Attributes:
        summaries: ``summary.json`` of each stage, by name of the stage.
        metrics: The headline test figures.
        environment: What the training ran on.
        curves: By name of the metric, columns step and value.
        predictions: What encoder and baseline say of each test document.
    """

    summaries: dict[str, dict[str, Any]]
    metrics: dict[str, Any]
    environment: dict[str, Any]
    curves: dict[str, pd.DataFrame]
    predictions: pd.DataFrame


def read_corpus() -> Corpus:
    """Reads the document tables of all data stages.

    Raises:
        UserError: If one is missing or is not what it should be.
    """
    stages = {"download": "raw", "clean": "clean", "augment": "augmented", "split": "splits", "audit": "audited"}
    splits = {"train": "audited", "validation": "splits", "test": "splits"}
    return Corpus(
        card=read_card(DATA / "splits"),
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
    stages = ("clean", "augment", "split", "audit", "finetune", "evaluate")
    return Results(
        summaries={stage: read_json(REPORTS / stage / "summary.json") for stage in stages},
        metrics=read_json(REPORTS / "evaluate/metrics.json"),
        environment=read_json(REPORTS / "finetune/environment.json"),
        curves={name: read_curve(REPORTS / f"finetune/live/plots/metrics/{name}.tsv") for name in CURVES},
        predictions=read_parquet(REPORTS / "evaluate/predictions.parquet"),
    )


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
    try:
        content = json.loads(present(path).read_text(encoding="utf-8"), object_hook=lambda entry: Content(entry, path))
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}).", REMAKE) from None
    if not isinstance(content, Content):
        raise UserError(f"{path}: holds no JSON object.", REMAKE)
    return content


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
        types: The columns that are wanted, and their types.
    """
    try:
        return columns(pd.read_csv(present(path), dtype="str", keep_default_na=False), types, path)
    except ValueError as error:
        raise UserError(f"{path}: not the list that it should be ({error}).", REMAKE) from None


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
