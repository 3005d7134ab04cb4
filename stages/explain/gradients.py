"""Word scores from gradients at the input embeddings: integrated gradients, and gradient times input.

Integrated gradients (Sundararajan, Taly & Yan 2017) share out what a document's logit is above that of a baseline: the
document with each piece of a word replaced by one token, special tokens kept. They are an integral over the straight
way from there to the document. The way is cut into parts, each integrated by Simpson's rule. What a part must come to
is known, the difference of the logit between its ends; so those that are off most are halved, with all points kept,
until what all parts are off together is small. The gradient is steep in a small part of the way, and that is where the
points go: docs/explaining.md compares it with equal steps.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from stages.common.core.messages import UserError
from stages.common.model.batching import budgeted_batches, make_batch
from stages.common.model.scorer import Scorer
from stages.common.model.tokenising import NO_WORD, Tokens
from stages.explain.layout import Ints, Layout

Floats = npt.NDArray[np.float64]
FIRST_PANELS = 2  # parts of the way that every document begins with
REFINED = 0.75  # of what a document is off: the parts that make up as much are halved
ROUNDING = 1e-4  # what logits, which are float32, may be off without a meaning
BASELINES = {"padding": "pad_token_id", "mask": "mask_token_id"}
Baseline = Literal["padding", "mask"]


@dataclass(frozen=True)
class Attribution:
    """Integrated gradients of some documents.

    Attributes:
        tokens: What each token adds to its document's logit, [tokens].
        value: The logit of each document, [documents].
        baseline: That of its baseline, [documents].
        points: At how many points of the way the gradient was computed, [documents].
    """

    tokens: Floats
    value: Floats
    baseline: Floats
    points: Ints

    def error(self, layout: Layout) -> Floats:
        """The completeness error, [documents]: how far scores are from adding up, as a share of what they should."""
        return completeness_error(layout, self.tokens, self.value - self.baseline)


def completeness_error(layout: Layout, tokens: Floats, difference: Floats) -> Floats:
    """How far the scores of tokens are from adding up to a difference, as a share of it, [documents]."""
    sums = np.bincount(layout.documents_of(), weights=tokens, minlength=len(layout))
    apart = np.abs(sums - difference)
    apart[apart < ROUNDING] = 0.0
    return np.divide(apart, np.abs(difference), out=np.where(apart > 0, np.inf, 0.0), where=difference != 0)


def gradient_times_input(scorer: Scorer, layout: Layout, targets: Ints) -> tuple[Floats, Floats]:
    """The gradient of each document's logit at a token's embedding, times the embedding (Shrikumar et al. 2016).

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].

    Returns:
        A score a token, [tokens], and the logits, [documents].
    """
    path = Path(scorer, layout, targets, None)
    ends = np.ones(len(layout.tokens.starts) - 1)
    values, scores = path.evaluate(np.arange(len(ends)), ends)
    return path.mean(np.concatenate([*scores, np.zeros(0)]), values)


def integrated_gradients(
    scorer: Scorer,
    layout: Layout,
    targets: Ints,
    baseline: Baseline,
    tolerance: float,
    most_steps: int,
) -> Attribution:
    """Integrated gradients of documents, with as many steps for each as it needs.

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].
        baseline: What stands in the place of each piece of a word at the beginning of the way.
        tolerance: What the parts of a document's way may be off, all sizes added up, as a share of what its scores
            should add up to. The completeness error is no larger, since there what is off may cancel out.
        most_steps: The most steps of a window's way; a document may end there with a larger error.
    """
    path = Path(scorer, layout, targets, baseline)
    known: list[dict[float, tuple[float, Floats]]] = [{} for _ in range(len(layout.tokens.starts) - 1)]
    panels = [[(at / FIRST_PANELS, (at + 1) / FIRST_PANELS) for at in range(FIRST_PANELS)] for _ in known]
    waiting = np.arange(len(layout))
    while len(waiting):
        path.evaluate_new(known, panels)
        waiting = np.array(
            [
                row
                for row in waiting
                if _refine(known, panels, layout.tokens.firsts[row : row + 2], tolerance, most_steps)
            ],
            dtype=np.int64,
        )
    sums = [
        sum((width / 6) * (one + 4 * middle + other) for width, one, middle, other in _simpson(points, of_window))
        for points, of_window in zip(known, panels, strict=True)
    ]
    tokens, value = path.mean(np.concatenate([*sums, np.zeros(0)]), np.array([points[1.0][0] for points in known]))
    _, start = path.mean(tokens, np.array([points[0.0][0] for points in known]))
    counts = np.bincount(layout.windows_of(), weights=[len(points) for points in known], minlength=len(layout))
    return Attribution(tokens, value, start, counts.astype(np.int64))


Known = dict[float, tuple[float, Floats]]  # of a window at some points of its way: the logit, and a number a token
Panel = tuple[float, float]  # a part of the way, from where to where


def _simpson(points: Known, panels: Sequence[Panel]) -> Iterator[tuple[float, Floats, Floats, Floats]]:
    """Of each part of a window's way its width, and the numbers of its tokens at the begin, the middle and the end."""
    for low, high in panels:
        one, middle, other = (points[place][1] for place in (low, (low + high) / 2, high))
        yield high - low, one, middle, other


def _refine(
    known: Sequence[Known], panels: list[list[Panel]], windows: Ints, tolerance: float, most_steps: int
) -> bool:
    """Halves those parts of a document's way that are off most; False if it is close enough or has steps enough.

    How far a part is off is known: its integral is the difference of the logit between its ends.
    """
    low, high = windows
    ends = sum(known[window][1.0][0] - known[window][0.0][0] for window in range(low, high))
    parts = [
        (
            abs(known[window][end][0] - known[window][begin][0] - width / 6 * float((one + 4 * middle + other).sum())),
            window,
            at,
        )
        for window in range(low, high)
        for at, ((begin, end), (width, one, middle, other)) in enumerate(
            zip(panels[window], _simpson(known[window], panels[window]), strict=True)
        )
    ]
    off = sum(error for error, _, _ in parts)
    if off <= tolerance * abs(ends) + ROUNDING or 2 * len(parts) >= most_steps * (high - low):
        return False
    halved: set[tuple[int, int]] = set()
    covered = 0.0
    for error, window, at in sorted(parts, key=lambda part: (-part[0], part[1:])):
        if covered < REFINED * off:
            halved.add((window, at))
            covered += error
    for window in range(low, high):
        panels[window] = [
            part
            for at, (begin, end) in enumerate(panels[window])
            for part in (
                [(begin, (begin + end) / 2), ((begin + end) / 2, end)] if (window, at) in halved else [(begin, end)]
            )
        ]
    return True


def integrated_at(
    scorer: Scorer, layout: Layout, targets: Ints, baseline: Baseline, places: Floats, weights: Floats
) -> Attribution:
    """Integrated gradients by the same points for all documents.

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].
        baseline: As for :func:`integrated_gradients`.
        places: Points of the way, 0 for the baseline and 1 for the document.
        weights: What each counts in the integral.
    """
    path = Path(scorer, layout, targets, baseline)
    windows = len(layout.tokens.starts) - 1
    rows = np.repeat(np.arange(windows), len(places))
    _, dots = path.evaluate(rows, np.tile(places, windows))
    sums = [
        sum(weight * dots[window * len(places) + at] for at, weight in enumerate(weights)) for window in range(windows)
    ]
    tokens = np.concatenate([*sums, np.zeros(0)])
    ends = [path.values(np.arange(windows), np.full(windows, place)) for place in (1.0, 0.0)]
    (shared, value), (_, start) = (path.mean(tokens, end) for end in ends)
    return Attribution(shared, value, start, np.full(len(layout), len(places)))


class Path:
    """The way from the baseline of each window to the window itself, and a model's logits and gradients on it.

    Args:
        scorer: The model.
        layout: The documents.
        targets: The output that is explained, [documents].
        baseline: Where the way begins; None for the origin, which is that of gradient times input.

    Raises:
        UserError: If the model gives no gradients at its embeddings, or has no such token.
    """

    def __init__(self, scorer: Scorer, layout: Layout, targets: Ints, baseline: Baseline | None) -> None:
        self._scorer, self._layout = scorer, layout
        self._targets = targets[layout.windows_of()]
        self._embedding = embedding_of(scorer)
        tokens = layout.tokens
        single = Tokens(tokens.ids, tokens.starts, np.arange(len(tokens.starts)), tokens.types)
        self._windows, self._begins = single, None
        if baseline is not None:
            replaced = np.where(layout.owners == NO_WORD, tokens.ids, baseline_token(scorer, baseline))
            self._begins = Tokens(replaced.astype(np.int32), tokens.starts, single.firsts)

    def evaluate(self, windows: Ints, places: Floats) -> tuple[Floats, list[Floats]]:
        """The logit of some windows at points of their ways, and its gradient there times the whole way.

        Args:
            windows: Which window each row is, [rows].
            places: Its point, [rows].

        Returns:
            The logits, [rows], and for each row a number a token, [tokens].
        """
        values, scores = np.zeros(len(windows)), [np.zeros(0)] * len(windows)
        with gradients_of_inputs(self._scorer.model):
            for rows in self._batches(windows):
                logits, gradient, way, batch = self._step(windows[rows], places[rows])
                dots = (gradient * way).sum(dim=-1).double().cpu().numpy()
                mask = batch["attention_mask"].bool().cpu().numpy()
                values[rows] = logits.double().cpu().numpy()
                for row, dot, counted in zip(rows, dots, mask, strict=True):
                    scores[row] = dot[counted]
        return values, scores

    def evaluate_new(self, known: Sequence[Known], panels: Sequence[Sequence[Panel]]) -> None:
        """Adds to what is known of each window the points of its parts that are new: their ends and their middles."""
        wanted = [
            (window, place)
            for window, parts in enumerate(panels)
            for place in dict.fromkeys(at for low, high in parts for at in (low, (low + high) / 2, high))
            if place not in known[window]
        ]
        values, scores = self.evaluate(
            np.array([window for window, _ in wanted], dtype=np.int64), np.array([place for _, place in wanted])
        )
        for (window, place), value, score in zip(wanted, values, scores, strict=True):
            known[window][place] = (float(value), score)

    def values(self, windows: Ints, places: Floats) -> Floats:
        """The logits alone, [rows]."""
        values = np.zeros(len(windows))
        with torch.no_grad():
            for rows in self._batches(windows):
                batch, point, _ = self._point(windows[rows], places[rows])
                values[rows] = self._logits(batch, point, windows[rows]).double().cpu().numpy()
        return values

    def mean(self, tokens: Floats, values: Floats) -> tuple[Floats, Floats]:
        """What tokens add to the mean of their document's windows, [tokens], and these means, [documents]."""
        counts = np.diff(self._layout.tokens.firsts)
        of = self._layout.windows_of()
        sums = np.bincount(of, weights=values, minlength=len(counts))
        return tokens / counts[self._layout.documents_of()], sums / counts

    def _batches(self, windows: Ints) -> list[Ints]:
        lengths = self._windows.lengths[windows]
        return budgeted_batches(lengths, self._scorer.inference.batch_tokens) if len(windows) else []

    def _point(self, windows: Ints, places: Floats) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        tokenizer, device = self._scorer.tokenizer, self._scorer.model.device
        batch = make_batch(self._windows, windows, tokenizer, device)
        with torch.no_grad():
            end = self._embedding(batch["input_ids"])
            if self._begins is None:
                begin = torch.zeros_like(end)
            else:
                begin = self._embedding(make_batch(self._begins, windows, tokenizer, device)["input_ids"])
            way = end - begin
            at = torch.from_numpy(places).to(device=device, dtype=end.dtype)[:, None, None]
            return batch, begin + at * way, way

    def _step(
        self, windows: Ints, places: Floats
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
        batch, point, way = self._point(windows, places)
        point.requires_grad_(True)
        logits = self._logits(batch, point, windows)
        if not logits.requires_grad:
            raise without_gradients()
        (gradient,) = torch.autograd.grad(logits.sum(), point)
        return logits.detach(), gradient, way, batch

    def _logits(self, batch: dict[str, torch.Tensor], point: torch.Tensor, windows: Ints) -> torch.Tensor:
        """The logit that is explained, [rows], with these embeddings in the place of the words'."""
        hook = self._embedding.register_forward_hook(lambda *_: point)
        try:
            logits: torch.Tensor = self._scorer.model(**batch).logits.float()
        finally:
            hook.remove()
        rows = torch.arange(len(windows), device=logits.device)
        targets = torch.from_numpy(self._targets[windows]).to(logits.device)
        if self._layout.read is None:
            return logits[rows, targets]
        read = torch.from_numpy(self._layout.read[windows]).to(logits.device)
        if self._scorer.tokenizer.padding_side == "left":
            read = read + logits.shape[1] - batch["attention_mask"].sum(dim=1)
        return logits[rows, read, targets]


def baseline_token(scorer: Scorer, baseline: Baseline) -> int:
    """The id of the token that a baseline is made of.

    Raises:
        UserError: If the tokenizer has none.
    """
    token = getattr(scorer.tokenizer, BASELINES[baseline])
    if token is None:
        raise UserError(f"The model's tokenizer has no {baseline} token.", "Set explain.baseline to padding.")
    return int(token)


def embedding_of(scorer: Scorer) -> torch.nn.Module:
    """The layer of a model that makes embeddings of token ids.

    Raises:
        UserError: If it gives none.
    """
    layer = _embedding(scorer)
    if layer is None:
        raise without_gradients()
    return layer


def has_gradients(scorer: Scorer) -> bool:
    """Whether a model can be explained by gradients at its embeddings."""
    return _embedding(scorer) is not None


def _embedding(scorer: Scorer) -> torch.nn.Module | None:
    find: Any = getattr(scorer.model, "get_input_embeddings", None)
    try:
        layer: torch.nn.Module | None = find() if find else None
    except (AttributeError, NotImplementedError):
        return None
    return layer if any(True for _ in scorer.model.parameters()) else None


def without_gradients() -> UserError:
    """That a model cannot be explained by gradients."""
    return UserError(
        "The model gives no gradients at its embeddings, so neither of the methods that need them can explain it.",
        "Explain it by occlusion, or take the model that it was exported from.",
    )


@contextmanager
def gradients_of_inputs(model: torch.nn.Module) -> Iterator[None]:
    """Computes without dropout and without gradients of the weights, and leaves the model as it was."""
    was_training, wanted = model.training, [each for each in model.parameters() if each.requires_grad]
    model.train(False)
    for each in wanted:
        each.requires_grad_(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        for each in wanted:
            each.requires_grad_(True)
        model.train(was_training)
