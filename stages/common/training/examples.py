"""What a model is trained on: tokens, and what it should give for them."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedTokenizerBase

from stages.common.model.batching import Rows, bucketed_batches, make_batch, pad
from stages.common.model.tokenising import Tokens

IGNORED = -100  # a target that does not count, such as the second word piece of a word


def no_target(kind: "np.dtype[Any]") -> float:
    """What stands for a token that has no target, by the number format of the targets."""
    return IGNORED if kind.kind == "i" else math.nan


def has_target(targets: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which tokens have one, [tokens]; ``targets`` is [tokens, ...]."""
    if targets.dtype.kind == "i":
        return np.asarray(targets != IGNORED)
    return np.asarray(~np.isnan(targets.reshape(len(targets), -1)[:, 0]))


@dataclass(frozen=True)
class Examples:
    """The training documents as the model sees them.

    Attributes:
        tokens: Their token ids.
        targets: What the model should give: for each document, [documents], [documents, outputs] or more; or for each
            token, int64 with ``IGNORED`` where it has none, [tokens], or float32 with NaN there, [tokens, ...].
        of_tokens: Whether each token has a target of its own.
        states: What the frozen part of the model gives for each token, [tokens, hidden size], where it was computed.
        left_out: The rows of the document table that the arrays above leave out, [rows].
    """

    tokens: Tokens
    targets: npt.NDArray[Any]
    of_tokens: bool = False
    states: npt.NDArray[np.float32] | None = None
    left_out: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def without(self, rows: Rows) -> "Examples":
        """The examples, of which no states were computed yet, without those in some rows."""
        kept = np.setdiff1d(np.arange(len(self.tokens.lengths)), rows)
        if not self.of_tokens:
            return replace(self, tokens=self.tokens.only(kept), targets=self.targets[kept], left_out=rows)
        there = np.isin(np.repeat(np.arange(len(self.tokens.lengths)), self.tokens.lengths), kept)
        return replace(self, tokens=self.tokens.only(kept), targets=self.targets[there], left_out=rows)

    @property
    def lengths(self) -> Rows:
        """The tokens of each row that a step may take, [rows]: rows of about one length share a batch."""
        return self.tokens.lengths

    def batches(self, batch_size: int, seed: int, epoch: int) -> list[Rows]:
        """The rows of each step of an epoch; see :func:`stages.common.model.batching.bucketed_batches`."""
        return bucketed_batches(self.lengths, batch_size, seed, epoch)

    def real_tokens(self, rows: Rows) -> int:
        """The tokens that a step with some rows computes, without padding."""
        return int(self.lengths[rows].sum())

    def counted(self, rows: Rows) -> int:
        """How many targets count in some documents: what the mean over them weighs in the mean over all of a batch."""
        if not self.of_tokens:
            return len(rows)
        bounds = self.tokens.starts[self.tokens.firsts[np.stack([rows, rows + 1])]]
        return sum(int(has_target(self.targets[begin:end]).sum()) for begin, end in bounds.T)

    def batch(
        self, rows: Rows, tokenizer: PreTrainedTokenizerBase, device: torch.device
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """The model's inputs for some documents, and what it should give for them.

        Returns:
            The inputs (see :func:`stages.common.model.batching.make_batch`), and the targets, [documents, ...] or
            [windows, tokens, ...].
        """
        batch = make_batch(self.tokens, rows, tokenizer, device)
        windows, _ = self.tokens.windows(rows)

        def laid_out(values: npt.NDArray[Any], fill: float) -> torch.Tensor:
            padded, _ = pad(values, self.tokens.starts, windows, fill, tokenizer.padding_side)
            return torch.from_numpy(padded).to(device, non_blocking=True)

        if self.states is not None:
            batch["hidden_states"] = laid_out(self.states, 0)
        if self.of_tokens:
            return batch, laid_out(self.targets, no_target(self.targets.dtype))
        return batch, torch.from_numpy(self.targets[rows]).to(device, non_blocking=True)
