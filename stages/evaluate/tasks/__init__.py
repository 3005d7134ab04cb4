"""What a task brings to the test: one file each, with the functions of :class:`EvaluateTask`."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import pandas as pd

from stages.common.model.scorer import Scorer
from stages.common.tasks import Task
from stages.evaluate.inputs import Inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import Compared, Evaluation


class EvaluateTask(Protocol):
    """What each file of this folder holds."""

    SHOWN: Sequence[str]  # the metrics in metrics.json, by which classifiers and runs are compared

    def check_documents(self, documents: pd.DataFrame, labels: Sequence[str], where: Path) -> None:
        """Makes sure that each document has an answer that the card knows.

        Args:
            documents: A split with one document or more.
            labels: The names of the labels.
            where: The split's file, for messages.

        Raises:
            UserError: If one has not.
        """

    def evaluate(self, inputs: Inputs, scorer: Scorer, parameters: EvaluateParameters) -> Evaluation:
        """Tests the encoder beside plainer methods.

        Args:
            inputs: The splits and what is known of them.
            scorer: The fine-tuned encoder.
            parameters: The section ``evaluate`` of params.yaml.

        Raises:
            UserError: If a plain method has nothing to learn from.
        """

    def are_predictions(self, table: pd.DataFrame) -> bool:
        """Whether a table is what :meth:`evaluate` makes of predictions."""

    def compare(self, one: pd.DataFrame, other: pd.DataFrame, parameters: EvaluateParameters) -> Compared:
        """Compares the predictions of two runs.

        Args:
            one: Predictions of the same documents in the same order as the other's, none missing.
            other: Likewise.
            parameters: The section ``evaluate`` of params.yaml: resamples, confidence, seed.
        """


def evaluate_task(task: Task) -> EvaluateTask:
    """The file of a task."""
    return cast(EvaluateTask, import_module(f"{__name__}.{task.module}"))
