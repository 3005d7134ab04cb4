"""The trainings of a run of the stage, one after the other."""

from typing import Any

import pandas as pd

from stages.common.training.checkpoints import Checkpoints
from stages.common.training.loop import Log
from stages.finetune.distillation import learn_answers
from stages.finetune.training import Lessons, Ready, Trained
from stages.finetune.unlabelled import learn_texts


def learn(
    first: Ready, lessons: Lessons, texts: pd.DataFrame | None, checkpoints: Checkpoints, log: Log
) -> tuple[Trained, dict[str, Any]]:
    """Trains a model, and those that learn from it: from its labels of texts without one, then a student.

    Args:
        first: The model.
        lessons: What the trainings share.
        texts: The table of data/unlabelled; None where nothing is to be learnt from it.
        checkpoints: Of the first training.
        log: Takes a step's number and what is to be recorded for it; steps are counted over all trainings.

    Returns:
        The last model, with the costs of all trainings, and a record of the others for ``summary.json``.
    """
    said: dict[str, Any] = {}
    with lessons.kept:
        trained = lessons.trainer.fit(first, checkpoints, log)
        if texts is not None and lessons.parameters.unlabelled.method != "none":
            trained, said = learn_texts(trained, lessons, texts, log)
        if texts is not None and lessons.parameters.method == "distil":
            trained, of_student = learn_answers(trained, lessons, texts, log)
            said |= of_student
    return trained, said
