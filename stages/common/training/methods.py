"""Which weights are trained: all, those above a frozen part, or those of an adapter."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.model.loading import ADAPTER, Head
from stages.common.model.mean_pooling import add_mean_pooling
from stages.common.model.tokenising import Tokens
from stages.common.training.adapters import RankAllocation, add_adapter, merge, save_adapter
from stages.common.training.architecture import encoder_layers, head_modules, parameter_depths
from stages.common.training.examples import Examples
from stages.common.training.frozen import FrozenPart
from stages.common.training.parameters import TrainingParameters
from stages.common.training.snapshots import weights_of


@dataclass(frozen=True)
class Method:
    """A model that is ready to be trained by ``finetune.method``.

    Attributes:
        model: What is trained and scored with.
        frozen: Its frozen part, where there is one.
        adapted: It with its adapter, where there is one.
        penalty: Gives what the method adds to the loss, if anything.
        parameters: The number of weights of the model, with its adapter.
        trainable: The number of those that are trained.
    """

    model: PreTrainedModel
    frozen: FrozenPart | None
    adapted: PeftModel | None
    penalty: Callable[[], torch.Tensor] | None
    parameters: int
    trainable: int

    @property
    def seconds(self) -> float:
        """The time that the frozen part took."""
        return self.frozen.seconds if self.frozen else 0.0

    def precompute(self, examples: Examples, tokenizer: PreTrainedTokenizerBase, device: torch.device) -> Examples:
        """Computes on a device what the frozen part gives for the examples; as they are where none is frozen.

        Of documents whose labels a head reads from their first token alone, only that token is kept.
        """
        if self.frozen is None:
            return examples
        cast(torch.nn.Module, self.model).to(device)
        if examples.of_tokens or not self.frozen.reads_first_tokens():
            return replace(examples, states=self.frozen.states(examples.tokens, tokenizer))
        begins = examples.tokens.starts[:-1]
        firsts = Tokens(examples.tokens.ids[begins], np.arange(len(begins) + 1), examples.tokens.firsts)
        return replace(examples, tokens=firsts, states=self.frozen.states(examples.tokens, tokenizer, firsts_only=True))

    def save(self, folder: Path, weights: dict[str, torch.Tensor]) -> None:
        """Saves the model, which holds these weights, as transformers' Auto classes load it.

        The adapter is kept beside it in ``adapter``. Its weights are added into the model; a prefix has no place there,
        so the model needs that folder, which :func:`stages.common.model.loading.load_finetuned` reads.
        """
        if self.adapted is None:
            self.model.save_pretrained(folder, state_dict=weights)
        else:
            save_adapter(self.adapted, folder / ADAPTER)
            merge(self.adapted).save_pretrained(folder)

    def plain_weights(self, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The weights under the names of the model as it was before it was made ready, on the processor.

        An adapter is merged into it for good; a prefix is left out.

        Args:
            weights: Those that training kept, which the model holds.
        """
        return weights if self.adapted is None else weights_of(merge(self.adapted))


def prepare(model: PreTrainedModel, parameters: TrainingParameters, head: Head, documents: int) -> Method:
    """Makes a model ready to be trained by ``finetune.method``.

    Args:
        model: The model, all of whose weights can be trained.
        parameters: How to train.
        head: Whether the model has one row of outputs a document, or one a word.
        documents: The number of training documents.

    Raises:
        UserError: If the method does not fit the model.
    """
    weights = sum(parameter.numel() for parameter in model.parameters())
    frozen = adapted = penalty = None
    if parameters.method == "frozen":
        frozen = FrozenPart(model, freeze_layers(model, parameters.frozen_layers))
    elif parameters.method == "head":
        frozen = FrozenPart(model, freeze_encoder(model))
    elif parameters.method == "contrastive":
        add_mean_pooling(model)
    elif parameters.method != "full":
        adapted = add_adapter(model, parameters, head, parameters.steps(documents))
        if parameters.method == "adalora":
            allocation = RankAllocation(adapted)
            penalty = allocation.orthogonality
        if parameters.method == "prefix":
            model = cast(PreTrainedModel, adapted)  # it puts the prefix before each text; other adapters are inside
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return Method(model, frozen, adapted, penalty, weights, trainable)


def freeze_layers(model: PreTrainedModel, count: int) -> int:
    """Freezes all that the output of the lowest layers depends on, and gives their number.

    Raises:
        UserError: If the model has fewer layers.
    """
    layers = len(encoder_layers(model))
    if count > layers:
        raise UserError(
            f"params.yaml: finetune.frozen_layers is {count}, but the model has {layers} layers.",
            f"Set it to {layers} or less.",
        )
    depths = parameter_depths(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(depths[name] > count)
    return count


def freeze_encoder(model: PreTrainedModel) -> int:
    """Freezes all but the head and the pooler, and gives the number of layers."""
    model.requires_grad_(False)
    for name in head_modules(model):
        model.get_submodule(name).requires_grad_(True)
    return len(encoder_layers(model))
