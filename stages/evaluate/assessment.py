"""What the test documents say about each classifier, and whether one beats another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import (
    AVERAGES,
    PER_CLASS,
    Counts,
    Floats,
    Tally,
    class_figures,
    left_out,
    losses,
    macro,
    overall_figures,
    tally,
    why_undefined,
)
from stages.common.metrics.intervals import Figure
from stages.common.metrics.ranking import Ranking
from stages.common.metrics.significance import Difference, compare, unknown

ENCODER, BASELINE, FROZEN = "encoder", "baseline", "frozen"
HEADLINE = ("accuracy", "macro_f1")  # what a run's metrics show; the last is what classifiers are compared by
TAGGED_HEADLINE = (*HEADLINE, "weighted_f1", "span_f1")  # the same for taggers
RANKED = ("roc_auc", "average_precision")
OVERALL = (
    "accuracy",
    "balanced_accuracy",
    *(f"{average}_{figure}" for average in AVERAGES for figure in PER_CLASS),
    "matthews_correlation",
    "log_loss",
    *RANKED,
)

Answer = Floats | str  # a classifier's probabilities, shape (documents, classes), or in words why it has none
Compute = Callable[[Floats], dict[str, Floats]]


@dataclass(frozen=True)
class Assessment:
    """The figures of one classifier.

    Attributes:
        overall: Accuracy, averages and the like, by name.
        per_class: By name one figure a class, in the order of the labels.
    """

    overall: dict[str, Figure]
    per_class: dict[str, list[Figure]]


@dataclass(frozen=True)
class Verdict:
    """The classifiers on the same test documents, by name, and the encoder's differences to each other one."""

    assessments: dict[str, Assessment]
    differences: dict[str, dict[str, Difference]]


def judge(actual: Counts, answers: Mapping[str, Answer], labels: Sequence[str], bootstrap: Bootstrap) -> Verdict:
    """Assesses classifiers on the same test documents and the same resamples of them.

    Args:
        actual: Index of each document's label, shape (documents,).
        answers: What each classifier says; the encoder comes first.
        labels: The labels' names.
        bootstrap: Resamples the documents.

    Returns:
        The figures with their intervals. A classifier without probabilities has figures that are None for its reason.
    """
    known = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    computed = {name: bootstrap.apply(document_figures(actual, known[name], len(labels))) for name in known}
    assessed = {name: assess(*computed[name], labels, bootstrap) for name in known}
    for name, answer in answers.items():
        if isinstance(answer, str):
            assessed[name] = silent(answer, OVERALL, (*PER_CLASS, *RANKED), len(labels))
    first, *others = answers
    differences = {}
    for other in others:
        reason = next((said for said in (answers[first], answers[other]) if isinstance(said, str)), None)
        differences[other] = {
            name: unknown(reason) if reason else compare(name, computed[first], computed[other], bootstrap)
            for name in HEADLINE
        }
    return Verdict({name: assessed[name] for name in answers}, differences)


def document_figures(actual: Counts, probability: Floats, classes: int) -> Compute:
    """All figures of a classifier as a function of how often each document counts, shape (draws, documents).

    Args:
        actual: Index of each document's label, shape (documents,).
        probability: Shape (documents, classes).
        classes: How many classes there are.
    """
    counted = count_figures(tally(actual, probability.argmax(axis=1), classes))
    loss = losses(actual, probability)
    rankings = [Ranking(actual == index, probability[:, index]) for index in range(classes)]

    def compute(weights: Floats) -> dict[str, Floats]:
        ranked = np.array([ranking.figures(weights) for ranking in rankings])
        per_class = {name: ranked[:, place].T for place, name in enumerate(RANKED)}
        overall = {"log_loss": weights @ loss / len(actual), **{name: macro(per_class[name]) for name in RANKED}}
        return counted(weights) | overall | {f"class {name}": values for name, values in per_class.items()}

    return compute


def count_figures(counted: Tally) -> Compute:
    """The figures that counts give, as a function of how often each document counts, shape (draws, documents).

    Args:
        counted: What each document counts for, shape (documents, classes).
    """

    def compute(weights: Floats) -> dict[str, Floats]:
        counts = counted.weighted(weights)
        per_class = {f"class {name}": values for name, values in class_figures(counts).items()}
        return overall_figures(counts) | per_class

    return compute


def assess(values: dict[str, Floats], drawn: dict[str, Floats], labels: Sequence[str], by: Bootstrap) -> Assessment:
    """Puts intervals around the figures that :func:`document_figures` computes.

    Args:
        values: The figures on the test split; those of classes, shape (classes,), have names that begin with "class ".
        drawn: The same on the resamples.
        labels: The classes' names.
        by: What drew them.
    """
    per_class = {name.removeprefix("class "): found for name, found in values.items() if name.startswith("class ")}
    overall = {}
    for name, value in values.items():
        if not name.startswith("class "):
            overall[name] = by.interval(float(value), drawn[name], _remark(name, value, per_class, labels))
    classes = {
        name: [
            by.interval(value, drawn[f"class {name}"][:, index], why_undefined(name) if np.isnan(value) else None)
            for index, value in enumerate(found)
        ]
        for name, found in per_class.items()
    }
    return Assessment(overall, classes)


def _remark(name: str, value: Floats, per_class: dict[str, Floats], labels: Sequence[str]) -> str | None:
    average, _, figure = name.partition("_")
    if name in RANKED or (average in AVERAGES and average != "micro"):
        figure = name if name in RANKED else figure
        return left_out(figure, per_class[figure], labels)
    if name == "balanced_accuracy":
        return left_out("recall", per_class["recall"], labels)
    return why_undefined(figure if average == "micro" else name) if np.isnan(value) else None


def silent(reason: str, overall: Sequence[str], per_class: Sequence[str], classes: int) -> Assessment:
    """The figures of a classifier that says nothing: all None for that reason.

    Args:
        reason: Why, in words.
        overall: The names of the overall figures.
        per_class: The names of the classes' figures.
        classes: How many classes there are.
    """
    nothing = Figure(None, reason=reason)
    return Assessment(dict.fromkeys(overall, nothing), {name: [nothing] * classes for name in per_class})
