"""Turns documents into what the model is trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from transformers import PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.model.inference import Inference
from stages.common.model.scorer import read_by, tokenise_documents
from stages.common.model.tokenising import NO_WORD, Tokens, special_tokens, tokenise_words
from stages.common.tasks import task_of
from stages.common.training.examples import IGNORED, Examples


def document_examples(
    documents: pd.DataFrame,
    targets: npt.NDArray[Any],
    tokenizer: PreTrainedTokenizerBase,
    inference: Inference,
    where: Path,
) -> Examples:
    """Tokenises documents that have one target each.

    Args:
        documents: A document table.
        targets: [documents] or [documents, outputs].
        tokenizer: The model's tokenizer.
        inference: How a document is cut.
        where: The table's file, for messages.

    Raises:
        UserError: If a document has no tokens.
    """
    tokens = tokenise_documents(tokenizer, read_by(task_of(inference), documents), inference)
    _check_tokens(tokens, documents, tokenizer, where)
    return Examples(tokens, targets)


def word_examples(
    documents: pd.DataFrame,
    targets: Sequence[npt.NDArray[np.int64]],
    tokenizer: PreTrainedTokenizerBase,
    inference: Inference,
    where: Path,
) -> Examples:
    """Tokenises sentences whose words have one target each; it counts at the word's first piece.

    Args:
        documents: A document table.
        targets: For each document, [words].
        tokenizer: The model's tokenizer.
        inference: How long a window of a sentence is, and how far two overlap.
        where: The table's file, for messages.

    Raises:
        UserError: If a document has no tokens.
    """
    sentences = read_by(task_of(inference), documents)
    made = tokenise_words(tokenizer, sentences, inference.max_length, inference.window_overlap)
    _check_tokens(made.tokens, documents, tokenizer, where)
    of_pieces = np.full(len(made.words), IGNORED, dtype=np.int64)
    owners = np.repeat(np.arange(len(documents)), made.tokens.lengths)
    before = np.cumsum([0, *map(len, targets)])  # words in the sentences before
    counted = made.words != NO_WORD
    of_pieces[counted] = np.concatenate(targets)[before[owners[counted]] + made.words[counted]]
    return Examples(made.tokens, of_pieces, of_tokens=True)


def _check_tokens(tokens: Tokens, documents: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, where: Path) -> None:
    empty = np.flatnonzero(tokens.lengths <= sum(map(len, special_tokens(tokenizer))))
    if len(empty):
        raise UserError(
            f"{where}: the tokenizer makes no token of {len(empty)} documents, the first is "
            f"{documents['id'].iloc[empty[0]]!r}.",
            "Remove them.",
        )
