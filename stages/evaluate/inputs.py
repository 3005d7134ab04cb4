"""Reads what the stage tests with: the splits, the model's entry, and what is known of the documents beside."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common.core.catalog import load_entry
from stages.common.core.messages import UserError
from stages.common.documents.card import Card, read_card
from stages.common.documents.table import read_documents, read_flags
from stages.evaluate.cards import ModelEntry

SPLITS = Path("data/splits")
AUDITED = Path("data/audited")
FLAGS = Path("data/clean/flags.parquet")
ANNOTATIONS = Path("data/raw/annotations.parquet")


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


def read_inputs(model: str) -> Inputs:
    """Reads all of them.

    Args:
        model: The name of the pretrained encoder's entry in the catalog.

    Raises:
        UserError: If one is missing or is not what it should be.
    """
    card = read_card(SPLITS)
    read = {
        name: (AUDITED if name == "train" else SPLITS) / f"{name}.parquet" for name in ("train", "validation", "test")
    }
    checked = read_labelled if card.task == "text-classification" else read_tagged
    return Inputs(
        card=card,
        entry=load_entry("models", model, ModelEntry),
        **{name: checked(path, card) for name, path in read.items()},
        flags=read_flags(FLAGS),
        annotations=pd.read_parquet(ANNOTATIONS) if ANNOTATIONS.exists() else None,
    )


def read_labelled(path: Path, card: Card) -> pd.DataFrame:
    """Reads a split for text classification: at least one document, each with a label that the card knows."""
    documents = _read_some(path)
    unknown = documents[~documents["label"].isin(card.label_names)]
    if len(unknown):
        first = unknown.iloc[0]
        raise UserError(
            f"{path}: document {first['id']!r} has the label {first['label']!r}, which the card does not name.",
            "Make the split again with `dvc repro -f split`.",
        )
    return documents


def read_tagged(path: Path, card: Card) -> pd.DataFrame:
    """Reads a split for token classification: at least one document, each with tags of types that the card knows."""
    documents = _read_some(path)
    known = {"O", *(f"{prefix}-{label}" for label in card.label_names for prefix in "BI")}
    for ident, tags in zip(documents["id"], documents["tags"], strict=True):
        wrong = ["no tags"] if tags is None else [repr(tag) for tag in tags if tag not in known]
        if wrong:
            raise UserError(
                f"{path}: document {ident!r} has {wrong[0]}, which the card does not name.",
                "Make the split again with `dvc repro -f split`.",
            )
    return documents


def _read_some(path: Path) -> pd.DataFrame:
    documents = read_documents(path)
    if documents.empty:
        raise UserError(f"{path}: holds no document.", "Give this split a larger share in params.yaml, section split.")
    return documents
