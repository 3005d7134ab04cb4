"""finetune.method contrastive: the encoder learns which documents are alike, then logistic regression tells the labels.

The way of Tunstall et al. (2022, SetFit, arXiv 2209.11055), made for few labelled documents. A step takes pairs of
documents with one label and compares all documents of these pairs with one another, each of which is encoded once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.core.seeding import generator
from stages.common.model.batching import Rows, budgeted_batches, make_batch, pool_windows
from stages.common.model.mean_pooling import set_head
from stages.common.model.scorer import BATCH_TOKENS, outputs_of
from stages.common.training.checkpoints import say
from stages.common.training.examples import Examples
from stages.common.training.loop import Objective
from stages.common.training.selection import Logits, Metrics, Validation
from stages.finetune.parameters import Finetune

HEAD_C = 1.0  # inverse strength of the head's L2 penalty, scikit-learn's and SetFit's own
NEVER = 30.0  # how far below the others the logit of a label lies that no training document has

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pairs(Examples):
    """Training documents of which a step takes pairs.

    Attributes:
        pairs: The rows of the two documents of each pair, which have one label, [pairs, 2].
    """

    pairs: Rows = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The tokens of each pair's longer document, [pairs]: what batches are sorted by."""
        return np.asarray(self.tokens.lengths[self.pairs].max(axis=1))

    def counted(self, rows: Rows) -> int:
        """How many pairs there are."""
        return len(rows)

    def real_tokens(self, rows: Rows) -> int:
        """The tokens of the documents of some pairs, each document once."""
        return int(self.tokens.lengths[np.unique(self.pairs[rows])].sum())

    def batch(
        self, rows: Rows, tokenizer: PreTrainedTokenizerBase, device: torch.device
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """The model's inputs for the documents of some pairs, each document once, and their labels, [documents]."""
        return super().batch(np.unique(self.pairs[rows]), tokenizer, device)


class Contrast(NamedTuple):
    """What the training loop takes for contrastive training.

    Attributes:
        examples: The training documents in pairs.
        objective: The loss.
        selection: The validation, before which the head is fitted anew.
    """

    examples: Pairs
    objective: Objective
    selection: Validation


def contrast(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    selection: Validation,
    parameters: Finetune,
    labels: Sequence[str],
) -> Contrast:
    """Readies a model with mean pooling for contrastive training.

    Args:
        model: The model (see :mod:`stages.common.model.mean_pooling`).
        tokenizer: Its tokenizer.
        examples: The training documents, each with one label.
        selection: The validation of the model as it is.
        parameters: The section ``finetune`` of params.yaml.
        labels: The names of the labels.

    Raises:
        UserError: If the documents have no labels that could be contrasted, or a parameter does not go with it.
    """
    _check(examples, parameters)
    counts = np.bincount(examples.targets, minlength=len(labels))
    singles = [label for label, count in zip(labels, counts, strict=True) if count == 1]
    if singles:
        named = ", ".join(map(repr, singles))
        say(f"one training document only has the label {named}: it has no pair and is only told apart from others")
    pairs = pairs_within(examples.targets, parameters.contrastive.pairs, parameters.seed)
    of_pairs = Pairs(**{part.name: getattr(examples, part.name) for part in fields(examples)}, pairs=pairs)

    def run() -> tuple[Metrics, Logits]:
        fit_head(model, embed_as_trained(model, tokenizer, examples), examples.targets, parameters.class_weights)
        return selection.run()

    return Contrast(of_pairs, _objective(parameters), replace(selection, run=run))


def pairs_within(targets: npt.NDArray[np.int64], per_document: int, seed: int) -> Rows:
    """Draws pairs of different documents with one label, no pair twice.

    A class of n documents has n (n - 1) / 2 pairs. They are never listed: what is drawn are numbers of pairs. A class
    with one document gives it alone.

    Args:
        targets: The label of each document, [documents].
        per_document: In how many pairs a document is, on average, at most.
        seed: Decides which ones.

    Returns:
        The documents' rows, the lower one first, [pairs, 2].
    """
    found = []
    for label in np.unique(targets):
        members = np.flatnonzero(targets == label)
        if len(members) == 1:
            found.append(np.repeat(members, 2)[None])
            continue
        possible = math.comb(len(members), 2)
        wanted = min(possible, -(-len(members) * per_document // 2))
        numbers = np.array(sorted(generator(seed, "pairs", int(label)).sample(range(possible), wanted)), dtype=np.int64)
        found.append(members[_decoded(numbers)])
    return np.concatenate(found)


def embed_as_trained(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, examples: Examples) -> Vectors:
    """What the head reads of each training document, without dropout, [documents, hidden size]."""
    vectors = np.zeros((len(examples.tokens.lengths), model.config.hidden_size), dtype=np.float32)
    was_training = model.training
    model.train(False)
    with torch.inference_mode():
        for rows in budgeted_batches(examples.tokens.lengths, BATCH_TOKENS):
            batch = make_batch(examples.tokens, rows, tokenizer, model.device)
            vectors[rows] = _states(model, batch).cpu().numpy()
    model.train(was_training)
    return vectors


def fit_head(model: PreTrainedModel, states: Vectors, targets: npt.NDArray[np.int64], class_weights: str) -> None:
    """Sets a model's head to the logistic regression of labels on states of length 1.

    Args:
        model: The model.
        states: What its head reads of each training document, [documents, hidden size].
        targets: The documents' labels, [documents].
        class_weights: Whether rare labels count more: ``none`` or ``balanced``.
    """
    length = math.sqrt(states.shape[1])  # of a state whose values have mean 0 and variance 1
    regression = LogisticRegression(
        C=HEAD_C, max_iter=1000, class_weight="balanced" if class_weights != "none" else None
    )
    with threadpool_limits(limits=1):  # another number of threads changes the last digits of the weights
        regression.fit(states.astype(np.float64) / length, targets)
    coefficients, intercepts = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn has one row: the second label's logit over the first one's
        coefficients, intercepts = (np.concatenate([-half, half]) for half in (coefficients / 2, intercepts / 2))
    outputs = len(outputs_of(model))
    weights, bias = np.zeros((outputs, states.shape[1])), np.full(outputs, intercepts.min() - NEVER)
    weights[regression.classes_], bias[regression.classes_] = coefficients / length, intercepts
    set_head(model, weights, bias)


def cosine_loss(vectors: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """How far cosines are from 1 for documents with one label and from 0 for others, squared (SetFit's loss).

    The two kinds count alike, however many there are of each.

    Args:
        vectors: Of length 1, [documents, hidden size].
        targets: The documents' labels, [documents].
    """
    upper = torch.triu_indices(len(targets), len(targets), 1, device=targets.device)
    cosines = (vectors @ vectors.T)[upper[0], upper[1]]
    same = targets[upper[0]] == targets[upper[1]]
    errors = (cosines - same.to(cosines.dtype)) ** 2
    kinds = [errors[kind].mean() for kind in (same, ~same) if kind.any()]
    return torch.stack(kinds).mean() if kinds else vectors.sum() * 0


def supervised_loss(vectors: torch.Tensor, targets: torch.Tensor, temperature: float) -> torch.Tensor:
    """The supervised contrastive loss (Khosla et al. 2020, arXiv 2004.11362, equation 2), in nats.

    Args:
        vectors: Of length 1, [documents, hidden size].
        targets: The documents' labels, [documents].
        temperature: What cosines are divided by.
    """
    itself = torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    likeness = (vectors @ vectors.T / temperature).masked_fill(itself, -math.inf)
    logarithms = likeness.log_softmax(dim=1).masked_fill(itself, 0.0)
    same = (targets[:, None] == targets[None]) & ~itself
    paired = same.any(dim=1)
    if not paired.any():
        return vectors.sum() * 0
    of_each = (logarithms * same).sum(dim=1)[paired] / same.sum(dim=1)[paired]
    return -of_each.mean()


def _objective(parameters: Finetune) -> Objective:
    settings = parameters.contrastive

    def objective(model: nn.Module, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        vectors = nn.functional.normalize(_states(model, batch), dim=1)
        if settings.loss == "cosine":
            return cosine_loss(vectors, targets)
        return supervised_loss(vectors, targets, settings.temperature)

    return objective


def _states(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """What the head reads, in float32; of documents in several windows the mean, [documents, hidden size]."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "document"}
    states: torch.Tensor = model(**inputs, output_hidden_states=True).hidden_states[-1][:, 0].float()
    return pool_windows(states, batch.get("document"))


def _decoded(numbers: npt.NDArray[np.int64]) -> Rows:
    """The pairs with some numbers, in the order (0, 1), (0, 2), (1, 2), (0, 3), ...: [pairs, 2]."""
    higher = ((1 + np.sqrt(1 + 8 * numbers.astype(np.float64))) / 2).astype(np.int64)
    higher -= higher * (higher - 1) // 2 > numbers  # the root was rounded up
    higher += (higher + 1) * higher // 2 <= numbers  # or down
    return np.stack([numbers - higher * (higher - 1) // 2, higher], axis=1)


def _check(examples: Examples, parameters: Finetune) -> None:
    """Refuses what cannot be contrasted."""
    if examples.of_tokens or examples.targets.ndim != 1 or examples.targets.dtype.kind != "i":
        raise UserError(
            "params.yaml: finetune.method: contrastive goes with one label a document.", "Choose another method."
        )
    off = {"label_smoothing": 0.0, "r_drop": 0.0, "micro_batch_size": None}
    for name, value in off.items():
        if getattr(parameters, name) != value:
            wanted = "null" if value is None else value
            raise UserError(
                f"params.yaml: finetune.{name} does not go with method contrastive.", f"Set it to {wanted}."
            )
