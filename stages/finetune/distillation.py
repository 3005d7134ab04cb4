"""finetune.method distil: a smaller model, the student, learns what a larger one, the teacher, answers.

The way of Hinton et al. (2015, arXiv 1503.02531). The student begins as the teacher with some of its layers, as
DistilBERT does (Sanh et al. 2019, arXiv 1910.01108), and learns the teacher's outputs for training documents and for
texts without a label. The labels of training documents count beside them where ``finetune.distil.labels`` says so.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from transformers import PreTrainedModel

from stages.common.core.messages import UserError
from stages.common.documents.unlabelled import DOCUMENTS, UNLABELLED
from stages.common.model.mean_pooling import add_mean_pooling
from stages.common.model.scorer import Logits
from stages.common.tasks import task_of
from stages.common.training.architecture import encoder_layers, keep_layers
from stages.common.training.checkpoints import say
from stages.common.training.loop import Log
from stages.finetune.examples import document_examples, word_examples
from stages.finetune.objectives import of_answers
from stages.finetune.parameters import Finetune
from stages.finetune.training import Lessons, Trained, counted_on, then

TEXTS = UNLABELLED / DOCUMENTS
Outputs = Sequence[npt.NDArray[np.float32]]  # for each document [outputs], or [words, outputs]


def learn_answers(teacher: Trained, lessons: Lessons, texts: pd.DataFrame, log: Log) -> tuple[Trained, dict[str, Any]]:
    """Trains a student.

    Args:
        teacher: The trained model that it learns from.
        lessons: What the trainings share.
        texts: The table of data/unlabelled, which may have no row.
        log: Takes a step's number and what is to be recorded for it; steps are counted over all trainings.

    Returns:
        The student, with the costs of all trainings, and a record of it for ``summary.json``.
    """
    trainer, parameters = lessons.trainer, lessons.parameters
    settings, inference = parameters.distil, trainer.inference
    documents = pd.concat([lessons.training, texts], ignore_index=True)
    answers = teacher.ready.scorer.logits(documents, "asking the teacher")
    targets = beside(answers, trainer.room.true_outputs(lessons.targets, inference))
    of_tokens = task_of(inference).head == "word"
    if of_tokens:
        examples = word_examples(documents, targets, trainer.tokenizer, inference, TEXTS)
    else:
        examples = document_examples(documents, np.stack(targets), trainer.tokenizer, inference, TEXTS)
    lessons.seed("student")
    model, of_teacher = make_student(teacher, lessons)
    objective = of_answers(trainer.room.LIKENESS, settings.temperature, settings.labels, of_tokens)
    changes = {"method": "full", "early_stopping_patience": settings.epochs}
    how = parameters.after(settings.epochs, settings.learning_rate, **changes)
    ready = trainer.ready(model, examples, targets, how, objective)
    kept = ", ".join(map(str, parameters.layers))
    say(f"a student with layers {kept} of {of_teacher} learns what the teacher answers")
    student = lessons.train(ready, "student", counted_on(teacher.outcome.steps, log))
    record = {
        "teacher": {
            "method": teacher.ready.parameters.method,
            "layers": of_teacher,
            "parameters": teacher.ready.method.parameters,
            "validation": teacher.outcome.best,
        },
        "rows": len(documents),
        "texts": len(texts),
    }
    return student._replace(outcome=then(teacher.outcome, student.outcome)), {"distil": record}


def make_student(teacher: Trained, lessons: Lessons) -> tuple[PreTrainedModel, int]:
    """The teacher with the student's layers alone, and how many the teacher has.

    What method contrastive put on top, a layer that averages, stays on top and is no layer of the teacher's.
    """
    model = lessons.start(lessons.parameters.first)
    layers = len(encoder_layers(model))
    on_top = []
    if teacher.ready.parameters.method == "contrastive":
        add_mean_pooling(model)
        on_top = [layers + 1]
    model.load_state_dict(teacher.ready.method.plain_weights(teacher.outcome.weights))
    keep_layers(model, [*lessons.parameters.layers, *on_top])
    return model, layers


def plan_student(parameters: Finetune, model: PreTrainedModel) -> Finetune:
    """The parameters with the student's layers, where a student is to be trained.

    Args:
        parameters: The section ``finetune`` of params.yaml.
        model: The model of which it is to have some layers.

    Raises:
        UserError: If the model cannot do without the others.
    """
    if parameters.method != "distil":
        return parameters
    layers = parameters.layers or every_second(len(encoder_layers(model)))
    keep_layers(copy.deepcopy(model), layers)  # what cannot be is said before the teacher is trained
    return parameters.model_copy(update={"layers": layers})


def every_second(layers: int) -> list[int]:
    """Every second of some layers, the first among them.

    Raises:
        UserError: If there is one layer only.
    """
    if layers == 1:
        raise UserError(
            "params.yaml: finetune.method: distil leaves every second layer out, but the model has one layer.",
            "Choose another method or model.",
        )
    return list(range(1, layers + 1, 2))


def beside(answers: Logits | list[Logits], truth: Outputs) -> list[npt.NDArray[np.float32]]:
    """A teacher's outputs and the true ones, side by side.

    Args:
        answers: For each document [outputs] or [words, outputs].
        truth: The same for the first of them; the others have no label.

    Returns:
        For each document [2, outputs] or [words, 2, outputs], float32; the true ones are NaN where they are not known.
    """
    unknown = (np.full_like(answer, np.nan) for answer in answers[len(truth) :])
    return [np.stack(both, axis=-2) for both in zip(answers, [*truth, *unknown], strict=True)]
