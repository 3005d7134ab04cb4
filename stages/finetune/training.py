"""The training loop."""

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.encoder.batching import bucketed_batches
from stages.common.messages import UserError
from stages.finetune.examples import Examples
from stages.finetune.figures import CURVES, Figures, headline
from stages.finetune.objectives import Objective
from stages.finetune.optimisation import make_optimiser, rate_share, set_rate
from stages.finetune.parameters import Finetune

Log = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        best_epoch: The epoch whose weights were kept, counted from 1.
        best: The validation figures after it.
        epochs: How many epochs were run.
        steps: How many steps were run.
        real_tokens: Tokens of documents that were computed in training, over all epochs.
        computed_tokens: The same with padding.
        seconds: Time spent in training steps; validation is not counted.
    """

    best_epoch: int
    best: Figures
    epochs: int
    steps: int
    real_tokens: int
    computed_tokens: int
    seconds: float


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    objective: Objective,
    validate: Callable[[], Figures],
    parameters: Finetune,
    accelerator: Accelerator,
    log: Log,
) -> Outcome:
    """Trains a model and leaves it with the weights of its best epoch.

    The best epoch is the one with the highest validation macro F1 (of entities: F1); the earliest of equals.

    Args:
        model: The model, on the processor; it is moved to the accelerator's device.
        tokenizer: Its tokenizer.
        examples: The training documents.
        objective: Gives the loss of a batch.
        validate: Makes the validation figures of the model as it is.
        parameters: The section ``finetune`` of params.yaml.
        accelerator: Where to compute, and in which number format.
        log: Takes a step's number and what is to be recorded for it.

    Raises:
        UserError: If the loss is no finite number any more.
    """
    optimiser = make_optimiser(
        model.to(accelerator.device), parameters.largest_rate, parameters.weight_decay, parameters.layer_decay
    )
    prepared, optimiser = accelerator.prepare(model, optimiser)
    lengths = examples.tokens.lengths
    steps = parameters.epochs * math.ceil(len(lengths) / parameters.batch_size)
    step = real = computed = 0
    seconds = 0.0
    history: list[Figures] = []
    weights: dict[str, torch.Tensor] = {}
    with tqdm(
        total=parameters.epochs * int(lengths.sum()),
        desc="training",
        unit=" tokens",
        unit_scale=True,
        disable=None,
        file=sys.stderr,
        leave=False,
    ) as bar:
        for epoch in range(1, parameters.epochs + 1):
            started = time.perf_counter()
            prepared.train()
            for rows in bucketed_batches(lengths, parameters.batch_size, parameters.seed, epoch):
                step += 1
                rate = parameters.largest_rate * rate_share(step, steps, parameters.warmup, parameters.schedule)
                set_rate(optimiser.param_groups, rate)
                batch, targets = examples.batch(rows, tokenizer, accelerator.device)
                loss = objective(prepared, batch, targets)
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(model.parameters(), parameters.clip_norm)
                optimiser.step()
                optimiser.zero_grad()
                value = loss.item()
                _check_finite(value, "training", step, epoch)
                log(step, {"train/loss": value, "train/learning_rate": rate})
                tokens = int(lengths[rows].sum())
                real += tokens
                computed += batch["input_ids"].numel()
                bar.update(tokens)
            seconds += time.perf_counter() - started
            figures = validate()
            _check_finite(figures["loss"], "validation", step, epoch)
            log(step, {f"validation/{name}": figures[name] for name in CURVES if name in figures})
            history.append(figures)
            best_epoch = 1 + max(range(epoch), key=lambda past: history[past][headline(figures)])
            if best_epoch == epoch:
                weights = {name: tensor.to("cpu", copy=True) for name, tensor in model.state_dict().items()}
            elif epoch - best_epoch >= parameters.early_stopping_patience:
                break
    model.load_state_dict(weights)
    return Outcome(best_epoch, history[best_epoch - 1], len(history), step, real, computed, seconds)


def _check_finite(loss: float, which: str, step: int, epoch: int) -> None:
    if not math.isfinite(loss):
        raise UserError(
            f"The {which} loss is {loss} at step {step} (epoch {epoch}), so the training was stopped.",
            "Lower finetune.learning_rate or finetune.clip_norm, or set finetune.precision to fp32.",
        )
