"""What is where in an encoder, found in the model itself, so that any architecture of transformers will do."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import PreTrainedModel

from stages.common.core.messages import UserError


def encoder_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The encoder's layers, from the lowest to the highest.

    Raises:
        UserError: If the model has no list of as many layers as its config says.
    """
    for module in model.base_model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == model.config.num_hidden_layers:
            return module
    raise UserError(
        f"The model ({model.config.model_type}) has no list of {model.config.num_hidden_layers} layers, which "
        "finetune.method needs.",
        "Set finetune.method to full, finetune.layer_decay to 1 and finetune.layers to [], or choose another model.",
    )


def keep_layers(model: PreTrainedModel, kept: Sequence[int]) -> None:
    """Leaves all but some layers out of a model; its config says so, so that it is loaded as it is then.

    Args:
        model: The model, in which no hook or adapter is yet.
        kept: The layers that stay, counted from 1, rising.

    Raises:
        UserError: If the model has fewer layers, or would be another one without those that are left out.
    """
    layers = encoder_layers(model)
    count = len(layers)
    if kept[-1] > count:
        raise UserError(
            f"params.yaml: finetune.layers names layer {kept[-1]}, but the model has {count} layers.",
            f"Name layers from 1 to {count}.",
        )
    for number in range(count, 0, -1):
        if number not in kept:
            del layers[number - 1]
    for name, value in model.config.to_dict().items():
        if isinstance(value, list) and len(value) == count:  # such as ModernBERT's layer_types: one for each layer
            setattr(model.config, name, [value[number - 1] for number in kept])
    model.config.num_hidden_layers = len(kept)
    with torch.device("meta"):
        rebuilt = type(model)(model.config)
    if _shapes(rebuilt) != _shapes(model):
        raise UserError(
            f"params.yaml: finetune.layers: the model's layers ({model.config.model_type}) are not all built alike, so "
            f"that layer {kept[0]} cannot be the first one.",
            "Let the list begin with 1.",
        )


def head_modules(model: PreTrainedModel) -> list[str]:
    """The names of the modules after the last layer: those outside the encoder, and its pooler, that have weights."""
    prefix = model.base_model_prefix
    names = [name for name, _ in model.named_children() if name != prefix]
    names += [f"{prefix}.{name}" for name, _ in model.base_model.named_children() if name == "pooler"]
    return [name for name in names if any(True for _ in model.get_submodule(name).parameters())]


def set_output_bias(model: PreTrainedModel, bias: npt.NDArray[np.float32]) -> None:
    """Lets a model's outputs begin at some values: the bias of the last linear map of its head.

    Args:
        model: The model.
        bias: [outputs].

    Raises:
        UserError: If the head ends in no linear map with a bias for each output.
    """
    maps = [module for name in head_modules(model) for module in model.get_submodule(name).modules()]
    last = [module for module in maps if isinstance(module, nn.Linear) and module.out_features == len(bias)]
    if not last or last[-1].bias is None:
        raise UserError(
            f"The head of the model ({model.config.model_type}) has no bias for each of {len(bias)} outputs.",
            "Choose another model.",
        )
    with torch.no_grad():
        last[-1].bias.copy_(torch.from_numpy(bias))


def parameter_depths(model: PreTrainedModel) -> dict[str, int]:
    """How deep each parameter lies: 0 before the first layer, 1 in the first, ..., layers + 1 after the last.

    A parameter that several layers share has the depth of the lowest. It is read from the graph of one small forward
    pass, which draws no random numbers.

    Returns:
        The depth by the parameter's name.
    """
    layers = encoder_layers(model)
    entered: list[torch.Tensor] = []
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, args, named: entered.append(first_input(args, named)), with_kwargs=True
        )
        for layer in layers
    ]
    hooks.append(layers[-1].register_forward_hook(lambda _, __, output: entered.append(first_output(output))))
    trainable = {parameter: parameter.requires_grad for parameter in model.parameters()}
    was_training = model.training
    model.requires_grad_(True).train(False)
    with torch.enable_grad():
        model(**trial_inputs(model))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    depths: dict[int, int] = {}
    for depth, states in enumerate(entered):
        for parameter in _parameters_behind(states):
            depths.setdefault(id(parameter), depth)
    for parameter, requires_grad in trainable.items():
        parameter.requires_grad_(requires_grad)
    return {name: depths.get(id(parameter), len(layers) + 1) for name, parameter in model.named_parameters()}


def trial_inputs(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """A small batch that any encoder takes."""
    ids = torch.full((1, 4), 1 if model.config.pad_token_id != 1 else 2, device=model.device)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def first_input(args: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> torch.Tensor:
    """The hidden states that a layer was called with."""
    return args[0] if args else next(iter(named.values()))


def first_output(output: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The hidden states that a layer gave."""
    return output[0] if isinstance(output, tuple) else output


def _shapes(model: PreTrainedModel) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def _parameters_behind(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """All parameters from which a tensor was computed."""
    waiting, seen = [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        waiting += [parent for parent, _ in node.next_functions]
