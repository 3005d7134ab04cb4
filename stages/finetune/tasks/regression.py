"""Fine-tuning for texts with a number each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.stats import pearsonr, spearmanr
from transformers import PreTrainedTokenizerBase

from stages.common.core.messages import UserError
from stages.common.model.answers import values
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.training.examples import Examples
from stages.common.training.loop import Objective
from stages.common.training.selection import Metrics
from stages.finetune.examples import document_examples
from stages.finetune.objectives import NUMBERS, check_plain, has_no_shares, of_outputs
from stages.finetune.parameters import Finetune
from stages.finetune.tasks import Penalty

CURVES = ("mae", "rmse", "loss")
LIKENESS = NUMBERS
soften = has_no_shares

Numbers = npt.NDArray[np.float64]


def read_targets(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> Numbers:
    """The number of each document, [documents].

    Raises:
        UserError: If a document has none.
    """
    missing = documents.loc[~np.isfinite(documents["value"]), "id"]
    if len(missing):
        raise UserError(
            f"{where}: {len(missing)} documents have no number, the first is {missing.iloc[0]!r}.", "Remove them."
        )
    return documents["value"].to_numpy(dtype=np.float64)


def true_outputs(targets: Numbers, inference: Inference) -> npt.NDArray[np.float32]:
    """How many standard deviations each number is above the mean, [documents, 1]."""
    return ((targets - inference.centre) / inference.scale).astype(np.float32)[:, None]


def check_targets(targets: Numbers, outputs: Sequence[str], where: Path) -> None:
    """Makes sure that the numbers differ."""
    if targets.min() == targets.max():
        raise UserError(f"{where}: all documents have the number {targets[0]:g}.", "Use data with different numbers.")


def plan_inference(inference: Inference, targets: Numbers) -> Inference:
    """The mean and the standard deviation of the training documents: the model learns how far a number is from it."""
    return inference.model_copy(update={"centre": float(targets.mean()), "scale": float(targets.std())})


def starting_bias(targets: Numbers) -> None:
    """The outputs are left as they were drawn."""


def make_examples(
    documents: pd.DataFrame, targets: Numbers, tokenizer: PreTrainedTokenizerBase, inference: Inference, where: Path
) -> Examples:
    """Tokenises the training documents; see :func:`stages.finetune.examples.document_examples`."""
    return document_examples(documents, true_outputs(targets, inference), tokenizer, inference, where)


def make_objective(
    parameters: Finetune,
    targets: Numbers,
    outputs: Sequence[str],
    penalty: Penalty | None,
) -> Objective:
    """The mean squared error, in squared standard deviations of the training documents' numbers.

    Raises:
        UserError: If a parameter is set that goes with labels only.
    """
    check_plain(parameters, "documents with a number")
    return of_outputs(torch.nn.functional.mse_loss, penalty)


def validation_metrics(logits: Logits | list[Logits], targets: Numbers, inference: Inference) -> Metrics:
    """Compares predicted with true numbers.

    Returns:
        The mean absolute error and the root mean squared error in the numbers' own unit, Pearson's and Spearman's
        correlation (0 where all predictions are the same), and the loss, as training has it.
    """
    predicted = values(np.asarray(logits), inference)
    error = predicted - targets
    varied = bool(np.isfinite(predicted).all() and predicted.min() < predicted.max())
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "pearson": float(pearsonr(predicted, targets).statistic) if varied else 0.0,
        "spearman": float(spearmanr(predicted, targets).statistic) if varied else 0.0,
        "loss": float(((error / inference.scale) ** 2).mean()),
    }


def calibrate(logits: Logits, targets: Numbers, inference: Inference) -> Inference:
    """The record as it is: a number needs no temperature."""
    return inference
