"""What the test documents say about the encoder and about the baseline, and whether the one beats the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.evaluate.bootstrap import Figure, resample, with_interval
from stages.evaluate.figures import (
    PER_CLASS,
    Counts,
    Tally,
    class_figures,
    left_out,
    overall_figures,
    tally,
    why_undefined,
)

ENCODER, BASELINE = "encoder", "baseline"
HEADLINE = ("accuracy", "macro_f1")  # what a run's metrics show, and what the two classifiers are compared by
ROUNDING = 1e-12  # the same figure, summed in another order, differs by less


@dataclass(frozen=True)
class Assessment:
    """The figures of one classifier.

    Attributes:
        overall: Accuracy and averages, by name.
        per_class: For precision, recall and F1 one figure a class, in the order of the labels.
    """

    overall: dict[str, Figure]
    per_class: dict[str, list[Figure]]


@dataclass(frozen=True)
class Difference:
    """A figure of the encoder minus the baseline's on the same documents.

    Attributes:
        figure: The difference with its paired interval.
        outcome: ``better`` if the interval lies above 0, ``worse`` if below, ``no clear difference`` if 0 is in it;
            ``unknown`` where there is no interval.
    """

    figure: Figure
    outcome: str

    def as_json(self) -> dict[str, Any]:
        """The fields for a JSON file."""
        return {**self.figure.as_json(), "outcome": self.outcome}


@dataclass(frozen=True)
class Verdict:
    """Both classifiers on the same test documents, and their differences by name of the figure."""

    encoder: Assessment
    baseline: Assessment
    differences: dict[str, Difference]


def judge(
    actual: Counts,
    encoder: Counts | None,
    baseline: Counts,
    labels: Sequence[str],
    samples: int,
    confidence: float,
    seed: int,
    no_encoder: str | None = None,
) -> Verdict:
    """Assesses encoder and baseline on the same test documents and the same resamples of them.

    Args:
        actual: Index of each document's label, shape (documents,).
        encoder: Index of the label that the encoder predicts; None if it predicts none.
        baseline: Index of the label that the baseline predicts.
        labels: The labels' names.
        samples: Resamples of the documents behind each interval.
        confidence: The share of the resamples that an interval covers.
        seed: The stage's seed.
        no_encoder: Why the encoder predicts nothing, in words.

    Returns:
        The figures with their intervals. Without predictions of the encoder, its figures are None for that reason.
    """
    predictions = {BASELINE: baseline} if encoder is None else {ENCODER: encoder, BASELINE: baseline}
    counts = {name: tally(actual, predicted, len(labels)) for name, predicted in predictions.items()}
    drawn = resample(actual, predictions, len(labels), samples, seed)
    assessed = {name: assess(counts[name], drawn[name], labels, confidence) for name in predictions}
    if encoder is None:
        nothing = Figure(None, reason=no_encoder)
        assessed[ENCODER] = Assessment(
            overall=dict.fromkeys(assessed[BASELINE].overall, nothing),
            per_class={name: [nothing] * len(labels) for name in PER_CLASS},
        )
        differences = dict.fromkeys(HEADLINE, Difference(nothing, "unknown"))
    else:
        differences = {
            name: compare(name, counts[ENCODER], counts[BASELINE], drawn[ENCODER], drawn[BASELINE], confidence)
            for name in HEADLINE
        }
    return Verdict(assessed[ENCODER], assessed[BASELINE], differences)


def assess(counts: Tally, drawn: Tally, labels: Sequence[str], confidence: float) -> Assessment:
    """The figures of one classifier.

    Args:
        counts: Counts on the test split, shape (classes,).
        drawn: Counts on its resamples, shape (samples, classes).
        labels: The classes' names.
        confidence: The share of the resamples that an interval covers.
    """
    documents = int(counts.actual.sum())
    resampled = overall_figures(drawn)
    overall = {
        name: with_interval(float(value), resampled[name], confidence, documents, left_out(name, counts, labels))
        for name, value in overall_figures(counts).items()
    }
    per_class = {}
    for name, values in class_figures(counts).items():
        spread = class_figures(drawn)[name]
        per_class[name] = [
            with_interval(
                value, spread[:, index], confidence, documents, why_undefined(name) if np.isnan(value) else None
            )
            for index, value in enumerate(values)
        ]
    return Assessment(overall, per_class)


def compare(
    name: str, encoder: Tally, baseline: Tally, encoder_drawn: Tally, baseline_drawn: Tally, confidence: float
) -> Difference:
    """The encoder's figure minus the baseline's, with its interval over paired resamples.

    Args:
        name: One of the names that :func:`~stages.evaluate.figures.overall_figures` gives.
        encoder: Its counts on the test split, shape (classes,).
        baseline: Likewise.
        encoder_drawn: Its counts on the resamples, shape (samples, classes).
        baseline_drawn: Its counts on the same resamples.
        confidence: The share of the resamples that the interval covers.
    """
    value = overall_figures(encoder)[name] - overall_figures(baseline)[name]
    spread = overall_figures(encoder_drawn)[name] - overall_figures(baseline_drawn)[name]
    figure = with_interval(float(value), spread, confidence, int(encoder.actual.sum()))
    if figure.low is None or figure.high is None:
        return Difference(figure, "unknown")
    if figure.low > ROUNDING:
        return Difference(figure, "better")
    return Difference(figure, "worse" if figure.high < -ROUNDING else "no clear difference")
