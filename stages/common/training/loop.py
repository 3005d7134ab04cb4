"""The training loop."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import UserError, open_bar
from stages.common.model.batching import Rows
from stages.common.training.checkpoints import Checkpoints, say
from stages.common.training.examples import Examples
from stages.common.training.optimisation import make_optimiser, rate_share, set_rate
from stages.common.training.parameters import TrainingParameters
from stages.common.training.placement import parts_of_batch, prepare_model
from stages.common.training.selection import Logits, Metrics, Validation
from stages.common.training.snapshots import (
    Progress,
    Training,
    load_weights,
    random_state,
    restore,
    set_random_state,
    take,
    weights_of,
    whole,
)

Log = Callable[[int, Mapping[str, float]], None]
Objective = Callable[[nn.Module, dict[str, torch.Tensor], torch.Tensor], torch.Tensor]  # gives the loss of a batch


def log_nowhere(step: int, values: Mapping[str, float]) -> None:
    """What processes but the first one record."""


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        best_epoch: The epoch whose weights were kept, counted from 1.
        best: The validation metrics after it.
        logits: The logits they were made from, float32, [documents or words, outputs].
        epochs: How many epochs were run.
        steps: How many steps were run.
        real_tokens: Tokens of documents that were computed in training, over all epochs.
        computed_tokens: The same with padding.
        seconds: Time spent in training steps; validation is not counted.
        weights: The weights that were kept, whole and on the processor.
    """

    best_epoch: int
    best: Metrics
    logits: Logits
    epochs: int
    steps: int
    real_tokens: int
    computed_tokens: int
    seconds: float
    weights: dict[str, torch.Tensor]


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    objective: Objective,
    validation: Validation,
    parameters: TrainingParameters,
    accelerator: Accelerator,
    checkpoints: Checkpoints,
    log: Log,
) -> Outcome:
    """Trains a model and leaves it with the weights of its best epoch.

    The best epoch is the one with the best headline metric on the validation split, the earliest of equals. With
    several processes, each one calls this function with the same arguments.

    Args:
        model: The model, on the processor; it is moved to the accelerator's device.
        tokenizer: Its tokenizer.
        examples: The training documents.
        objective: Gives the loss of a batch.
        validation: Makes the validation metrics of the model as it is, and says which of them decides.
        parameters: How to train.
        accelerator: Where to compute, and in which number format.
        checkpoints: Where the training goes on from, and leaves its checkpoints.
        log: Takes a step's number and what is to be recorded for it.

    Raises:
        UserError: If the loss is no finite number any more, or a single document does not fit into the memory.
    """
    prepare_model(model, parameters, accelerator)
    optimiser = make_optimiser(
        model.to(accelerator.device), parameters.largest_rate, parameters.weight_decay, parameters.layer_decay
    )
    prepared, optimiser = accelerator.prepare(model, optimiser)
    lengths = examples.lengths
    steps_per_epoch = math.ceil(len(lengths) / parameters.rows_a_step)
    steps = parameters.most_epochs * steps_per_epoch
    micro_batch = min(parameters.micro_batch_size or parameters.rows_a_step, parameters.rows_a_step)
    training = Training(model, prepared, optimiser, Progress(micro_batch))
    checkpoint = checkpoints.newest()
    if checkpoint is not None:
        restore(checkpoint, training, accelerator)
        for step, values in training.progress.logged:
            log(step, values)
        if accelerator.is_main_process:
            say(f"goes on after step {training.progress.step} of {steps}, the last one that an earlier run kept")
    progress = training.progress
    best_epoch = validation.best_epoch(progress.history)

    def record(values: dict[str, float]) -> None:
        progress.logged.append((progress.step, values))
        log(progress.step, values)

    tokens_in_all = parameters.most_epochs * int(lengths.sum())
    first = accelerator.is_main_process
    with open_bar("training", "tokens", tokens_in_all, progress.real_tokens, scaled=True, shown=first) as bar:
        for epoch in range(1 + len(progress.history), parameters.most_epochs + 1):
            prepared.train()
            batches = examples.batches(parameters.rows_a_step, parameters.seed, epoch)
            for rows in batches[progress.step - steps_per_epoch * (epoch - 1) :]:
                started = time.perf_counter()
                step = progress.step + 1
                rate = parameters.largest_rate * rate_share(step, steps, parameters.warmup, parameters.schedule)
                set_rate(optimiser.param_groups, rate)
                loss, computed = _backpropagate(rows, examples, tokenizer, objective, training, accelerator)
                norm = whole(accelerator.clip_grad_norm_(model.parameters(), parameters.clip_norm)).item()
                overflown = not math.isfinite(norm) and accelerator.scaler is None  # a scaler skips such steps
                if overflown or not math.isfinite(loss):
                    what, value = ("gradient norm", norm) if math.isfinite(loss) else ("training loss", loss)
                    good = weights_of(model) if progress.step else {}
                    raise _stopped(what, value, step, epoch, checkpoints.keep(model, tokenizer, good))
                optimiser.step()
                optimiser.zero_grad()
                progress.step = step
                progress.real_tokens += examples.real_tokens(rows)
                progress.computed_tokens += computed
                record({"train/loss": loss, "train/learning_rate": rate})
                if _agreed(checkpoints.due(step), accelerator):
                    checkpoints.write(take(training, accelerator))
                progress.seconds += time.perf_counter() - started
                bar.update(int(lengths[rows].sum()))
            metrics, logits = validation.run()
            if not math.isfinite(metrics["loss"]):
                kept = checkpoints.keep(model, tokenizer, training.best)
                raise _stopped("validation loss", metrics["loss"], progress.step, epoch, kept)
            record({f"validation/{name}": metrics[name] for name in validation.curves})
            progress.history.append(metrics)
            best_epoch = validation.best_epoch(progress.history)
            if best_epoch == epoch:
                training.best, training.best_logits = weights_of(model), torch.from_numpy(logits)
            if first:
                say(_epoch_line(epoch, best_epoch, parameters.most_epochs, progress, validation))
            if epoch - best_epoch >= parameters.early_stopping_patience:
                break
            if _agreed(checkpoints.overdue(), accelerator):  # validation may take long, too
                checkpoints.write(take(training, accelerator))
    load_weights(model, training.best)
    return Outcome(
        best_epoch,
        progress.history[best_epoch - 1],
        training.best_logits.numpy(),
        len(progress.history),
        progress.step,
        progress.real_tokens,
        progress.computed_tokens,
        progress.seconds,
        training.best,
    )


def _backpropagate(
    rows: Rows,
    examples: Examples,
    tokenizer: PreTrainedTokenizerBase,
    objective: Objective,
    training: Training,
    accelerator: Accelerator,
) -> tuple[float, int]:
    """Adds up the gradient of a batch's loss, in as many parts as the memory asks for.

    A part's mean counts as much as targets count in it, so the sum is the mean over the batch, however it was cut.

    Returns:
        The loss over the whole batch, and the tokens that were computed, padding included, over all processes.
    """
    progress, device, processes = training.progress, accelerator.device, accelerator.num_processes
    total = max(1, examples.counted(rows))
    before = random_state(device)
    while True:
        parts = parts_of_batch(len(rows), progress.micro_batch, accelerator.process_index, processes)
        losses, computed = [], 0
        try:
            for part in parts:
                there = part if len(part) else np.zeros(1, dtype=np.int64)  # every process computes something
                batch, targets = examples.batch(rows[there], tokenizer, device)
                share = examples.counted(rows[part]) / total * processes  # DDP and FSDP take the mean over processes
                with nullcontext() if part is parts[-1] else accelerator.no_sync(training.prepared):
                    loss = objective(training.prepared, batch, targets) * share
                    accelerator.backward(loss)
                losses.append(loss.detach())
                computed += batch["input_ids"].numel() if len(part) else 0
            summed = torch.stack(losses).sum() / processes
            totals = accelerator.reduce(torch.stack([summed, torch.tensor(computed).to(summed)]), "sum")
            return totals[0].item(), int(totals[1].item())
        except RuntimeError as error:
            if not (isinstance(error, torch.OutOfMemoryError) or should_reduce_batch_size(error)):
                raise
            if progress.micro_batch == 1 or processes > 1:
                at_once = f"{progress.micro_batch} documents at once"
                mistake = UserError(
                    f"Out of memory on {device} at step {progress.step + 1} with {at_once}.",
                    "Lower finetune.micro_batch_size or max_length, or set finetune.gradient_checkpointing to true.",
                )
                if not accelerator.is_main_process:  # the others do not meet it
                    say(str(mistake))
                raise mistake from None
        progress.micro_batch = -(-progress.micro_batch // 2)
        at_once = f"{progress.micro_batch} documents at once, in as large batches as before"
        say(f"out of memory at step {progress.step + 1}, so it goes on with {at_once}")
        training.optimiser.zero_grad()
        clear_device_cache(garbage_collection=True)
        set_random_state(before, device)


def _agreed(wanted: bool, accelerator: Accelerator) -> bool:
    """Whether one of the processes wants it: what they do together, all do or none."""
    if accelerator.num_processes == 1:
        return wanted
    return bool(accelerator.reduce(torch.tensor(float(wanted), device=accelerator.device), "sum").item())


def _epoch_line(epoch: int, best_epoch: int, epochs: int, progress: Progress, validation: Validation) -> str:
    """What an epoch came to, in one line."""
    begun = progress.step * (epoch - 1) // epoch  # all epochs have as many steps
    losses = [values["train/loss"] for step, values in progress.logged if step > begun and "train/loss" in values]
    metrics = progress.history[-1]
    shown = dict.fromkeys([validation.headline, *validation.curves, "loss"])
    listed = ", ".join(f"{name} {metrics[name]:.4f}" for name in shown)
    best = "the best so far" if epoch == best_epoch else f"epoch {best_epoch} is better"
    return f"epoch {epoch} of {epochs}: training loss {sum(losses) / len(losses):.4f}; validation {listed}; {best}"


def _stopped(what: str, value: float, step: int, epoch: int, kept: Path | None) -> UserError:
    return UserError(
        f"The {what} is {value} at step {step} (epoch {epoch}), so the training was stopped."
        + (f" The last good weights are in {kept}." if kept else ""),
        "Lower finetune.learning_rate or finetune.clip_norm, or set finetune.precision to fp32.",
    )
