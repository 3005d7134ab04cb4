"""How the stage validates a model after each epoch."""

from typing import Any

import numpy as np
import pandas as pd

from stages.common.model.scorer import Logits, Scorer
from stages.common.tasks import task_of
from stages.common.training.selection import Metrics, Validation
from stages.finetune.tasks import FinetuneTask


def select_by_validation(
    scorer: Scorer, room: FinetuneTask, documents: pd.DataFrame, targets: Any, keeps_last: bool
) -> Validation:
    """Scores the validation documents as they will be scored ever after.

    Args:
        scorer: The model that is being trained.
        room: What its task brings.
        documents: The validation documents.
        targets: What :meth:`FinetuneTask.read_targets` gives for them.
        keeps_last: Whether the last epoch is kept, whatever they say.
    """
    task = task_of(scorer.inference)

    def run() -> tuple[Metrics, Logits]:
        logits = scorer.logits(documents, "validating")
        metrics = room.validation_metrics(logits, targets, scorer.inference)
        return metrics, np.concatenate(logits) if isinstance(logits, list) else logits

    return Validation(run, task.headline, task.higher_is_better, room.CURVES, keeps_last)
