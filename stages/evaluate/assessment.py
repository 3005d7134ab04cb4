"""What the test documents say about each classifier, and whether one beats another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from stages.common.metrics.bootstrap import Bootstrap, Compute
from stages.common.metrics.counts import AVERAGES, OF_CLASS, Floats
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.names import METRICS, left_out
from stages.common.metrics.significance import Difference, compare, unknown

ENCODER, BASELINE, FROZEN, MOST_FREQUENT = "encoder", "baseline", "frozen", "most_frequent"
MEANS = {"balanced_accuracy": "recall", "roc_auc": "roc_auc", "average_precision": "average_precision"}

Content = TypeVar("Content")
Computed = tuple[dict[str, Floats], dict[str, Floats]]  # metrics on the test split and on its resamples


@dataclass(frozen=True)
class Answer(Generic[Content]):
    """What a classifier answers on the test documents.

    Attributes:
        content: Its answers, in the form of the task; None if it has none.
        reason: Why it has none, in words.
    """

    content: Content | None
    reason: str | None = None


@dataclass(frozen=True)
class Assessment:
    """The metrics of one classifier.

    Attributes:
        overall: Accuracy, averages and the like, by name.
        per_class: By name one metric a class, in the order of the labels.
    """

    overall: dict[str, Estimate]
    per_class: dict[str, list[Estimate]]


@dataclass(frozen=True)
class Verdict:
    """The classifiers on the same test documents, by name, and the encoder's differences to each other one."""

    assessments: dict[str, Assessment]
    differences: dict[str, dict[str, Difference]]


def assess_classifiers(
    answers: Mapping[str, Answer[Content]],
    metrics_of: Callable[[Content], Compute],
    labels: Sequence[str],
    shown: Sequence[str],
    bootstrap: Bootstrap,
) -> Verdict:
    """Assesses classifiers on the same test documents and the same resamples of them.

    Args:
        answers: What each classifier answers, the encoder first; at least one has answers.
        metrics_of: From answers to their metrics.
        labels: The names of the classes.
        shown: The names of the metrics by which classifiers are compared.
        bootstrap: Resamples the documents.

    Returns:
        The metrics with their intervals. A classifier without answers has metrics that are None for its reason.
    """
    known = {name: answer.content for name, answer in answers.items() if answer.content is not None}
    computed = {name: bootstrap.apply(metrics_of(content)) for name, content in known.items()}
    assessed = {name: assess(*metrics, labels, bootstrap) for name, metrics in computed.items()}
    return Verdict(with_silent(answers, assessed), differences(answers, computed, shown, bootstrap))


def assess(values: dict[str, Floats], drawn: dict[str, Floats], labels: Sequence[str], by: Bootstrap) -> Assessment:
    """Puts intervals around metrics.

    Args:
        values: The metrics on the test split; the names of those that each class has, shape (classes,), begin with
            :data:`stages.common.metrics.counts.OF_CLASS`.
        drawn: The same on the resamples.
        labels: The names of the classes.
        by: What drew them.
    """
    per_class = {name.removeprefix(OF_CLASS): each for name, each in values.items() if name.startswith(OF_CLASS)}
    overall = {
        name: by.interval(float(value), drawn[name], _remark(name, value, per_class, labels))
        for name, value in values.items()
        if not name.startswith(OF_CLASS)
    }
    classes = {
        name: [
            by.interval(
                value, drawn[f"{OF_CLASS}{name}"][:, place], METRICS[name].undefined if np.isnan(value) else None
            )
            for place, value in enumerate(each)
        ]
        for name, each in per_class.items()
    }
    return Assessment(overall, classes)


def with_silent(answers: Mapping[str, Answer[Content]], assessed: Mapping[str, Assessment]) -> dict[str, Assessment]:
    """The assessments of all classifiers in their order: those without answers have metrics that are None."""
    alike = next(iter(assessed.values()))
    return {
        name: _silent(alike, answer.reason) if answer.content is None else assessed[name]
        for name, answer in answers.items()
    }


def differences(
    answers: Mapping[str, Answer[Content]],
    computed: Mapping[str, Computed],
    shown: Sequence[str],
    bootstrap: Bootstrap,
) -> dict[str, dict[str, Difference]]:
    """The first classifier's metrics minus those of each other one, by its name.

    Args:
        answers: What each classifier answers, the first one first.
        computed: The metrics of those that have answers.
        shown: Which metrics.
        bootstrap: What drew them.
    """
    first, *others = answers
    compared = {}
    for other in others:
        reason = answers[first].reason or answers[other].reason
        compared[other] = {
            name: unknown(reason) if reason else compare(name, computed[first], computed[other], bootstrap)
            for name in shown
        }
    return compared


def _remark(name: str, value: Floats, per_class: Mapping[str, Floats], labels: Sequence[str]) -> str | None:
    """Why a metric is not defined, or which classes an average leaves out."""
    average, _, averaged = name.partition("_")
    of_class = averaged if average in AVERAGES and average != "micro" else MEANS.get(name)
    if of_class is not None and of_class in per_class:
        undefined = [label for label, each in zip(labels, per_class[of_class], strict=True) if np.isnan(each)]
        return left_out(of_class, undefined, len(labels))
    return METRICS[name].undefined if np.isnan(value) else None


def _silent(alike: Assessment, reason: str | None) -> Assessment:
    nothing = Estimate(None, reason=reason)
    per_class = {name: [nothing] * len(each) for name, each in alike.per_class.items()}
    return Assessment(dict.fromkeys(alike.overall, nothing), per_class)
