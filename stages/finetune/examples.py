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
from stages.common.model.tokenising import NO_WORD, special_tokens, tokenise_words
from stages.common.tasks import task_of
from stages.common.training.examples import Examples, no_target


def document_examples(
    documents: pd.DataFrame,
    targets: npt.NDArray[Any],
    tokenizer: PreTrainedTokenizerBase,
    inference: Inference,
    where: Path,
) -> Examples:
    """Tokenises documents that have one target each.

    Documents of which the tokenizer makes no token are left out; the examples say which.

    Args:
        documents: A document table.
        targets: [documents, ...].
        tokenizer: The model's tokenizer.
        inference: How a document is cut.
        where: The table's file, for messages.

    Raises:
        UserError: If no document has tokens.
    """
    tokens = tokenise_documents(tokenizer, read_by(task_of(inference), documents), inference)
    return _with_tokens(Examples(tokens, targets), tokenizer, where)


def word_examples(
    documents: pd.DataFrame,
    targets: Sequence[npt.NDArray[Any]],
    tokenizer: PreTrainedTokenizerBase,
    inference: Inference,
    where: Path,
) -> Examples:
    """Tokenises sentences whose words have one target each; it counts at the word's first piece.

    Documents of which the tokenizer makes no token are left out; the examples say which.

    Args:
        documents: A document table.
        targets: For each document, [words] with whole numbers, or [words, ...] with others.
        tokenizer: The model's tokenizer.
        inference: How long a window of a sentence is, and how far two overlap.
        where: The table's file, for messages.

    Raises:
        UserError: If no document has tokens.
    """
    sentences = read_by(task_of(inference), documents)
    made = tokenise_words(tokenizer, sentences, inference.max_length, inference.window_overlap)
    stacked = np.concatenate(targets)
    of_pieces = np.full((len(made.words), *stacked.shape[1:]), no_target(stacked.dtype), dtype=stacked.dtype)
    owners = np.repeat(np.arange(len(documents)), made.tokens.lengths)
    before = np.cumsum([0, *map(len, targets)])  # words in the sentences before
    counted = made.words != NO_WORD
    of_pieces[counted] = stacked[before[owners[counted]] + made.words[counted]]
    return _with_tokens(Examples(made.tokens, of_pieces, of_tokens=True), tokenizer, where)


def _with_tokens(examples: Examples, tokenizer: PreTrainedTokenizerBase, where: Path) -> Examples:
    """Leaves out the documents that are nothing but characters which the tokenizer drops: there is nothing to learn."""
    empty = np.flatnonzero(examples.tokens.lengths <= sum(map(len, special_tokens(tokenizer))))
    if len(empty) == len(examples.tokens.lengths):
        raise UserError(
            f"{where}: the tokenizer makes no token of any document.",
            "Choose a model whose tokenizer knows the script.",
        )
    return examples.without(empty) if len(empty) else examples
