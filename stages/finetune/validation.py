"""The validation figures that runs are compared by."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from seqeval.metrics.v1 import precision_recall_fscore_support as spans_score
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.documents.spans import decode_tags
from stages.common.model.loading import Inference
from stages.common.model.scoring import score, score_words
from stages.common.training.selection import Validation

Figures = dict[str, float]

MACRO_F1, ENTITY_F1 = "macro_f1", "entity_f1"


def make_validation(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    documents: pd.DataFrame,
    truth: Sequence[npt.NDArray[np.int64]],
    outputs: Sequence[str],
    inference: Inference,
) -> Validation:
    """How a model is validated as it is.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        documents: The validation documents.
        truth: For each of them the index of its label, [1], or those of its words' tags, [words].
        outputs: The labels, or the tags.
        inference: How documents are cut.
    """
    of_words, what = documents["tags"].notna().any(), "validating"
    length, batch_tokens = inference.max_length, inference.batch_tokens
    texts = documents["tokens" if of_words else "text"].tolist()

    def validate() -> tuple[Figures, npt.NDArray[np.float32]]:
        if of_words:
            found = score_words(model, tokenizer, texts, length, batch_tokens, what)
            return entity_figures(found, truth, outputs), np.concatenate(found)
        how = (inference.truncation, inference.window_overlap)
        logits = score(model, tokenizer, texts, length, batch_tokens, what, *how)
        return validation_figures(logits, np.concatenate(truth)), logits

    headline = ENTITY_F1 if of_words else MACRO_F1
    return Validation(validate, headline, True, ("accuracy", headline, "loss"))


def validation_figures(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> Figures:
    """Compares the logits of documents with their true labels.

    Args:
        logits: [documents, labels].
        labels: The index of each document's label, [documents].

    Returns:
        The figures; the loss is the mean cross-entropy in nats, the others are shares from 0 to 1. Macro figures are
        means over the labels that occur.
    """
    predicted = logits.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0.0)
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        MACRO_F1: float(f1),
        "loss": _cross_entropy(logits, labels),
    }


def entity_figures(
    logits: Sequence[npt.NDArray[np.float32]], targets: Sequence[npt.NDArray[np.int64]], tags: Sequence[str]
) -> Figures:
    """Compares the logits of words with their true tags: entities by seqeval, strict (IOB2), over all labels together.

    Args:
        logits: For each sentence, [words, tags].
        targets: For each sentence the indices of its words' tags, [words].
        tags: The tags' names in the order of the logits.

    Returns:
        The figures: precision, recall and F1 of entities, of which label and both ends must be right; the accuracy is
        that of the words' tags, the loss the mean cross-entropy over words in nats.
    """
    predicted = [decode_tags(sentence, tags) for sentence in logits]
    truth = [[tags[index] for index in sentence] for sentence in targets]
    precision, recall, f1, _ = spans_score(truth, predicted, average="micro", scheme=IOB2, zero_division=0.0)
    words = [tag for sentence in truth for tag in sentence]
    return {
        "accuracy": float(accuracy_score(words, [tag for sentence in predicted for tag in sentence])),
        "entity_precision": float(precision),
        "entity_recall": float(recall),
        ENTITY_F1: float(f1),
        "loss": _cross_entropy(np.concatenate(logits), np.concatenate(targets)),
    }


def _cross_entropy(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    return torch.nn.functional.cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(targets)).item()
