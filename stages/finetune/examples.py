"""Turns documents into what the model is trained on, and refuses data that no model can learn from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.documents.card import Card
from stages.common.documents.spans import OUTSIDE, bio_tags
from stages.common.model.loading import Inference
from stages.common.model.scoring import BATCH_TOKENS
from stages.common.model.tokenising import NO_WORD, Tokens, special_tokens, tokenise, tokenise_words
from stages.common.training.examples import IGNORED, Examples
from stages.finetune.parameters import Finetune

WORDS = "token-classification"
PERCENTILE = 95  # of the documents' lengths: what max_length: auto stands for
UNLIMITED = 2**31 - 1

Indices = npt.NDArray[np.int64]


def output_names(card: Card) -> list[str]:
    """What the model's outputs stand for: the labels, or the BIO tags of words."""
    return bio_tags(card.label_names) if card.task == WORDS else card.label_names


def target_indices(documents: pd.DataFrame, card: Card, where: Path) -> list[Indices]:
    """The index of each document's label in the card, or those of its words' tags.

    Args:
        documents: A document table.
        card: What it is.
        where: The table's file, for messages.

    Returns:
        For each document an array: of one index, or of one a word.

    Raises:
        UserError: If there is no document, or one has no label or tags, or unknown ones.
    """
    if documents.empty:
        raise UserError(f"{where}: holds no document.", "Give this split a larger share in params.yaml.")
    if card.task == WORDS:
        return tag_indices(documents, card.label_names, where)
    return list(label_indices(documents, card.label_names, where)[:, None])


def label_indices(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> npt.NDArray[np.int64]:
    """The index of each document's label in the card.

    Args:
        documents: A document table.
        labels: The card's labels.
        where: The table's file, for messages.

    Raises:
        UserError: If a document has no label or an unknown one.
    """
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


def tag_indices(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> list[Indices]:
    """The index of each word's tag among :func:`stages.common.documents.spans.bio_tags` of the labels.

    Args:
        documents: A document table.
        labels: The card's labels.
        where: The table's file, for messages.

    Raises:
        UserError: If a document has no tags or an unknown one.
    """
    place = {tag: index for index, tag in enumerate(bio_tags(labels))}
    indices = []
    for identity, tags in zip(documents["id"], documents["tags"], strict=True):
        if tags is None:
            raise UserError(f"{where}: document {identity!r} has no tags.", "Tag its words or remove it.")
        unknown = next((tag for tag in tags if tag not in place), None)
        if unknown is not None:
            raise UserError(
                f"{where}: document {identity!r} has the tag {unknown!r}, but card.json beside it lists the labels "
                f"{', '.join(labels)} only.",
                "Add its label to the dataset's entry in catalog/datasets.",
            )
        indices.append(np.array([place[tag] for tag in tags], dtype=np.int64))
    return indices


def check_classes(indices: Sequence[Indices], outputs: Sequence[str], where: Path) -> None:
    """Makes sure that there is something to tell apart.

    Raises:
        UserError: If all documents have the same label, or all words the same tag.
    """
    found = np.unique(np.concatenate(indices))
    if len(found) < 2:
        what = "words have the tag" if outputs[0] == OUTSIDE else "documents have the label"
        raise UserError(
            f"{where}: all {what} {outputs[found[0]]!r}; a classifier needs two or more.",
            "Use data with at least two labels.",
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


def plan_inference(
    parameters: Finetune, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, documents: pd.DataFrame
) -> Inference:
    """How documents are cut, in training and ever after.

    Args:
        parameters: The section ``finetune`` of params.yaml; ``max_length: auto`` is the 95th percentile of how many
            tokens the documents have, or as many as the model has positions for.
        model: The model.
        tokenizer: Its tokenizer.
        documents: The training documents.

    Raises:
        UserError: If documents may be longer than what the model was made for.
    """
    reserved = parameters.adapter.virtual_tokens if parameters.method == "prefix" else 0
    if parameters.max_length == "auto":
        lengths = _tokenised(documents, tokenizer, Inference(max_length=UNLIMITED, batch_tokens=1))[0].lengths
        longest = longest_input(model)
        max_length = int(np.percentile(lengths, PERCENTILE, method="higher"))
        max_length = max_length if longest is None else min(max_length, longest - reserved)
    else:
        max_length = parameters.max_length
    check_length(model, max_length, reserved)
    return Inference(
        max_length=max_length,
        batch_tokens=BATCH_TOKENS,
        truncation=parameters.truncation,
        window_overlap=parameters.window_overlap,
    )


def make_examples(
    documents: pd.DataFrame,
    indices: Sequence[Indices],
    tokenizer: PreTrainedTokenizerBase,
    inference: Inference,
    where: Path,
) -> Examples:
    """Tokenises the training documents.

    Args:
        documents: A document table.
        indices: What :func:`target_indices` gives for it.
        tokenizer: The model's tokenizer.
        inference: How a document is cut; a sentence of tagged words is always kept whole, in windows.
        where: The table's file, for messages.

    Raises:
        UserError: If a document has no tokens.
    """
    tokens, words = _tokenised(documents, tokenizer, inference)
    empty = np.flatnonzero(tokens.lengths <= sum(map(len, special_tokens(tokenizer))))
    if len(empty):
        raise UserError(
            f"{where}: the tokenizer makes no token of {len(empty)} documents, the first is "
            f"{documents['id'].iloc[empty[0]]!r}.",
            "Remove them.",
        )
    if words is None:
        return Examples(tokens, np.concatenate(indices))
    targets = np.full(len(words), IGNORED, dtype=np.int64)
    owners = np.repeat(np.arange(len(documents)), tokens.lengths)
    before = np.cumsum([0, *map(len, indices)])  # words in the sentences before
    counted = words != NO_WORD
    targets[counted] = np.concatenate(indices)[before[owners[counted]] + words[counted]]
    return Examples(tokens, targets, of_tokens=True)


def _tokenised(
    documents: pd.DataFrame, tokenizer: PreTrainedTokenizerBase, inference: Inference
) -> tuple[Tokens, npt.NDArray[np.int32] | None]:
    """The tokens of documents, and which word each begins where the words have tags."""
    if documents["tags"].notna().any():
        made = tokenise_words(tokenizer, documents["tokens"].tolist(), inference.max_length)
        return made.tokens, made.words
    texts = documents["text"].tolist()
    return tokenise(tokenizer, texts, inference.max_length, inference.truncation, inference.window_overlap), None
