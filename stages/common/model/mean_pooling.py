"""Lets a classifier of BERT's build read the mean of the last hidden states, in weights that transformers loads.

Sentence encoders are made to be read so (Reimers & Gurevych 2019, arXiv 1908.10084), but transformers' classifiers read
the first token. One more layer bridges the two. Its attention weighs all tokens alike, so each position receives their
mean, scaled up so far that what the layer adds to it, the position's own state, lies below the precision of float32.
The layer's norm brings that back to mean 0 and variance 1, and its feed-forward part adds nothing. The first token then
holds the mean, for any program that loads the model.
"""

import copy
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import PreTrainedModel

from stages.common.core.messages import UserError

SCALE = 2.0**20  # of the mean beside a position's own state
TANH_HEADS = ("roberta", "xlm-roberta", "camembert")  # whose forward has tanh between dense and out_proj
ALMOST_LINEAR = 2.0**-14  # tanh(x / 2**14) is x / 2**14 to the precision of float32, for any x that a norm lets through


def add_mean_pooling(model: PreTrainedModel) -> None:
    """Adds a layer to a classifier after which its first token holds the mean of all, with mean 0 and variance 1.

    The layer and the head take no gradient: the head is set by :func:`set_head`.

    Args:
        model: A classifier of documents, of BERT's build (BERT, RoBERTa, XLM-R, CamemBERT, ERNIE).

    Raises:
        UserError: If the model is built otherwise.
    """
    encoder: Any = getattr(model.base_model, "encoder", None)
    layers = getattr(encoder, "layer", None)
    head = _head(model)
    if head is None or not isinstance(layers, nn.ModuleList) or not _is_berts(layers[-1]):
        raise UserError(
            "params.yaml: finetune.method: contrastive needs a model of BERT's build (BERT, RoBERTa, XLM-R, CamemBERT, "
            f"ERNIE); this is {model.config.model_type}.",
            "Choose another model or method.",
        )
    layer: Any = copy.deepcopy(layers[-1])
    for part in layer.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    one = torch.eye(model.config.hidden_size)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        layer.attention.self.value.weight.copy_(one)
        layer.attention.output.dense.weight.copy_(one * SCALE)
        dense, _ = head
        dense.weight.copy_(one * ALMOST_LINEAR)
        dense.bias.zero_()
    layers.append(layer.requires_grad_(False))
    model.config.num_hidden_layers += 1
    for part in head:
        part.requires_grad_(False)


def set_head(model: PreTrainedModel, weights: npt.NDArray[Any], bias: npt.NDArray[Any]) -> None:
    """Sets the head of a model with mean pooling: logits are ``weights @ state + bias``.

    Args:
        model: The model.
        weights: Of what the first token holds after the last layer, [outputs, hidden size].
        bias: [outputs].
    """
    _, last = cast(tuple[nn.Linear, nn.Linear], _head(model))
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(np.asarray(weights / ALMOST_LINEAR, dtype=np.float32)))
        last.bias.copy_(torch.from_numpy(np.asarray(bias, dtype=np.float32)))


def _head(model: PreTrainedModel) -> tuple[nn.Linear, nn.Linear] | None:
    """The two linear maps, with tanh between them, from the first token to the logits; None if they are not there."""
    classifier: Any = getattr(model, "classifier", None)
    pooler: Any = getattr(model.base_model, "pooler", None)
    if isinstance(classifier, nn.Linear) and isinstance(getattr(pooler, "activation", None), nn.Tanh):
        return pooler.dense, classifier
    if type(classifier).__name__.endswith("ClassificationHead") and model.config.model_type in TANH_HEADS:
        return classifier.dense, classifier.out_proj
    return None


def _is_berts(layer: nn.Module) -> bool:
    names = {name.rsplit(".", 1)[0] for name, _ in layer.named_parameters()}
    return names == {
        *(f"attention.self.{part}" for part in ("query", "key", "value")),
        *("attention.output.dense", "attention.output.LayerNorm"),
        *("intermediate.dense", "output.dense", "output.LayerNorm"),
    }
