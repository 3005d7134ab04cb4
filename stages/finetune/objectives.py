"""What training makes small: from a batch to its loss."""

from collections.abc import Callable
from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, kl_div, mse_loss

from stages.common.core.messages import UserError
from stages.common.model.batching import pool_windows
from stages.common.training.examples import IGNORED
from stages.common.training.loop import Objective
from stages.finetune.parameters import Finetune

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Likeness(NamedTuple):
    """How far a model's outputs are from what they should be, for each document or word: [rows, outputs] to [rows].

    Attributes:
        to_answers: From outputs and a teacher's, both divided by the temperature.
        to_truth: From outputs and the true ones.
    """

    to_answers: Loss
    to_truth: Loss


def of_classes(
    parameters: Finetune,
    targets: npt.NDArray[np.int64],
    classes: int,
    penalty: Callable[[], torch.Tensor] | None,
) -> Objective:
    """The mean cross-entropy over the targets that count, with what params.yaml adds to it.

    Smoothing is that of Szegedy et al. (2016). With R-Drop (Liang et al. 2021, arXiv 2106.14448) each batch is computed
    twice, with other dropout; the loss is the mean of both, plus ``r_drop`` times the mean of the two Kullback-Leibler
    divergences.

    Args:
        parameters: The section ``finetune`` of params.yaml.
        targets: Those of all training documents, one after the other, which balanced class weights are made from.
        classes: How many there are.
        penalty: Gives what is added to every loss.

    Returns:
        A function of the model, a batch and its targets (the index of each true label, or ``IGNORED``, int64,
        [documents] or [windows, tokens]) that gives the loss in nats, a scalar in float32.
    """
    label_smoothing, r_drop, class_weights = parameters.label_smoothing, parameters.r_drop, None
    if parameters.class_weights == "balanced":
        class_weights = balanced_weights(targets, classes)

    def entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        weights = None if class_weights is None else class_weights.to(logits.device)
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, -2),
            targets.flatten(),
            weight=weights,
            ignore_index=IGNORED,
            reduction="mean" if weights is None else "sum",
            label_smoothing=label_smoothing,
        )
        return loss if weights is None else loss / counted(targets)

    def objective(model: nn.Module, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        if r_drop:
            once = compute_logits(model, _twice(batch), torch.cat([targets, targets]))
            one, other = once.chunk(2)
            loss = (entropy(one, targets) + entropy(other, targets)) / 2 + r_drop * _divergence(one, other, targets)
        else:
            loss = entropy(compute_logits(model, batch, targets), targets)
        return loss if penalty is None else loss + penalty()

    return objective


def compute_logits(model: nn.Module, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
    """The logits in float32: one row a document, whose windows are averaged, or one row a token."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "document"}
    logits: torch.Tensor = model(**inputs).logits.float()
    return pool_windows(logits, batch.get("document")) if targets.ndim == 1 else logits


def counted(targets: torch.Tensor) -> int:
    """How many targets count: what the mean over a part of a batch weighs in the mean over all of it."""
    return int((targets != IGNORED).sum())


def balanced_weights(targets: npt.NDArray[np.int64], classes: int) -> torch.Tensor:
    """Weights by which all classes count alike, scikit-learn's; a class that does not occur has 1.

    Args:
        targets: Indices of classes.
        classes: How many classes there are.
    """
    present = np.unique(targets)
    weights = np.ones(classes)
    weights[present] = compute_class_weight("balanced", classes=present, y=targets)
    return torch.from_numpy(weights.astype(np.float32))


def of_outputs(loss: Loss, penalty: Callable[[], torch.Tensor] | None) -> Objective:
    """The mean of a loss over all outputs of all documents.

    Args:
        loss: Of outputs and targets, both [documents, outputs].
        penalty: Gives what is added to every loss.
    """

    def objective(model: nn.Module, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        inputs = {name: tensor for name, tensor in batch.items() if name != "document"}
        pooled = pool_windows(model(**inputs).logits.float(), batch.get("document"))
        mean = loss(pooled, targets)
        return mean if penalty is None else mean + penalty()

    return objective


def of_answers(likeness: Likeness, temperature: float, truth_share: float, of_tokens: bool) -> Objective:
    """How far a student is from its teacher's answers, and from the truth where it is known (Hinton et al. 2015).

    The distance of outputs divided by a temperature counts its square, so that the gradient stays as large.

    Args:
        likeness: What tells how far.
        temperature: What outputs are divided by.
        truth_share: How much the truth counts where it is known; the answers count the rest.
        of_tokens: Whether each token has targets of its own.

    Returns:
        A function of the student, a batch and its targets, float32, [documents, 2, outputs] or [windows, tokens, 2,
        outputs]: the teacher's outputs (NaN for a token that does not count), then the true ones (NaN where they are
        not known). It gives the mean over the documents or tokens that count.
    """

    def objective(model: nn.Module, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        inputs = {name: tensor for name, tensor in batch.items() if name != "document"}
        logits = model(**inputs).logits.float()
        logits = logits.flatten(0, 1) if of_tokens else pool_windows(logits, batch.get("document"))
        answers, truth = targets.flatten(0, -3).unbind(1)
        counts = ~answers[:, 0].isnan()
        logits, answers, truth = logits[counts], answers[counts], truth[counts]
        losses = likeness.to_answers(logits / temperature, answers / temperature) * temperature**2
        known = ~truth[:, 0].isnan()
        if truth_share and known.any():
            share = truth_share * known
            losses = losses * (1 - share) + likeness.to_truth(logits, truth.nan_to_num()) * share
        return losses.sum() / max(1, len(losses))

    return objective


def _softmax_to_answers(outputs: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """The Kullback-Leibler divergence of the softmax of outputs from that of answers, in nats."""
    return kl_div(outputs.log_softmax(-1), answers.log_softmax(-1), reduction="none", log_target=True).sum(-1)


def _softmax_to_truth(outputs: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    return cross_entropy(outputs, shares, reduction="none")


def _sigmoid_to_answers(outputs: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """The mean over outputs of the Kullback-Leibler divergence of each one's sigmoid, in nats."""
    shares = answers.sigmoid()
    least = binary_cross_entropy_with_logits(answers, shares, reduction="none")
    return (binary_cross_entropy_with_logits(outputs, shares, reduction="none") - least).mean(-1)


def _sigmoid_to_truth(outputs: torch.Tensor, sets: torch.Tensor) -> torch.Tensor:
    return binary_cross_entropy_with_logits(outputs, sets, reduction="none").mean(-1)


def _squares(outputs: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return mse_loss(outputs, wanted, reduction="none").mean(-1)


ONE_OF_ALL = Likeness(_softmax_to_answers, _softmax_to_truth)  # outputs of which one is true
EACH_ALONE = Likeness(_sigmoid_to_answers, _sigmoid_to_truth)  # outputs any of which are true
NUMBERS = Likeness(_squares, _squares)


def check_plain(parameters: Finetune, what: str) -> None:
    """Refuses parameters that go with one class a document or word only.

    Raises:
        UserError: If one is set.
    """
    off = {"label_smoothing": 0.0, "class_weights": "none", "r_drop": 0.0}
    for name, value in off.items():
        if getattr(parameters, name) != value:
            raise UserError(f"params.yaml: finetune.{name} does not go with {what}.", f"Set it to {value}.")


def has_no_shares(*_: object) -> NoReturn:
    """Refuses soft labels for a task whose answers are not one label.

    Raises:
        UserError: Always.
    """
    raise UserError("params.yaml: finetune.soft_labels goes with one label a document.", "Set it to false.")


def mean_cross_entropy(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    """The mean cross-entropy in nats, in float64; logits [documents or words, outputs], targets their indices."""
    return torch.nn.functional.cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(targets)).item()


def _twice(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    doubled = {name: torch.cat([tensor, tensor]) for name, tensor in batch.items()}
    if "document" in batch:
        doubled["document"][len(batch["document"]) :] += batch["document"].max() + 1
    return doubled


def _divergence(one: torch.Tensor, other: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean over the targets that count of the symmetrical Kullback-Leibler divergence of two predictions."""
    counts = (targets != IGNORED).unsqueeze(-1)
    left, right = one.log_softmax(-1), other.log_softmax(-1)
    both = ((left.exp() - right.exp()) * (left - right)) / 2  # (KL(l, r) + KL(r, l)) / 2, summed over labels below
    return (both * counts).sum() / counted(targets)
