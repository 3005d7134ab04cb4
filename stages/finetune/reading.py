"""How documents are cut, in training and ever after."""

import numpy as np
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.documents.card import Labels
from stages.common.model.inference import Inference, Reading
from stages.common.model.scorer import BATCH_TOKENS, read_by, tokenise_documents
from stages.common.model.tokenising import Ints, tokenise_words
from stages.common.tasks import Task, task_of
from stages.finetune.parameters import Finetune

PERCENTILE = 95  # of the documents' lengths: what max_length: auto stands for
UNLIMITED = 2**31 - 1


def plan_reading(
    parameters: Finetune,
    labels: Labels,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    documents: pd.DataFrame,
) -> Inference:
    """The record by which the model will read documents, before its task completes it.

    Args:
        parameters: The section ``finetune`` of params.yaml; ``max_length: auto`` is the 95th percentile of how many
            tokens the documents have, or as many as the model has positions for.
        labels: What the model tells apart.
        model: The model.
        tokenizer: Its tokenizer.
        documents: The training documents.

    Raises:
        UserError: If documents may be longer than what the model was made for.
    """
    reserved = parameters.adapter.virtual_tokens if parameters.method == "prefix" else 0
    if parameters.max_length != "auto":
        max_length = parameters.max_length
    else:
        longest = longest_input(model)
        lengths = _lengths(task_of(labels), tokenizer, documents)
        max_length = int(np.percentile(lengths, PERCENTILE, method="higher"))
        max_length = max_length if longest is None else min(max_length, longest - reserved)
    check_length(model, max_length, reserved)
    return Inference(
        task=labels.task,
        labels=labels.labels,
        max_length=max_length,
        batch_tokens=BATCH_TOKENS,
        truncation=parameters.truncation,
        window_overlap=parameters.window_overlap,
    )


def longest_input(model: PreTrainedModel) -> int | None:
    """The most tokens that the model has positions for; None where there is no limit."""
    positions: int | None = getattr(model.config, "max_position_embeddings", None)
    if positions is None or positions <= 0:
        return None
    table = next((part for name, part in model.named_modules() if name.endswith("position_embeddings")), None)
    padding = getattr(table, "padding_idx", None)  # RoBERTa counts its positions from the padding's index on
    return positions if padding is None else positions - padding - 1


def check_length(model: PreTrainedModel, max_length: int, reserved: int = 0) -> None:
    """Makes sure that the model has a position for each token.

    Args:
        model: The model.
        max_length: The most tokens of a document.
        reserved: Positions that a prefix takes.

    Raises:
        UserError: If documents may be longer than what the model was made for.
    """
    longest = longest_input(model)
    if longest is not None and max_length > longest - reserved:
        raise UserError(
            f"params.yaml: finetune.max_length is {max_length}, but the model has positions for {longest - reserved} "
            "tokens.",
            f"Set it to {longest - reserved} or less.",
        )


def _lengths(task: Task, tokenizer: PreTrainedTokenizerBase, documents: pd.DataFrame) -> Ints:
    """How many tokens each document has, special ones included, [documents]."""
    inputs = read_by(task, documents)
    if task.head == "word":
        return tokenise_words(tokenizer, inputs, UNLIMITED, 0.0).tokens.lengths
    reading = Reading(max_length=UNLIMITED, batch_tokens=1, truncation="head", window_overlap=0.0)
    return tokenise_documents(tokenizer, inputs, reading).lengths
