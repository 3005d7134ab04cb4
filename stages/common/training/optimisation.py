"""The optimiser and its learning rate."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
from torch import nn
from transformers import PreTrainedModel

from stages.common.training.adapters import RankAllocation
from stages.common.training.architecture import parameter_depths
from stages.common.training.parameters import Schedule


def make_optimiser(
    model: nn.Module, learning_rate: float, weight_decay: float, layer_decay: float = 1.0
) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), with weight decay on matrices only.

    Args:
        model: The model; parameters that take no gradient are left alone.
        learning_rate: Where the learning rate starts.
        weight_decay: Decoupled weight decay of matrices; biases and norms, all of which are vectors, get none.
        layer_decay: A layer's learning rate over that of the layer above; 1 for one rate for all.
    """
    shares = {} if layer_decay == 1 else layer_shares(parameter_depths(cast(PreTrainedModel, model)), layer_decay)
    trained: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            trained.setdefault(shares.get(name, 1.0), []).append(parameter)
    groups = [
        {"params": [p for p in parameters if (p.ndim >= 2) is decayed], "weight_decay": decay, "rate_share": share}
        for share, parameters in trained.items()
        for decayed, decay in ((True, weight_decay), (False, 0.0))
    ]
    optimiser = torch.optim.AdamW(groups, lr=learning_rate, fused=True)
    for module in model.modules():
        if isinstance(module, RankAllocation):
            optimiser.register_step_post_hook(module.after_step)
    return optimiser


def layer_shares(depths: Mapping[str, int], layer_decay: float) -> dict[str, float]:
    """The share of the learning rate of each parameter: the whole after the last layer, less in each layer below.

    Args:
        depths: How deep each parameter lies, by name (see :func:`parameter_depths`).
        layer_decay: A layer's learning rate over that of the layer above.
    """
    top = max(depths.values())
    return {name: layer_decay ** (top - depth) for name, depth in depths.items()}


def rate_share(step: int, steps: int, warmup: float, schedule: Schedule = "linear") -> float:
    """The share of the largest learning rate at a step: a linear rise, then what the schedule says; never zero.

    Args:
        step: The step, counted from 1.
        steps: All steps of the training.
        warmup: The share of steps in which it rises.
        schedule: Whether it then falls linearly, falls by half a cosine, or stays.

    Returns:
        A number above 0 and at most 1.
    """
    rising = max(1, round(warmup * steps))
    if step <= rising:
        return step / rising
    left = (steps + 1 - step) / (steps + 1 - rising)
    if schedule == "constant":
        return 1.0
    return left if schedule == "linear" else (1 - math.cos(math.pi * left)) / 2


def set_rate(groups: Iterable[dict[str, Any]], rate: float) -> None:
    """Sets the learning rate of an optimiser's parameter groups, each to its share."""
    for group in groups:
        group["lr"] = rate * group["rate_share"]
