"""Scores documents: texts in, one row of logits a document out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.encoder.batching import budgeted_batches, make_batch
from stages.common.encoder.tokenising import tokenise
from stages.common.messages import progress

BATCH_TOKENS = 4_096
WINDOW = 2_048  # texts of about one length that are tokenised together, which bounds the memory


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    batch_tokens: int = BATCH_TOKENS,
    what: str = "scoring",
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

    Returns:
        Logits, float32, [documents, labels], in the order of the texts.
    """
    was_training = model.training
    model.train(False)
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    logits = np.zeros((len(distinct), len(model.config.id2label or {})), dtype=np.float32)
    windows = [slice(start, start + WINDOW) for start in range(0, len(distinct), WINDOW)]
    with torch.inference_mode():
        for window in progress(windows, what, "window"):
            tokens = tokenise(tokenizer, distinct[window], max_length)
            for rows in budgeted_batches(tokens.lengths, batch_tokens):
                batch = make_batch(tokens, rows, tokenizer, model.device)
                logits[window][rows] = model(**batch).logits.float().cpu().numpy()
    model.train(was_training)
    place = {text: row for row, text in enumerate(distinct)}
    return logits[[place[text] for text in texts]]
