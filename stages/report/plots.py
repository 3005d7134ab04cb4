"""The plots about the documents and the training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from stages.report.composition import ClassCount
from stages.report.svg import INK, MARKERS, SERIES, classes_downwards, inline_svg, legend_above, short

POINTS = 400  # of a curve, at most; a longer one is averaged over stretches of steps


def training_loss(loss: pd.DataFrame, validation: pd.DataFrame) -> Markup:
    """The training loss of each step, and the validation loss after each epoch; columns step and value."""
    steps, values, stretch = _thinned(loss)
    each = "each step" if stretch == 1 else f"mean of {stretch} steps"

    def draw(axes: Axes) -> None:
        axes.plot(steps, values, color=SERIES[0], label=f"training, {each}", linewidth=1.0)
        axes.plot(validation["step"], validation["value"], color=SERIES[1], marker="s", label="validation, each epoch")
        axes.set(xlabel="step", ylabel="loss")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend()

    said = (
        f"Training loss over {len(loss)} steps, from {values[0]:.2f} to {values[-1]:.2f}. "
        f"Validation loss after each epoch: {_listed(validation['value'])}."
    )
    return inline_svg("loss", said, 2.7, draw)


def validation_metrics(curves: dict[str, pd.DataFrame], best_epoch: int) -> Markup:
    """Metrics on the validation split after each epoch.

    Args:
        curves: By title, columns step and value: one row an epoch.
        best_epoch: The epoch whose weights were kept, counted from 1.
    """

    def draw(axes: Axes) -> None:
        axes.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":", label="kept")
        for colour, marker, (title, curve) in zip(SERIES, MARKERS, curves.items(), strict=False):
            axes.plot(range(1, len(curve) + 1), curve["value"], color=colour, marker=marker, label=title)
        axes.set(xlabel="epoch", ylabel="validation metric")
        values = pd.concat([curve["value"] for curve in curves.values()])
        least = values.min()
        if values.max() <= 1:  # shares and the like: 1 is the best
            axes.set_ylim(least - 0.1 * (1.0 - least) - 0.005, 1.0)
        else:
            axes.set_ylim(bottom=0)
        axes.set_xlim(0.5, max(len(curve) for curve in curves.values()) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        legend_above(axes, 1 + len(curves))

    said = "; ".join(f"{title} after each epoch: {_listed(curve['value'])}" for title, curve in curves.items())
    return inline_svg("validation", f"On the validation split, {said}. Kept: epoch {best_epoch}.", 2.7, draw)


def class_distribution(counts: Sequence[ClassCount]) -> Markup:
    """Documents of each class in each split, as groups of bars."""
    splits = list(counts[0].counts)
    places = np.arange(len(counts))
    thickness = 0.8 / len(splits)

    def draw(axes: Axes) -> None:
        for number, (split, colour) in enumerate(zip(splits, SERIES, strict=False)):
            values = [count.counts[split] for count in counts]
            axes.barh(places + (number - 1) * thickness, values, thickness * 0.9, color=colour, label=split)
        classes_downwards(axes, [count.label for count in counts])
        axes.set(xlabel="documents")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        legend_above(axes, len(splits))

    said = "; ".join(f"{split}: {', '.join(f'{short(c.label)} {c.counts[split]}' for c in counts)}" for split in splits)
    return inline_svg("classes", f"Documents of each class. {said}.", 0.9 + 0.42 * len(counts), draw)


def length_distribution(edges: NDArray[np.float64], shares: dict[str, NDArray[np.float64]]) -> Markup:
    """How long the documents of each split are.

    Args:
        edges: The bins' edges in words, shape (bins + 1,).
        shares: For each split the share of its documents in each bin.
    """

    def draw(axes: Axes) -> None:
        for colour, (split, values) in zip(SERIES, shares.items(), strict=False):
            axes.stairs(values, edges, color=colour, label=split, linewidth=1.4)
        axes.set(xlabel="words in a document; the last step holds all longer ones", ylabel="share of the split")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
        axes.set_ylim(bottom=0)
        legend_above(axes, len(shares))

    most = {split: edges[int(values.argmax())] for split, values in shares.items()}
    said = ", ".join(f"{split} {start:.0f}" for split, start in most.items())
    return inline_svg("lengths", f"Distribution of lengths; the most common length in words: {said}.", 2.7, draw)


def value_distribution(edges: NDArray[np.float64], shares: dict[str, NDArray[np.float64]]) -> Markup:
    """How the numbers of each split's documents are distributed.

    Args:
        edges: The bins' edges, shape (bins + 1,).
        shares: For each split the share of its documents in each bin.
    """

    def draw(axes: Axes) -> None:
        for colour, (split, values) in zip(SERIES, shares.items(), strict=False):
            axes.stairs(values, edges, color=colour, label=split, linewidth=1.4)
        axes.set(xlabel="number", ylabel="share of the split")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
        axes.set_ylim(bottom=0)
        legend_above(axes, len(shares))

    said = ", ".join(f"{split} {edges[int(values.argmax())]:.4g}" for split, values in shares.items())
    between = f"from {edges[0]:.4g} to {edges[-1]:.4g}"
    return inline_svg(
        "values", f"Distribution of the numbers, {between}; the fullest bin begins at: {said}.", 2.7, draw
    )


def _thinned(curve: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """A curve's steps and values with at most so many points, each the mean of a stretch; the stretch's length."""
    stretch = -(-len(curve) // POINTS)
    means = curve[["step", "value"]].groupby(np.arange(len(curve)) // stretch).mean()
    return means["step"].to_numpy(float), means["value"].to_numpy(float), stretch


def _listed(values: pd.Series) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
