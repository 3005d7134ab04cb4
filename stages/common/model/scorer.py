"""Scores documents with a fine-tuned model. Whatever makes a model answer goes through here, by its whole record."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from stages.common.core.messages import UserError, progress
from stages.common.model.batching import budgeted_batches, make_batch, pad, pool_windows
from stages.common.model.inference import Inference, Reading, read_inference
from stages.common.model.loading import load_finetuned
from stages.common.model.tokenising import NO_WORD, Tokens, tokenise, tokenise_pairs, tokenise_words
from stages.common.tasks import Task, task_of

if TYPE_CHECKING:  # transformers' models take two seconds to import, and an exported model is none
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH_TOKENS = 4_096  # what the record of a new model says
WINDOW = 2_048  # texts of about one length that are tokenised together, which bounds the memory

Logits = npt.NDArray[np.float32]
Text = str | tuple[str, str]  # a text, or the two of a pair


class Scorer:
    """A model that answers as it was trained to: its record says how documents are cut, and what its outputs mean.

    Args:
        model: On the device where it shall compute.
        tokenizer: The model's tokenizer.
        inference: The model's record.

    Raises:
        UserError: If the model has other outputs than its record names.
    """

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", inference: Inference) -> None:
        if outputs_of(model) != inference.outputs:
            raise UserError(
                f"the model's outputs are {', '.join(outputs_of(model))}; its record names "
                f"{', '.join(inference.outputs)}.",
                "Make the model again with `dvc repro -f finetune`.",
            )
        self.model, self.tokenizer, self.inference = model, tokenizer, inference

    @classmethod
    def load(cls, folder: Path, device: str) -> "Scorer":
        """Loads what the finetune stage made.

        Args:
            folder: Such as ``models/finetuned``.
            device: ``auto`` (CUDA where there is one, else MPS, else the processor), ``cpu``, ``cuda`` or ``mps``.

        Raises:
            UserError: If it is incomplete or damaged, or there is no such device.
        """
        return cls(*load_finetuned(folder, device), read_inference(folder))

    def logits(self, documents: pd.DataFrame, what: str) -> "Logits | list[Logits]":
        """The model's logits for documents, by the columns that its task reads.

        Args:
            documents: One row a document.
            what: The progress bar's title.

        Returns:
            For each document its logits, float32: [outputs], all together in one array, or [words, outputs].
        """
        task = task_of(self.inference)
        inputs = read_by(task, documents)
        score = word_logits if task.head == "word" else document_logits
        return score(self.model, self.tokenizer, inputs, self.inference, what)


def read_by(task: Task, documents: pd.DataFrame) -> list[Any]:
    """What a model for a task reads of each document: its text, the two texts of a pair, or its words."""
    columns = [documents[name].tolist() for name in task.inputs]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def document_logits(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", texts: Sequence[Any], reading: Reading, what: str
) -> Logits:
    """A model's logits for each text, or pair of texts.

    A text's logits depend on the set of texts alone, never on their order or on how often one occurs.

    Args:
        model: With one row of outputs a document, on the device where it shall compute.
        tokenizer: The model's tokenizer.
        texts: Texts or pairs of texts, in any order; none may be null.
        reading: How they are cut and put into batches.
        what: The progress bar's title.

    Returns:
        Logits, float32, [documents, outputs], in the order of the texts; those of a text's windows are averaged.
    """
    distinct: list[Text] = sorted(set(texts), key=lambda text: (_length(text), text))
    logits = np.zeros((len(distinct), len(outputs_of(model))), dtype=np.float32)
    with _inference(model):
        for part in _parts(len(distinct), what):
            tokens = tokenise_documents(tokenizer, distinct[part], reading)
            for rows in budgeted_batches(tokens.lengths, reading.batch_tokens):
                batch = make_batch(tokens, rows, tokenizer, model.device)
                document = batch.pop("document", None)
                logits[part][rows] = pool_windows(model(**batch).logits.float(), document).cpu().numpy()
    place = {text: row for row, text in enumerate(distinct)}
    return logits[[place[text] for text in texts]]


def word_logits(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    sentences: Sequence[Sequence[str]],
    reading: Reading,
    what: str,
) -> list[Logits]:
    """A model's logits for each word of each sentence: those of the word's first piece.

    A sentence that is too long is scored in windows, each word in the one that shows more around it. A word of which
    the tokenizer makes nothing has zeros: no tag is likelier than another.

    Args:
        model: With one row of outputs a token, on the device where it shall compute.
        tokenizer: The model's tokenizer.
        sentences: The words of each sentence, in any order.
        reading: How they are cut, in windows always, and put into batches.
        what: The progress bar's title.

    Returns:
        For each sentence its logits, float32, [words, outputs].
    """
    distinct = sorted({tuple(sentence) for sentence in sentences}, key=lambda words: (len(words), words))
    logits = [np.zeros((len(words), len(outputs_of(model))), dtype=np.float32) for words in distinct]
    with _inference(model):
        for part in _parts(len(distinct), what):
            made = tokenise_words(tokenizer, distinct[part], reading.max_length, reading.window_overlap)
            for rows in budgeted_batches(made.tokens.lengths, reading.batch_tokens):
                batch = make_batch(made.tokens, rows, tokenizer, model.device)
                batch.pop("document", None)
                computed = model(**batch).logits.float().cpu().numpy()
                windows, owners = made.tokens.windows(rows)
                words, _ = pad(made.words, made.tokens.starts, windows, NO_WORD, tokenizer.padding_side)
                for window, owner in enumerate(owners):
                    counted = words[window] != NO_WORD
                    logits[part.start + rows[owner]][words[window][counted]] = computed[window][counted]
    place = {words: row for row, words in enumerate(distinct)}
    return [logits[place[tuple(sentence)]] for sentence in sentences]


def outputs_of(model: "PreTrainedModel") -> list[str]:
    """The names of a model's outputs, in their order."""
    return [name for _, name in sorted((model.config.id2label or {}).items())]


def tokenise_documents(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[Any], reading: Reading) -> Tokens:
    """Tokenises texts, or pairs of texts, and cuts them."""
    if len(texts) and isinstance(texts[0], tuple):
        return tokenise_pairs(tokenizer, texts, reading.max_length, reading.truncation)
    return tokenise(tokenizer, texts, reading.max_length, reading.truncation, reading.window_overlap)


def _length(text: Text) -> int:
    return len(text) if isinstance(text, str) else sum(map(len, text))


def _parts(texts: int, what: str) -> Iterator[slice]:
    return progress([slice(start, min(start + WINDOW, texts)) for start in range(0, texts, WINDOW)], what, "part")


@contextmanager
def _inference(model: "PreTrainedModel") -> Iterator[None]:
    """Computes without gradients and without dropout, and leaves the model in the mode that it was in."""
    was_training = model.training
    model.train(False)
    with torch.inference_mode():
        yield
    model.train(was_training)
