"""Computes a frozen part of an encoder once, and lets training begin after it."""

import tempfile
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import progress
from stages.common.model.batching import budgeted_batches, make_batch
from stages.common.model.tokenising import Tokens
from stages.common.training.architecture import encoder_layers, first_input, first_output, trial_inputs

BATCH_TOKENS = 4_096
MOST_BYTES_IN_MEMORY = 2**28  # hidden states that take more are kept in a file

States = npt.NDArray[np.float32]


class _Reached(Exception):  # noqa: N818  # no error: it ends a forward pass whose rest is not wanted
    pass


class FrozenPart:
    """The embeddings and the lowest layers of an encoder, which are not trained.

    A model with a frozen part takes ``hidden_states`` beside its other inputs: what its frozen part gives for them.
    Then the frozen layers are skipped. Without it the model computes as ever.

    Args:
        model: The model.
        depth: How many of its layers are frozen.
    """

    def __init__(self, model: PreTrainedModel, depth: int) -> None:
        self._model = model
        self._given: torch.Tensor | None = None
        self._found = torch.empty(0)
        self._wanted = False
        self._outputs = 0  # of a layer, where it gives a tuple
        self.seconds = 0.0  # that :meth:`states` took
        layers = encoder_layers(model)
        for layer in layers[:depth]:
            self._let_skip(layer)
        if depth < len(layers):
            layers[depth].register_forward_pre_hook(self._enter, with_kwargs=True)
        else:
            layers[-1].register_forward_hook(self._leave)
        model.register_forward_pre_hook(self._take, with_kwargs=True)

    def states(self, tokens: Tokens, tokenizer: PreTrainedTokenizerBase, firsts_only: bool = False) -> States:
        """What the frozen part gives, without dropout, for each token.

        Args:
            tokens: The documents.
            tokenizer: The model's tokenizer.
            firsts_only: Whether only the first token of each window is wanted.

        Returns:
            Hidden states, [tokens, hidden size], in the order of ``tokens.ids``, or [windows, hidden size]; in a file
            that the operating system removes with this process if they are large (``TMPDIR`` says where).
        """
        started = time.perf_counter()
        starts = np.arange(len(tokens.starts)) if firsts_only else tokens.starts
        states = _room((int(starts[-1]), self._model.config.hidden_size))
        self._model.train(False)
        with torch.inference_mode():
            for rows in progress(budgeted_batches(tokens.lengths, BATCH_TOKENS), "frozen layers", "batch"):
                batch = make_batch(tokens, rows, tokenizer, self._model.device)
                batch.pop("document", None)
                found = self._capture(batch).float().cpu().numpy()
                there = batch["attention_mask"].bool().cpu().numpy()
                for row, window in enumerate(tokens.windows(rows)[0]):
                    begin, end = starts[window : window + 2]
                    states[begin:end] = found[row][there[row]][: end - begin]
        self.seconds += time.perf_counter() - started
        return states

    def reads_first_tokens(self) -> bool:
        """Whether all that comes after the frozen part looks at the first token only, as most heads of documents do."""
        inputs = trial_inputs(self._model)
        size = self._model.config.hidden_size
        states = torch.arange(4.0 * size, device=self._model.device).sin().reshape(1, 4, size)
        self._model.train(False)
        with torch.inference_mode():
            self._model(**inputs)  # so that the form of the layers' outputs is known
            whole = self._model(**inputs, hidden_states=states).logits
            first = self._model(
                **{name: ids[:, :1] for name, ids in inputs.items()}, hidden_states=states[:, :1]
            ).logits
        return torch.allclose(whole, first, atol=1e-6)

    def _capture(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        self._wanted = True
        try:
            self._model(**batch)
        except _Reached:
            pass
        finally:
            self._wanted = False
        return self._found

    def _let_skip(self, layer: nn.Module) -> None:
        compute = layer.forward

        def forward(*args: Any, **named: Any) -> Any:
            if self._given is None:
                output = compute(*args, **named)
                self._outputs = len(output) if isinstance(output, tuple) else 0
                return output
            states = first_input(args, named)
            return (states, *[None] * (self._outputs - 1)) if self._outputs else states

        layer.forward = forward  # the module stays what it is, with its names and weights

    def _take(self, _: nn.Module, args: Any, named: dict[str, Any]) -> Any:
        self._given = named.pop("hidden_states", None)
        return args, named

    def _enter(self, _: nn.Module, args: Any, named: dict[str, Any]) -> Any:
        if self._wanted:
            self._reach(first_input(args, named))
        if self._given is None:
            return None
        if args:
            return (self._given, *args[1:]), named
        return args, {**named, next(iter(named)): self._given}

    def _leave(self, _: nn.Module, __: Any, output: Any) -> Any:
        if self._wanted:
            self._reach(first_output(output))
        if self._given is None:
            return None
        return (self._given, *output[1:]) if isinstance(output, tuple) else self._given

    def _reach(self, states: torch.Tensor) -> None:
        self._found = states
        raise _Reached


def _room(shape: tuple[int, int]) -> States:
    if shape[0] * shape[1] * 4 <= MOST_BYTES_IN_MEMORY:
        return np.zeros(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:  # has no name, so that nothing of it stays behind
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
