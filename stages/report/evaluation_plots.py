"""The plots about what the test split shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from stages.report.svg import INK, MARKERS, SERIES, classes_downwards, inline_svg, legend_above, number, short


def class_metrics(classes: Sequence[dict[str, Any]], classifiers: Sequence[str]) -> Markup:
    """The F1 of each class with its interval, the classifiers one below the other.

    Args:
        classes: For each class its label, and the metrics of each classifier by name.
        classifiers: Whose metrics to draw.
    """
    places = np.arange(len(classes))
    offsets = np.linspace(-0.22, 0.22, len(classifiers)) if len(classifiers) > 1 else [0.0]

    def draw(axes: Axes) -> None:
        for title, offset, colour, marker in zip(classifiers, offsets, SERIES, MARKERS, strict=False):
            value, low, high = (
                np.array([row[title]["f1"][end] for row in classes], dtype=float) for end in ("value", "low", "high")
            )
            axes.hlines(places + offset, low, high, color=colour, linewidth=1.4)
            axes.plot(value, places + offset, marker, color=colour, label=title)
        classes_downwards(axes, [row["label"] for row in classes])
        axes.set(xlabel="F1 with its interval")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlim(right=1.004)
        legend_above(axes, len(classifiers))

    scores = [[f"{name} {number(row[name]['f1']['value'])}" for name in classifiers] for row in classes]
    said = "; ".join(f"{short(row['label'])}: {', '.join(of)}" for row, of in zip(classes, scores, strict=True))
    return inline_svg("f1", f"F1 of each class. {said}.", 0.9 + 0.14 * len(classes) * (1 + len(classifiers)), draw)


def reliability(bins: pd.DataFrame) -> Markup:
    """Accuracy against confidence; a calibrated encoder stays on the diagonal.

    Args:
        bins: A row a bin: version (before or after the temperature), confidence, accuracy, accuracy_low, accuracy_high.
    """
    versions = {str(name): rows for name, rows in bins.groupby("version", sort=False)}

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="calibrated")
        for (name, rows), colour, marker in zip(
            versions.items(), SERIES[::-1][-len(versions) :], MARKERS, strict=False
        ):
            axes.vlines(rows["confidence"], rows["accuracy_low"], rows["accuracy_high"], color=colour, linewidth=1.2)
            axes.plot(rows["confidence"], rows["accuracy"], marker=marker, color=colour, label=f"{name} temperature")
        start = min(0.9, float(bins["confidence"].min()), float(bins["accuracy_low"].min()))
        axes.set(
            xlabel="confidence, mean of a bin", ylabel="accuracy", xlim=(start - 0.02, 1.01), ylim=(start - 0.02, 1.01)
        )
        axes.legend(loc="upper left")

    said = "; ".join(
        f"{name} temperature: "
        + ", ".join(f"{number(at)} {number(right)}" for at, right in rows[["confidence", "accuracy"]].to_numpy())
        for name, rows in versions.items()
    )
    return inline_svg("reliability", f"Confidence and accuracy of each bin of test documents. {said}.", 3.2, draw)


def coverage(rows: pd.DataFrame) -> Markup:
    """Accuracy if only the documents are answered that the encoder is surest of.

    Args:
        rows: coverage, accuracy, accuracy_low, accuracy_high; by rising coverage.
    """

    def draw(axes: Axes) -> None:
        axes.fill_between(rows["coverage"], rows["accuracy_low"], rows["accuracy_high"], color=SERIES[0], alpha=0.2)
        axes.plot(rows["coverage"], rows["accuracy"], color=SERIES[0])
        axes.set(xlabel="share of the test documents that is answered", ylabel="accuracy of the answers")
        axes.set_xlim(0, 1.01)
        axes.set_ylim(top=1.004)

    points = rows.iloc[:: max(1, len(rows) // 5)]
    said = ", ".join(
        f"{share:.0%}: {number(value)}" for share, value in zip(points["coverage"], points["accuracy"], strict=True)
    )
    return inline_svg(
        "coverage", f"Accuracy of the documents that the encoder is surest of, by their share. {said}.", 2.7, draw
    )


def class_curves(
    name: str, curves: pd.DataFrame, axes_columns: tuple[str, str], areas: Mapping[str, float | None], area: str
) -> Markup:
    """One-vs-rest curves, one a class.

    Args:
        name: Of the plot.
        curves: A row a point: label and the two columns of the axes.
        axes_columns: The names of the columns, horizontal and vertical.
        areas: The area below the curve of each class that is drawn, at most six.
        area: What the area is called.
    """
    across, up = axes_columns

    def draw(axes: Axes) -> None:
        for label, colour in zip(areas, SERIES, strict=False):
            rows = curves[curves["label"] == label]
            axes.plot(rows[across], rows[up], color=colour, linewidth=1.3, label=short(label))
        axes.set(xlabel=across.replace("_", " "), ylabel=up.replace("_", " "), xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        axes.legend(loc="lower left" if across == "recall" else "lower right")

    said = "; ".join(f"{short(label)} {number(value)}" for label, value in areas.items())
    return inline_svg(
        name, f"{up} by {across}, one class against the rest. {area}: {said}.".replace("_", " "), 3.2, draw
    )


def intervals(name: str, said: str, rows: pd.DataFrame, title: str, reference: float | None) -> Markup:
    """Metrics with their intervals, one below the other.

    Args:
        name: Of the plot.
        said: What the plot shows, before the numbers, for those who do not see it.
        rows: Columns label, value, low, high.
        title: What the metric is.
        reference: Where a dotted line is drawn, if anywhere.
    """
    places = np.arange(len(rows))

    def draw(axes: Axes) -> None:
        if reference is not None:
            axes.axvline(reference, color=INK, linewidth=0.8, linestyle=":")
        axes.hlines(places, rows["low"], rows["high"], color=SERIES[0], linewidth=1.4)
        axes.plot(rows["value"], places, "o", color=SERIES[0])
        classes_downwards(axes, list(rows["label"]))
        axes.set(xlabel=title)

    values = "; ".join(
        f"{short(label)} {number(value)}" for label, value in zip(rows["label"], rows["value"], strict=True)
    )
    return inline_svg(name, f"{said} {values}.", 0.7 + 0.26 * len(rows), draw)


def predicted_and_true(points: pd.DataFrame) -> Markup:
    """Predicted against true numbers; on the dotted line both are the same.

    Args:
        points: A row a document: actual and predicted, both finite.
    """
    low, high = float(points.to_numpy().min()), float(points.to_numpy().max())

    def draw(axes: Axes) -> None:
        axes.plot([low, high], [low, high], color=INK, linewidth=0.8, linestyle=":")
        axes.plot(points["actual"], points["predicted"], "o", color=SERIES[0], markersize=3, alpha=0.5)
        axes.set(xlabel="true number", ylabel="predicted number")

    ends = [f"{name} {points[name].min():.4g} to {points[name].max():.4g}" for name in ("actual", "predicted")]
    return inline_svg("scatter", f"{len(points)} test documents: {', '.join(ends)}.", 3.2, draw)


def quantile_calibration(bins: pd.DataFrame) -> Markup:
    """The mean true number against the mean predicted one, in bins of as many documents each.

    Args:
        bins: A row a bin: predicted, actual, actual_low, actual_high; by rising prediction.
    """
    low = float(bins[["predicted", "actual_low"]].to_numpy().min())
    high = float(bins[["predicted", "actual_high"]].to_numpy().max())

    def draw(axes: Axes) -> None:
        axes.plot([low, high], [low, high], color=INK, linewidth=0.8, linestyle=":", label="calibrated")
        axes.vlines(bins["predicted"], bins["actual_low"], bins["actual_high"], color=SERIES[0], linewidth=1.2)
        axes.plot(bins["predicted"], bins["actual"], marker="o", color=SERIES[0], label="encoder")
        axes.set(xlabel="predicted number, mean of a bin", ylabel="true number, mean")
        axes.legend(loc="upper left")

    said = ", ".join(f"{number(at)} {number(true)}" for at, true in bins[["predicted", "actual"]].to_numpy())
    return inline_svg(
        "quantiles", f"Mean predicted and mean true number of each bin of test documents: {said}.", 3.2, draw
    )
