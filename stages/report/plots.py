"""The page's plots as inline SVG: the same bytes each time, colours from the page's style sheet, a text alternative."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from stages.report.composition import ClassCount
from stages.report.excerpts import excerpt

# matplotlib draws in these colours; in the page each becomes the style sheet's own, which differs in light and dark.
INK, LINE = "#010101", "#020202"
SERIES = ("#0a0001", "#0a0002", "#0a0003")
PAGE_COLOURS = {INK: "--ink", LINE: "--line", **{c: f"--series-{n}" for n, c in enumerate(SERIES, 1)}}
MARKERS = ("o", "s", "^")
WIDTH = 4.6  # inches of 72 units: text keeps its size on a phone
LABEL_CHARACTERS = 24
POINTS = 400  # of a curve, at most; a longer one is averaged over stretches of steps
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
}


def inline_svg(name: str, alternative: str, height: float, draw: Callable[[Axes], None]) -> Markup:
    """Draws a plot.

    Args:
        name: Goes before the ids inside, so that those of two plots on one page differ.
        alternative: What the plot shows, in words, for those who do not see it.
        height: In inches; the width is the same for all plots.
        draw: Draws on the axes.

    Returns:
        An ``svg`` element for an HTML page.
    """
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # matplotlib's font lacks it; the reader's is used instead
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub("|".join(PAGE_COLOURS), lambda match: f"var({PAGE_COLOURS[match[0]]})", svg)
    head = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">") + 1 :]
    opening = f'<svg class="plot" role="img" aria-label="{escape(alternative)}" {head[0] if head else ""}>'
    return Markup(opening + body)  # noqa: S704  # matplotlib escapes all text in it


def training_loss(loss: pd.DataFrame, validation: pd.DataFrame) -> Markup:
    """The training loss of each step, and the validation loss after each epoch; columns step and value."""
    steps, values, stretch = _thinned(loss)
    each = "each step" if stretch == 1 else f"mean of {stretch} steps"

    def draw(axes: Axes) -> None:
        axes.plot(steps, values, color=SERIES[0], label=f"training, {each}", linewidth=1.0)
        axes.plot(validation["step"], validation["value"], color=SERIES[1], marker="s", label="validation, each epoch")
        axes.set(xlabel="step", ylabel="loss (nats)")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.legend()

    said = (
        f"Training loss over {len(loss)} steps, from {values[0]:.2f} to {values[-1]:.2f}. "
        f"Validation loss after each epoch: {_listed(validation['value'])}."
    )
    return inline_svg("loss", said, 2.7, draw)


def validation_figures(curves: dict[str, pd.DataFrame], best_epoch: int) -> Markup:
    """Figures on the validation split after each epoch.

    Args:
        curves: By title, columns step and value: one row an epoch.
        best_epoch: The epoch whose weights were kept, counted from 1.
    """

    def draw(axes: Axes) -> None:
        axes.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":", label="kept")
        for colour, marker, (title, curve) in zip(SERIES, MARKERS, curves.items(), strict=False):
            axes.plot(range(1, len(curve) + 1), curve["value"], color=colour, marker=marker, label=title)
        axes.set(xlabel="epoch", ylabel="validation figure")
        axes.set_ylim(top=1.0)
        axes.margins(x=0.1)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        _legend_above(axes, 1 + len(curves))

    said = "; ".join(f"{title} after each epoch: {_listed(curve['value'])}" for title, curve in curves.items())
    return inline_svg("validation", f"On the validation split, {said}. Kept: epoch {best_epoch}.", 2.7, draw)


def class_distribution(counts: Sequence[ClassCount]) -> Markup:
    """Documents of each class in each split, as groups of bars."""
    splits = list(counts[0].counts)
    places = np.arange(len(counts))
    thickness = 0.8 / len(splits)

    def draw(axes: Axes) -> None:
        for number, (split, colour) in enumerate(zip(splits, SERIES, strict=True)):
            values = [count.counts[split] for count in counts]
            axes.barh(places + (number - 1) * thickness, values, thickness * 0.9, color=colour, label=split)
        _classes_downwards(axes, [count.label for count in counts])
        axes.set(xlabel="documents")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        _legend_above(axes, len(splits))

    said = "; ".join(
        f"{split}: {', '.join(f'{_short(c.label)} {c.counts[split]}' for c in counts)}" for split in splits
    )
    return inline_svg("classes", f"Documents of each class. {said}.", 0.9 + 0.42 * len(counts), draw)


def length_distribution(edges: NDArray[np.float64], shares: dict[str, NDArray[np.float64]]) -> Markup:
    """How long the documents of each split are.

    Args:
        edges: The bins' edges in words, shape (bins + 1,).
        shares: For each split the share of its documents in each bin.
    """

    def draw(axes: Axes) -> None:
        for colour, (split, values) in zip(SERIES, shares.items(), strict=True):
            axes.stairs(values, edges, color=colour, label=split, linewidth=1.4)
        axes.set(xlabel="words in a document; the last step holds all longer ones", ylabel="share of the split")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
        axes.set_ylim(bottom=0)
        _legend_above(axes, len(shares))

    most = {split: edges[int(values.argmax())] for split, values in shares.items()}
    said = ", ".join(f"{split} {start:.0f}" for split, start in most.items())
    return inline_svg("lengths", f"Distribution of lengths; the most common length in words: {said}.", 2.7, draw)


def class_f1(classes: Sequence[dict[str, Any]]) -> Markup:
    """The F1 of each class with its interval, encoder and baseline one below the other.

    Args:
        classes: For each class its label, and the figures of encoder and baseline by name.
    """
    places = np.arange(len(classes))

    def draw(axes: Axes) -> None:
        for title, offset, colour, marker in (("encoder", -0.15, SERIES[0], "o"), ("baseline", 0.15, SERIES[1], "s")):
            value, low, high = (
                np.array([row[title]["f1"][end] for row in classes], dtype=float) for end in ("value", "low", "high")
            )
            axes.hlines(places + offset, low, high, color=colour, linewidth=1.4)
            axes.plot(value, places + offset, marker, color=colour, label=title)
        _classes_downwards(axes, [row["label"] for row in classes])
        axes.set(xlabel="F1 with its interval")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlim(right=1.004)
        _legend_above(axes, 2)

    said = "; ".join(
        f"{_short(row['label'])}: encoder {_number(row['encoder']['f1']['value'])}, "
        f"baseline {_number(row['baseline']['f1']['value'])}"
        for row in classes
    )
    return inline_svg("f1", f"F1 of each class. {said}.", 0.9 + 0.36 * len(classes), draw)


def _thinned(curve: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """A curve's steps and values with at most so many points, each the mean of a stretch; the stretch's length."""
    stretch = -(-len(curve) // POINTS)
    means = curve[["step", "value"]].groupby(np.arange(len(curve)) // stretch).mean()
    return means["step"].to_numpy(float), means["value"].to_numpy(float), stretch


def _classes_downwards(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)


def _legend_above(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=columns, borderaxespad=0.2)


def _short(label: str) -> str:
    return excerpt(label, LABEL_CHARACTERS)


def _listed(values: pd.Series) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"
