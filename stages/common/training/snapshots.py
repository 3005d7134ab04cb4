"""All that a training is at one moment, as tensors and JSON, and back again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn
from torch.distributed.tensor import DTensor, distribute_tensor

from stages.common.training.selection import Metrics


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        micro_batch: Documents that a process computes at once; halved where memory runs out.
        step: Steps that were taken.
        real_tokens: Tokens of documents that were computed in them.
        computed_tokens: The same with padding.
        seconds: Time spent in steps; validation is not counted.
        history: The validation metrics after each epoch.
        logged: What was recorded, with its step.
    """

    micro_batch: int
    step: int = 0
    real_tokens: int = 0
    computed_tokens: int = 0
    seconds: float = 0.0
    history: list[Metrics] = field(default_factory=list)
    logged: list[tuple[int, dict[str, float]]] = field(default_factory=list)


@dataclass
class Training:
    """What a training changes as it goes.

    Attributes:
        model: The model, on the device; with FSDP its parameters are shared out among the processes.
        prepared: The same, as accelerate wraps it: what a batch goes through.
        optimiser: Its optimiser.
        progress: How far it has come.
        best: The weights of the best epoch so far, on the processor; empty before the first epoch has ended.
        best_logits: The validation logits of that epoch, float32, [documents or words, outputs].
    """

    model: nn.Module
    prepared: nn.Module
    optimiser: torch.optim.Optimizer
    progress: Progress
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    best_logits: torch.Tensor = field(default_factory=lambda: torch.zeros(0))


@dataclass(frozen=True)
class Snapshot:
    """A moment of a training.

    Attributes:
        tensors: Weights, the optimiser's state and the best weights; those on the processor may still change.
        facts: The rest, as JSON has it.
    """

    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any]


def take(training: Training, accelerator: Accelerator) -> Snapshot:
    """The training as it is now. Every process takes part; nothing is copied that one process holds alone."""
    tensors = {f"model/{name}": whole(tensor) for name, tensor in training.model.state_dict().items()}
    for name, parameter in training.model.named_parameters():
        for key, value in training.optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser/{name}/{key}"] = whole(value)
    tensors |= {f"best/{name}": tensor for name, tensor in training.best.items()}
    tensors["validation/logits"] = training.best_logits
    progress = vars(training.progress) | {
        "history": list(training.progress.history),
        "logged": list(training.progress.logged),
    }
    states = gather_object([random_state(accelerator.device)])
    scaler = accelerator.scaler.state_dict() if accelerator.scaler else None
    return Snapshot(tensors, {"progress": progress, "random": states, "scaler": scaler})


def restore(snapshot: Snapshot, training: Training, accelerator: Accelerator) -> None:
    """Makes a training, fresh from its start, what it was when the snapshot was taken."""
    parts: dict[str, dict[str, torch.Tensor]] = {"model": {}, "optimiser": {}, "best": {}, "validation": {}}
    for name, tensor in snapshot.tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    load_weights(training.model, parts["model"])
    named = dict(training.model.named_parameters())
    for name, tensor in parts["optimiser"].items():
        owner, _, key = name.rpartition("/")
        state = torch.zeros_like(named[owner]) if tensor.ndim else torch.zeros_like(tensor, device=named[owner].device)
        _fill(state, tensor)
        training.optimiser.state[named[owner]][key] = state
    training.best, training.best_logits = parts["best"], parts["validation"]["logits"]
    training.progress = Progress(**snapshot.facts["progress"])
    if accelerator.scaler:
        accelerator.scaler.load_state_dict(snapshot.facts["scaler"])
    set_random_state(snapshot.facts["random"][accelerator.process_index], accelerator.device)


def weights_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of a model's weights on the processor."""
    return {name: whole(tensor).to("cpu", copy=True) for name, tensor in model.state_dict().items()}


def load_weights(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Puts weights into a model, wherever it is."""
    for name, tensor in model.state_dict().items():
        _fill(tensor, weights[name])


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor without its gradient; one that is shared out among processes is put together, in all of them."""
    return tensor.full_tensor().detach() if isinstance(tensor, DTensor) else tensor.detach()


def random_state(device: torch.device) -> dict[str, Any]:
    """The state of every random generator that a model may draw from."""
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "device": None if device.type == "cpu" else torch.get_device_module(device).get_rng_state(),
    }


def set_random_state(state: Mapping[str, Any], device: torch.device) -> None:
    """Makes the random generators go on from a state, also from one that has been JSON."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(tuple(state["numpy"]))
    torch.set_rng_state(torch.as_tensor(state["torch"], dtype=torch.uint8))
    if device.type != "cpu":
        module = torch.get_device_module(device)
        module.set_rng_state(torch.as_tensor(state["device"], dtype=torch.uint8))


@torch.no_grad()
def _fill(target: torch.Tensor, source: torch.Tensor) -> None:
    if isinstance(target, DTensor):
        source = distribute_tensor(source.to(target.device), target.device_mesh, target.placements)
    target.copy_(source)
