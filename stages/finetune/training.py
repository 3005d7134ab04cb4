"""The trainings of the stage: a model, what it learns, and how it is validated."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from accelerate import Accelerator
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.seeding import derived_seed
from stages.common.model.device import compute_alike
from stages.common.model.inference import Inference
from stages.common.model.loading import Head, load_pretrained
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.common.training.architecture import keep_layers
from stages.common.training.checkpoints import Checkpoints
from stages.common.training.examples import Examples
from stages.common.training.loop import Log, Objective, Outcome, train
from stages.common.training.methods import Method, prepare
from stages.common.training.selection import Validation
from stages.finetune.contrastive import contrast
from stages.finetune.parameters import Finetune
from stages.finetune.tasks import FinetuneTask
from stages.finetune.validation import select_by_validation


def start(
    folder: Path, outputs: Sequence[str], head: Head, parameters: Finetune
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model that is to be trained, with the layers that params.yaml names, and its tokenizer.

    Args:
        folder: Its weights.
        outputs: The names of its outputs.
        head: Whether it has one row of outputs a document, or one a word.
        parameters: How it is to be trained.
    """
    model, tokenizer = load_pretrained(folder, outputs, parameters.dropout, head)
    if parameters.layers:
        keep_layers(model, parameters.layers)
    return model, tokenizer


def then(before: Outcome, after: Outcome) -> Outcome:
    """What a training came to, with the costs of those before it; its epochs are counted on from theirs."""
    costs = ("epochs", "steps", "real_tokens", "computed_tokens", "seconds")
    summed = {name: getattr(before, name) + getattr(after, name) for name in costs}
    return replace(after, best_epoch=before.epochs + after.best_epoch, **summed)


def counted_on(steps: int, log: Log) -> Log:
    """Counts a training's steps on from those of the trainings before it."""
    return lambda step, values: log(steps + step, values)


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

    def ready(
        self,
        model: PreTrainedModel,
        examples: Examples,
        targets: Any,
        parameters: Finetune,
        objective: Objective | None = None,
    ) -> Ready:
        """Makes a model ready.

        Args:
            model: A pretrained one with a head.
            examples: What it learns.
            targets: What the task read of the documents that they were made of.
            parameters: How to train.
            objective: The loss; None for the task's own.

        Raises:
            UserError: If a parameter does not go with the model or the task.
        """
        inference = self.inference
        method = prepare(model, parameters, task_of(inference).head, len(examples.tokens.lengths))
        scorer = Scorer(method.model, self.tokenizer, inference)
        selection = select_by_validation(scorer, self.room, self.validation, self.truth, parameters.keeps_last)
        if objective is None:
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


@dataclass(frozen=True)
class Lessons:
    """What the trainings of one run share, of which each but the first learns from the model before it.

    Attributes:
        trainer: Trains models.
        parameters: The section ``finetune`` of params.yaml.
        training: The training documents.
        targets: What the task read of them.
        pretrained: The folder of the encoder before any training.
        keep: Opens the checkpoints of a training by its key.
        key: Of the first training.
        kept: Holds the checkpoints of all trainings until the last one is through: a killed run makes those before
            again from theirs, and comes to the same model to learn from.
    """

    trainer: Trainer
    parameters: Finetune
    training: pd.DataFrame
    targets: Any
    pretrained: Path
    keep: Callable[[str], AbstractContextManager[Checkpoints]]
    key: str
    kept: ExitStack

    def seed(self, *names: str | int) -> None:
        """Lets what is drawn from now on depend on the seed and the names of a training alone."""
        parameters = self.parameters
        compute_alike(derived_seed(parameters.seed, *names) % 2**32, parameters.thread_count)

    def start(self, parameters: Finetune) -> PreTrainedModel:
        """A pretrained model that is to be trained by some parameters."""
        inference = self.trainer.inference
        return start(self.pretrained, inference.outputs, task_of(inference).head, parameters)[0]

    def train(self, ready: Ready, name: str | int, log: Log) -> Trained:
        """Trains a model that is ready.

        Args:
            ready: The model.
            name: Tells the training from the others of this run.
            log: Takes a step's number, within this training, and what is to be recorded for it.
        """
        return self.trainer.fit(ready, self.kept.enter_context(self.keep(f"{self.key}-{name}")), log)
