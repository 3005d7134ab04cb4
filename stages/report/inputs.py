"""Reads what the stages before have written: document tables, and the small files under reports/."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stages.common.card import Card, read_card
from stages.common.documents import SPLITS, read_documents, read_flags, read_rejected
from stages.common.messages import UserError

DATA = Path("data")
REPORTS = Path("reports")
REMAKE = "Make it again with `dvc repro`."
CURVES = ("train/loss", "train/learning_rate", "validation/loss", "validation/accuracy", "validation/macro_f1")


@dataclass(frozen=True)
class Corpus:
    """The documents on their way from the source to the splits.

    Attributes:
        card: What the dataset is.
        raw: Documents as they were downloaded.
        clean: Documents after cleaning.
        augmented: Clean documents and their variants.
        splits: Training, validation and test documents, by name of the split.
        rejected: What each stage dropped, by name of the stage.
        flags: Remarks of cleaning on documents that were kept.
    """

    card: Card
    raw: pd.DataFrame
    clean: pd.DataFrame
    augmented: pd.DataFrame
    splits: dict[str, pd.DataFrame]
    rejected: dict[str, pd.DataFrame]
    flags: pd.DataFrame


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
    stages = {"download": "raw", "clean": "clean", "augment": "augmented", "split": "splits"}
    return Corpus(
        card=read_card(DATA / "splits"),
        raw=read_documents(DATA / "raw/documents.parquet"),
        clean=read_documents(DATA / "clean/documents.parquet"),
        augmented=read_documents(DATA / "augmented/documents.parquet"),
        splits={name: read_documents(DATA / f"splits/{name}.parquet") for name in SPLITS},
        rejected={stage: read_rejected(DATA / folder / "rejected.parquet") for stage, folder in stages.items()},
        flags=read_flags(DATA / "clean/flags.parquet"),
    )


def read_results() -> Results:
    """Reads the files under reports/.

    Raises:
        UserError: If one is missing or is not what it should be.
    """
    stages = ("clean", "augment", "split", "finetune", "evaluate")
    return Results(
        summaries={stage: read_json(REPORTS / stage / "summary.json") for stage in stages},
        metrics=read_json(REPORTS / "evaluate/metrics.json"),
        environment=read_json(REPORTS / "finetune/environment.json"),
        curves={name: read_curve(REPORTS / f"finetune/live/plots/metrics/{name}.tsv") for name in CURVES},
        predictions=read_predictions(REPORTS / "evaluate/predictions.parquet"),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON file that holds an object."""
    try:
        content = json.loads(present(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}).", REMAKE) from None
    if not isinstance(content, dict):
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


def read_predictions(path: Path) -> pd.DataFrame:
    """Reads what encoder and baseline say of each test document."""
    try:
        return pd.read_parquet(present(path))
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: not a parquet file ({error}).", REMAKE) from None


def present(path: Path) -> Path:
    """The path, if there is such a file."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file.", "Run `dvc repro`, which makes it.")
    return path
