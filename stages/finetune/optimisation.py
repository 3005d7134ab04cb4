"""The optimiser and its learning rate."""

from collections.abc import Iterable

import torch
from torch import nn


def make_optimiser(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), with weight decay on matrices only.

    Args:
        model: The model; parameters that take no gradient are left alone.
        learning_rate: Where the learning rate starts.
        weight_decay: Decoupled weight decay of matrices; biases and norms, all of which are vectors, get none.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim >= 2], "weight_decay": weight_decay},
        {"params": [parameter for parameter in trained if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def rate_share(step: int, steps: int, warmup: float) -> float:
    """The share of the largest learning rate at a step: a linear rise, then a linear fall; never zero.

    Args:
        step: The step, counted from 1.
        steps: All steps of the training.
        warmup: The share of steps in which it rises.

    Returns:
        A number above 0 and at most 1.
    """
    rising = max(1, round(warmup * steps))
    if step <= rising:
        return step / rising
    return (steps + 1 - step) / (steps + 1 - rising)


def set_rate(groups: Iterable[dict[str, object]], rate: float) -> None:
    """Sets the learning rate of an optimiser's parameter groups."""
    for group in groups:
        group["lr"] = rate
