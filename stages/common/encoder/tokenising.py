"""Turns texts into token ids, kept in two arrays whatever the number of texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

CHUNK = 1_000  # texts tokenised at a time: enough for all threads of the tokenizer, little as python lists


@dataclass(frozen=True)
class Tokens:
    """The token ids of many texts, one text after the other.

    Attributes:
        ids: All token ids, int32, [tokens].
        starts: Where each text begins in ``ids``, and at last where the last one ends, int64, [texts + 1].
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens of each text, special tokens included, [texts]."""
        return np.diff(self.starts)

    def of(self, text: int) -> npt.NDArray[np.int32]:
        """The token ids of one text."""
        return self.ids[self.starts[text] : self.starts[text + 1]]


def tokenise(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> Tokens:
    """Tokenises texts, special tokens added, and keeps the first tokens of a text that is longer than allowed.

    Args:
        tokenizer: The model's tokenizer.
        texts: The texts.
        max_length: The most tokens of a text, special tokens included.
    """
    ids: list[npt.NDArray[np.int32]] = []
    lengths: list[int] = []
    for start in range(0, len(texts), CHUNK):
        rows = tokenizer(
            list(texts[start : start + CHUNK]),
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        lengths.extend(map(len, rows))
        ids.append(np.fromiter((token for row in rows for token in row), dtype=np.int32))
    return Tokens(
        ids=np.concatenate(ids) if ids else np.zeros(0, np.int32),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
    )
