"""Plots as inline SVG: the same bytes each time, colours from the page's style sheet, a text alternative."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.report.excerpts import excerpt

# matplotlib draws in these colours; in the page each becomes the style sheet's own, which differs in light and dark.
INK, LINE = "#010101", "#020202"
SERIES = ("#0a0001", "#0a0002", "#0a0003", "#0a0004", "#0a0005", "#0a0006")
PAGE_COLOURS = {INK: "--ink", LINE: "--line", **{c: f"--series-{n}" for n, c in enumerate(SERIES, 1)}}
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 4.6  # inches of 72 units: text keeps its size on a phone
LABEL_CHARACTERS = 30
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


def classes_downwards(axes: Axes, labels: Sequence[str]) -> None:
    """Gives each class, or whatever else has a row, its place on the vertical axis, the first one at the top."""
    axes.set_yticks(range(len(labels)), [short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)


def legend_above(axes: Axes, columns: int) -> None:
    """Puts the legend above the plot, where it covers nothing."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=columns, borderaxespad=0.2)


def short(label: str) -> str:
    """A label, which may hold anything, as a plot can show it."""
    return excerpt(label, LABEL_CHARACTERS)


def number(value: float | None) -> str:
    """A number for a text alternative; NaN and nothing are said in words."""
    return "not defined" if value is None or value != value else f"{value:.3f}"
