"""Turns documents into what the model is trained on, and refuses data that no model can learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.card import Card
from stages.common.encoder.tokenising import Tokens, tokenise
from stages.common.messages import UserError

TASK = "text-classification"


@dataclass(frozen=True)
class Examples:
    """The training documents as the model sees them.

    Attributes:
        tokens: Their token ids.
        labels: The index of each document's label in the card, int64, [documents].
    """

    tokens: Tokens
    labels: npt.NDArray[np.int64]


def check_task(card: Card, where: Path) -> None:
    """Makes sure that the documents are to be classified.

    Raises:
        UserError: If they have another task.
    """
    if card.task != TASK:
        raise UserError(
            f"{where}: the task is {card.task}, but finetune trains {TASK} only.", "Choose another dataset."
        )


def label_indices(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> npt.NDArray[np.int64]:
    """The index of each document's label in the card.

    Args:
        documents: A document table.
        labels: The card's labels.
        where: The table's file, for messages.

    Raises:
        UserError: If there is no document, or one has no label or an unknown one.
    """
    if documents.empty:
        raise UserError(f"{where}: holds no document.", "Give this split a larger share in params.yaml.")
    unlabelled = documents.loc[documents["label"].isna(), "id"]
    if len(unlabelled):
        raise UserError(
            f"{where}: {len(unlabelled)} documents have no label, the first is {unlabelled.iloc[0]!r}.",
            "Label or remove them.",
        )
    indices = documents["label"].map({label: index for index, label in enumerate(labels)})
    unknown = documents[indices.isna()]
    if len(unknown):
        raise UserError(
            f"{where}: document {unknown['id'].iloc[0]!r} has the label {unknown['label'].iloc[0]!r}, which card.json "
            f"beside it does not list (it lists {', '.join(labels)}).",
            "Add it to the dataset's entry in catalog/datasets.",
        )
    return np.array(indices, dtype=np.int64)


def check_classes(indices: npt.NDArray[np.int64], labels: Sequence[str], where: Path) -> None:
    """Makes sure that there is something to tell apart.

    Raises:
        UserError: If all documents have the same label.
    """
    if len(np.unique(indices)) < 2:
        raise UserError(
            f"{where}: all documents have the label {labels[indices[0]]!r}; a classifier needs two labels or more.",
            "Use data with at least two labels.",
        )


def check_length(model: PreTrainedModel, max_length: int) -> None:
    """Makes sure that the model has a position for each token.

    Raises:
        UserError: If documents may be longer than what the model was made for.
    """
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is None or positions <= 0:
        return
    table = next((part for name, part in model.named_modules() if name.endswith("position_embeddings")), None)
    padding = getattr(table, "padding_idx", None)  # RoBERTa counts its positions from the padding's index on
    longest = positions if padding is None else positions - padding - 1
    if max_length > longest:
        raise UserError(
            f"params.yaml: finetune.max_length is {max_length}, but the model has positions for {longest} tokens.",
            f"Set it to {longest} or less.",
        )


def make_examples(
    documents: pd.DataFrame, indices: npt.NDArray[np.int64], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> Examples:
    """Tokenises the training documents.

    Args:
        documents: A document table.
        indices: The index of each document's label, [documents].
        tokenizer: The model's tokenizer.
        max_length: The tokens after which a document is cut.
    """
    return Examples(tokenise(tokenizer, documents["text"].tolist(), max_length), indices)
