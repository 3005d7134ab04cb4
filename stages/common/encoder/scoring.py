"""Scores documents: texts in, one row of logits a document out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedModel, PreTrainedTokenizerBase


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    batch_tokens: int = 8192,
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
    raise NotImplementedError
