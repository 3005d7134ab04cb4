"""What training makes small: from a batch to its loss."""

from collections.abc import Callable

import torch
from torch import nn

IGNORED = -100  # a target that does not count, such as the second word piece of a word

Objective = Callable[[nn.Module, dict[str, torch.Tensor], torch.Tensor], torch.Tensor]


def cross_entropy(model: nn.Module, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy over the targets that count.

    Args:
        model: Called with the batch, it gives ``logits``, [documents, ..., labels].
        batch: The model's inputs.
        targets: The index of each true label, or ``IGNORED``, int64, [documents, ...].

    Returns:
        The loss in nats, a scalar in float32.
    """
    logits = model(**batch).logits.float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED)


def counted(targets: torch.Tensor) -> int:
    """How many targets count: what the mean over a part of a batch weighs in the mean over all of it."""
    return int((targets != IGNORED).sum())
