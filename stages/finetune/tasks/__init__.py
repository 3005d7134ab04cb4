"""What a task brings to fine-tuning: one file each, with the functions of :class:`FinetuneTask`."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.tasks import Task
from stages.common.training.examples import Examples
from stages.common.training.loop import Objective
from stages.common.training.selection import Metrics
from stages.finetune.objectives import Likeness
from stages.finetune.parameters import Finetune

Penalty = Callable[[], torch.Tensor]


class FinetuneTask(Protocol):
    """What each file of this folder holds; ``targets`` are in the file's own form and handed to its other functions."""

    CURVES: Sequence[str]  # the validation metrics that are recorded after each epoch
    LIKENESS: Likeness  # how far a student is from its teacher

    def read_targets(self, documents: pd.DataFrame, labels: Sequence[str], where: Path) -> Any:
        """What the model should give for each document.

        Args:
            documents: A document table with one row or more.
            labels: The names of the labels.
            where: The table's file, for messages.

        Raises:
            UserError: If a document has no answer, or an unknown one.
        """

    def soften(self, targets: Any, documents: pd.DataFrame, consensus: pd.DataFrame) -> Any:
        """The targets of documents whose answer people disagreed about, by how likely they make each label.

        Args:
            targets: What :meth:`read_targets` made of the documents.
            documents: The training documents.
            consensus: The table of :mod:`stages.common.documents.consensus`.

        Raises:
            UserError: If the task's answers have no probabilities.
        """

    def true_outputs(self, targets: Any, inference: Inference) -> Sequence[npt.NDArray[np.float32]]:
        """The outputs that the model should give for each document, [outputs], or [words, outputs]."""

    def check_targets(self, targets: Any, outputs: Sequence[str], where: Path) -> None:
        """Makes sure that the training documents have something to tell apart.

        Raises:
            UserError: If they have not.
        """

    def plan_inference(self, inference: Inference, targets: Any) -> Inference:
        """Completes the record that training and answering go by, from the training documents."""

    def starting_bias(self, targets: Any) -> npt.NDArray[np.float32] | None:
        """What the model's outputs are before anything is learnt, [outputs]; None to leave them as they were drawn."""

    def make_examples(
        self,
        documents: pd.DataFrame,
        targets: Any,
        tokenizer: PreTrainedTokenizerBase,
        inference: Inference,
        where: Path,
    ) -> Examples:
        """Tokenises the training documents.

        Raises:
            UserError: If the tokenizer makes nothing of all of them.
        """

    def make_objective(
        self, parameters: Finetune, targets: Any, outputs: Sequence[str], penalty: Penalty | None
    ) -> Objective:
        """What training makes small.

        Raises:
            UserError: If a parameter does not go with the task.
        """

    def validation_metrics(self, logits: Logits | list[Logits], targets: Any, inference: Inference) -> Metrics:
        """Compares the logits of the validation documents with their targets; ``loss`` is one of the metrics."""

    def calibrate(self, logits: Logits, targets: Any, inference: Inference) -> Inference:
        """Completes the record by the best epoch's validation logits, [documents or words, outputs]."""


def finetune_task(task: Task) -> FinetuneTask:
    """The file of a task."""
    return cast(FinetuneTask, import_module(f"{__name__}.{task.module}"))
