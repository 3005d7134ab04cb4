"""Reads what the stage tests with: the splits, the model's entry, and what is known of the documents beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common.core.catalog import load_entry
from stages.common.core.messages import UserError
from stages.common.documents.card import Card
from stages.common.documents.table import read_flags, read_some
from stages.common.model.inference import Inference
from stages.common.tasks import task_of
from stages.evaluate.cards import ModelEntry

SPLITS = {
    "train": Path("data/audited/train.parquet"),
    "validation": Path("data/splits/validation.parquet"),
    "test": Path("data/splits/test.parquet"),
}
FLAGS = Path("data/clean/flags.parquet")
ANNOTATIONS = Path("data/raw/annotations.parquet")
MODEL = Path("models/finetuned")

Check = Callable[[pd.DataFrame, Sequence[str], Path], None]


@dataclass(frozen=True)
class Inputs:
    """What a test needs beside the model.

    Attributes:
        card: The dataset's card.
        entry: The pretrained encoder's entry in the catalog.
        train: Training documents.
        validation: Validation documents.
        test: Test documents.
        flags: Remarks of cleaning on documents that were kept.
        annotations: What else the publisher says of documents, keyed by id; None where nothing.
    """

    card: Card
    entry: ModelEntry
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    flags: pd.DataFrame
    annotations: pd.DataFrame | None


def read_inputs(card: Card, model: str, check: Check) -> Inputs:
    """Reads all of them.

    Args:
        card: The dataset's card.
        model: The name of the pretrained encoder's entry in the catalog.
        check: Makes sure that each document of a split has an answer that the card knows.

    Raises:
        UserError: If one is missing or is not what it should be.
    """
    splits = {name: read_some(path) for name, path in SPLITS.items()}
    for name, documents in splits.items():
        check(documents, card.label_names, SPLITS[name])
    return Inputs(
        card=card,
        entry=load_entry("models", model, ModelEntry),
        **splits,
        flags=read_flags(FLAGS),
        annotations=pd.read_parquet(ANNOTATIONS) if ANNOTATIONS.exists() else None,
    )


def check_model(inference: Inference, card: Card) -> None:
    """Makes sure that the model was trained for this dataset.

    Raises:
        UserError: If its record names another task or other labels.
    """
    for what, trained, wanted in (
        ("task", [task_of(inference).name], [task_of(card).name]),
        ("labels", inference.labels, card.label_names),
    ):
        if trained != wanted:
            raise UserError(
                f"{MODEL}: it was trained for the {what} {', '.join(trained)}; {card.title} has {', '.join(wanted)}.",
                "Train it on these splits with `dvc repro finetune`.",
            )
