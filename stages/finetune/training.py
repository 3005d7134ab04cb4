"""One training of the stage: a model, what it learns, and how it is validated."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from accelerate import Accelerator
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.model.inference import Inference
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.common.training.checkpoints import Checkpoints
from stages.common.training.examples import Examples
from stages.common.training.loop import Log, Objective, Outcome, train
from stages.common.training.methods import Method, prepare
from stages.common.training.selection import Validation
from stages.finetune.contrastive import contrast
from stages.finetune.parameters import Finetune
from stages.finetune.tasks import FinetuneTask
from stages.finetune.validation import select_by_validation


class Ready(NamedTuple):
    """A model that is ready to be trained.

    Attributes:
        parameters: How.
        examples: What it learns.
        method: The model, and what is saved of it.
        scorer: It, ready to answer.
        selection: Its validation.
        objective: The loss.
    """

    parameters: Finetune
    examples: Examples
    method: Method
    scorer: Scorer
    selection: Validation
    objective: Objective


class Trained(NamedTuple):
    """A model that was trained: as it was made ready, and how its training went."""

    ready: Ready
    outcome: Outcome


@dataclass(frozen=True)
class Trainer:
    """Trains models on one dataset.

    Attributes:
        room: What the task brings.
        tokenizer: The models' tokenizer.
        inference: How they read documents.
        validation: The validation documents.
        truth: Their targets.
        accelerator: Where it is computed.
    """

    room: FinetuneTask
    tokenizer: PreTrainedTokenizerBase
    inference: Inference
    validation: pd.DataFrame
    truth: Any
    accelerator: Accelerator

    def ready(self, model: PreTrainedModel, examples: Examples, targets: Any, parameters: Finetune) -> Ready:
        """Makes a model ready.

        Args:
            model: A pretrained one with a head.
            examples: What it learns.
            targets: What the task read of the documents that they were made of.
            parameters: How to train.

        Raises:
            UserError: If a parameter does not go with the model or the task.
        """
        inference = self.inference
        method = prepare(model, parameters, task_of(inference).head, len(examples.tokens.lengths))
        scorer = Scorer(method.model, self.tokenizer, inference)
        selection = select_by_validation(scorer, self.room, self.validation, self.truth, parameters.keeps_last)
        objective = self.room.make_objective(parameters, targets, inference.outputs, method.penalty)
        return Ready(parameters, examples, method, scorer, selection, objective)

    def fit(self, ready: Ready, checkpoints: Checkpoints, log: Log) -> Trained:
        """Trains a model.

        Args:
            ready: The model.
            checkpoints: Where the training goes on from, and leaves its checkpoints.
            log: Takes a step's number and what is to be recorded for it.
        """
        parameters, examples, method, _, selection, objective = ready
        examples = method.precompute(examples, self.tokenizer, self.accelerator.device)
        if parameters.method == "contrastive":
            labels = self.inference.outputs
            learnt = contrast(method.model, self.tokenizer, examples, selection, parameters, labels)
            examples, objective, selection = learnt
        outcome = train(
            method.model,
            self.tokenizer,
            examples,
            objective,
            selection,
            parameters,
            self.accelerator,
            checkpoints,
            log,
        )
        return Trained(ready._replace(examples=examples), outcome)
