"""Scores documents: texts in, one row of logits a document out; or sentences in, one row of logits a word out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import progress
from stages.common.model.batching import budgeted_batches, make_batch, pad, pool_windows
from stages.common.model.tokenising import NO_WORD, SENTENCE_OVERLAP, Truncation, tokenise, tokenise_words

BATCH_TOKENS = 4_096
WINDOW = 2_048  # texts of about one length that are tokenised together, which bounds the memory


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    batch_tokens: int = BATCH_TOKENS,
    what: str = "scoring",
    truncation: Truncation = "head",
    window_overlap: float = 0.0,
) -> npt.NDArray[np.float32]:
    """The model's logits for each text.

    A text's logits depend on the set of texts alone, never on their order or on how often one occurs.

    Args:
        model: A sequence classification model, on the device where it shall compute.
        tokenizer: The model's tokenizer.
        texts: The documents, in any order; none may be null.
        max_length: The tokens after which a text is cut, special tokens included.
        batch_tokens: The most tokens that a batch holds, padding included (a longer text makes a batch of its own).
        what: The progress bar's title.
        truncation: What is kept of a longer text (see :func:`stages.common.model.tokenising.tokenise`); the logits of
            its windows are averaged.
        window_overlap: The share of a window that the next one repeats.

    Returns:
        Logits, float32, [documents, labels], in the order of the texts.
    """
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    logits = np.zeros((len(distinct), _outputs(model)), dtype=np.float32)
    with _inference(model):
        for part in _parts(len(distinct), what):
            tokens = tokenise(tokenizer, distinct[part], max_length, truncation, window_overlap)
            for rows in budgeted_batches(tokens.lengths, batch_tokens):
                batch = make_batch(tokens, rows, tokenizer, model.device)
                document = batch.pop("document", None)
                logits[part][rows] = pool_windows(model(**batch).logits.float(), document).cpu().numpy()
    place = {text: row for row, text in enumerate(distinct)}
    return logits[[place[text] for text in texts]]


def score_words(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    sentences: Sequence[Sequence[str]],
    max_length: int,
    batch_tokens: int = BATCH_TOKENS,
    what: str = "scoring",
    window_overlap: float = SENTENCE_OVERLAP,
) -> list[npt.NDArray[np.float32]]:
    """The model's logits for each word of each sentence: those of the word's first piece.

    A sentence that is too long is scored in windows, each word in the one that shows more around it. A word of which
    the tokenizer makes nothing has zeros: no tag is likelier than another.

    Args:
        model: A token classification model, on the device where it shall compute.
        tokenizer: The model's tokenizer.
        sentences: The words of each sentence, in any order.
        max_length: The most tokens of a window, special tokens included.
        batch_tokens: The most tokens that a batch holds, padding included (a longer one makes a batch of its own).
        what: The progress bar's title.
        window_overlap: The share of a window that the next one repeats.

    Returns:
        For each sentence its logits, float32, [words, tags].
    """
    distinct = sorted({tuple(sentence) for sentence in sentences}, key=lambda words: (len(words), words))
    logits = [np.zeros((len(words), _outputs(model)), dtype=np.float32) for words in distinct]
    with _inference(model):
        for part in _parts(len(distinct), what):
            made = tokenise_words(tokenizer, distinct[part], max_length, window_overlap)
            for rows in budgeted_batches(made.tokens.lengths, batch_tokens):
                batch = make_batch(made.tokens, rows, tokenizer, model.device)
                batch.pop("document", None)
                found = model(**batch).logits.float().cpu().numpy()
                windows, owners = made.tokens.windows(rows)
                words, _ = pad(made.words, made.tokens.starts, windows, NO_WORD, tokenizer.padding_side)
                for window, owner in enumerate(owners):
                    counted = words[window] != NO_WORD
                    logits[part.start + rows[owner]][words[window][counted]] = found[window][counted]
    place = {words: row for row, words in enumerate(distinct)}
    return [logits[place[tuple(sentence)]] for sentence in sentences]


def _outputs(model: PreTrainedModel) -> int:
    return len(model.config.id2label or {})


def _parts(texts: int, what: str) -> Iterator[slice]:
    return progress([slice(start, min(start + WINDOW, texts)) for start in range(0, texts, WINDOW)], what, "part")


@contextmanager
def _inference(model: PreTrainedModel) -> Iterator[None]:
    """Computes without gradients and without dropout, and leaves the model in the mode that it was in."""
    was_training = model.training
    model.train(False)
    with torch.inference_mode():
        yield
    model.train(was_training)
