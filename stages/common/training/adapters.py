"""Adapters: a few weights added to a model whose own are not trained (peft)."""

import json
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from peft import (
    AdaLoraConfig,
    IA3Config,
    LoraConfig,
    PeftConfig,
    PeftModel,
    PrefixTuningConfig,
    TaskType,
    get_peft_model,
)
from peft.utils import ModulesToSaveWrapper
from torch import nn
from transformers import PreTrainedModel

from stages.common.core.messages import UserError, one_line
from stages.common.core.outputs import write_json
from stages.common.model.loading import Head
from stages.common.training.architecture import encoder_layers, head_modules, trial_inputs
from stages.common.training.parameters import TrainingParameters

TASK_TYPES = {"document": TaskType.SEQ_CLS, "word": TaskType.TOKEN_CLS}

# What architectures call the maps to keys and to values; a fused map makes queries, keys and values at once.
KEYS_AND_VALUES = {
    *("key", "key_proj", "k_proj", "k_lin", "k", "value", "value_proj", "v_proj", "v_lin", "v"),
    *("Wqkv", "qkv", "query_key_value", "in_proj"),
}


def add_adapter(model: PreTrainedModel, parameters: TrainingParameters, head: Head, steps: int) -> PeftModel:
    """Adds the adapter that ``finetune.method`` names; it and the head are trained, nothing else.

    Args:
        model: The model; its layers are changed in place.
        parameters: How to train.
        head: Whether the model has one row of outputs a document, or one a word.
        steps: All steps of the training.

    Raises:
        UserError: If the method does not fit the model.
    """
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated")  # which peft asks transformers for
    try:
        adapted = get_peft_model(model, _config(model, parameters, head, steps), autocast_adapter_dtype=False)
        with torch.inference_mode():
            adapted(**trial_inputs(model))
    except (ValueError, TypeError, AttributeError, KeyError, RuntimeError) as error:  # peft raises any of these
        raise UserError(
            f"params.yaml: finetune.method: {parameters.method} does not fit a model of type {model.config.model_type} "
            f"({one_line(str(error))[:160]}).",
            "Choose another method or another model.",
        ) from None
    for name in head_modules(model):  # prefix tuning leaves out parts of some heads
        for parameter in model.get_submodule(name).parameters():
            parameter.requires_grad_(not _is_original(parameter, model.get_submodule(name)))
    return adapted


def linear_maps(model: PreTrainedModel) -> dict[str, nn.Linear]:
    """The linear maps of all layers, by name: those of the attention and the feed-forward ones."""
    inside = {id(module) for layer in encoder_layers(model) for module in layer.modules()}
    return {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear) and id(m) in inside}


def save_adapter(adapted: PeftModel, adapter: Path) -> None:
    """Keeps the adapter in a folder."""
    _drop_allocation(adapted)
    adapted.save_pretrained(str(adapter))
    (adapter / "README.md").unlink(missing_ok=True)  # peft's empty form
    settings = json.loads((adapter / "adapter_config.json").read_text())
    ordered = {name: sorted(value) if isinstance(value, list) else value for name, value in settings.items()}
    write_json(adapter / "adapter_config.json", ordered)  # peft writes sets in no order


def merge(adapted: PeftModel) -> PreTrainedModel:
    """The model with the adapter's weights added into its own; it has no adapter any more.

    A prefix has no place among a model's weights: then the model is given without it.
    """
    _drop_allocation(adapted)
    model: Any = adapted.get_base_model()
    for name, module in list(model.named_modules()):
        if isinstance(module, ModulesToSaveWrapper):
            model.set_submodule(name, module.modules_to_save["default"])
    is_prefix = adapted.peft_config["default"].is_prompt_learning
    return cast(PreTrainedModel, model if is_prefix else adapted.merge_and_unload())


def _drop_allocation(adapted: PeftModel) -> None:
    """Leaves out what only training needs, and what is in no adapter of peft's."""
    model: Any = adapted.get_base_model()
    if hasattr(model, "rank_allocation"):
        del model.rank_allocation


def _config(model: PreTrainedModel, parameters: TrainingParameters, head: Head, steps: int) -> PeftConfig:
    adapter = parameters.adapter
    shared: dict[str, Any] = {"task_type": TASK_TYPES[head]}
    if parameters.method == "prefix":
        return PrefixTuningConfig(
            **shared,
            num_virtual_tokens=adapter.virtual_tokens,
            token_dim=model.config.hidden_size,
            num_layers=model.config.num_hidden_layers,
            num_attention_heads=model.config.num_attention_heads,
            num_transformer_submodules=1,
        )
    shared["modules_to_save"] = head_modules(model)
    maps = linear_maps(model)
    if parameters.method == "ia3":
        forward = [name for name, linear in maps.items() if linear.in_features > linear.out_features]
        scaled = [name for name in maps if name.rpartition(".")[2] in KEYS_AND_VALUES]
        if not scaled:
            raise ValueError(f"none of the maps of its layers is named as keys and values are: {', '.join(maps)}")
        return IA3Config(**shared, target_modules=[*scaled, *forward], feedforward_modules=forward)
    shared |= {"target_modules": list(maps), "lora_alpha": adapter.alpha}
    if parameters.method == "adalora":
        rank = adapter.rank + -(
            -adapter.rank // 2
        )  # the budget falls from 1.5 times the rank, as Zhang et al. (2023) do
        shared |= {"total_step": steps, "tinit": steps // 10, "tfinal": steps // 3, "deltaT": max(1, steps // 100)}
        return AdaLoraConfig(**shared, init_r=rank, target_r=adapter.rank)
    return LoraConfig(**shared, r=adapter.rank, use_dora=parameters.method == "dora")


def _is_original(parameter: nn.Parameter, module: nn.Module) -> bool:
    """Whether a parameter is the untrained copy of itself that peft keeps of a module it trains."""
    original = getattr(module, "original_module", None)
    return original is not None and any(parameter is other for other in original.parameters())


class RankAllocation(nn.Module):
    """AdaLoRA's importances (Zhang et al. 2023, arXiv 2303.10512) as buffers, so that a model's checkpoints hold them.

    Args:
        adapted: The model with the adapter; the buffers become part of it.
    """

    step: torch.Tensor

    def __init__(self, adapted: PeftModel) -> None:
        super().__init__()
        self._tuner: Any = [adapted.base_model]  # in a list, or it were a part of itself
        self._names = [name for name, _ in self._tuner[0].model.named_parameters() if "lora_" in name]
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        named = dict(self._tuner[0].model.named_parameters())
        for number, name in enumerate(self._names):
            for kind in ("sensitivity", "uncertainty"):
                self.register_buffer(f"{kind}_{number}", torch.zeros_like(named[name], requires_grad=False))
            if "lora_E" in name:
                self.register_buffer(f"kept_{number}", torch.ones(len(named[name]), dtype=torch.bool))
        self._tuner[0].model.rank_allocation = self

    def after_step(self, *_: object) -> None:
        """Takes a step's gradients into account, and takes ranks away where the schedule says so."""
        (tuner,) = self._tuner
        allocator, config = tuner.rankallocator, tuner.peft_config["default"]
        self.step += 1
        for number, name in enumerate(self._names):
            allocator.ipt[name] = torch.zeros(0)  # known, so that the averages are not begun anew
            allocator.exp_avg_ipt[name] = self.get_buffer(f"sensitivity_{number}")
            allocator.exp_avg_unc[name] = self.get_buffer(f"uncertainty_{number}")
        config.rank_pattern = {
            name: self.get_buffer(f"kept_{number}").tolist()
            for number, name in enumerate(self._names)
            if "lora_E" in name
        }
        tuner.update_and_allocate(int(self.step))
        for number, name in enumerate(self._names):
            if name in allocator.exp_avg_ipt:  # no longer, once the ranks are settled
                self.get_buffer(f"sensitivity_{number}").copy_(allocator.exp_avg_ipt[name])
                self.get_buffer(f"uncertainty_{number}").copy_(allocator.exp_avg_unc[name])
            if "lora_E" in name:
                self.get_buffer(f"kept_{number}").copy_(torch.tensor(config.rank_pattern[name]))

    def orthogonality(self) -> torch.Tensor:
        """How far the singular vectors are from being orthogonal, as it is added to the loss.

        It is the mean Frobenius distance of their products from the identity, times peft's ``orth_reg_weight``.
        """
        named = dict(self._tuner[0].model.named_parameters())
        distances = []
        for name in self._names:
            if "lora_A" in name or "lora_B" in name:
                vectors = named[name] if "lora_A" in name else named[name].T
                distances.append(
                    torch.linalg.norm(vectors @ vectors.T - torch.eye(len(vectors), device=vectors.device))
                )
        weight: float = self._tuner[0].peft_config["default"].orth_reg_weight
        return weight * torch.stack(distances).mean()
