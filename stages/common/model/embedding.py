"""Embeds texts with the pretrained encoder as it is: the mean of its last hidden states (Reimers & Gurevych 2019)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from stages.common.core.messages import progress
from stages.common.model.batching import budgeted_batches, make_batch
from stages.common.model.device import compute_alike
from stages.common.model.loading import load_pretrained
from stages.common.model.tokenising import tokenise

BATCH_TOKENS = 4_096


def embed(folder: Path, texts: Sequence[str], max_length: int, threads: int) -> npt.NDArray[np.float32]:
    """Embeds texts on the processor.

    Args:
        folder: The pretrained encoder and its tokenizer.
        texts: The texts.
        max_length: The tokens after which a text is cut, special tokens included.
        threads: Threads that torch uses; another number changes the last digits.

    Returns:
        Vectors of length 1, float32, [texts, hidden size].
    """
    compute_alike(0, threads)
    model, tokenizer = load_pretrained(folder, ["a", "b"], 0.0, "document")  # the head is not used
    encoder: Any = model.base_model  # transformers' types do not say that it is a model
    encoder.train(False)
    tokens = tokenise(tokenizer, texts, max_length, "head", 0.0)
    vectors = np.zeros((len(texts), encoder.config.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        for rows in progress(budgeted_batches(tokens.lengths, BATCH_TOKENS), "embedding", "batch"):
            batch = make_batch(tokens, rows, tokenizer, model.device)
            states = encoder(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
            means = (states * mask).sum(dim=1) / mask.sum(dim=1)
            vectors[rows] = torch.nn.functional.normalize(means, dim=1).numpy()
    return vectors
