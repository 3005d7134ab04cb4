"""Aggregates answers by a method of that name."""

from dataclasses import replace

import numpy as np

from stages.annotate.aggregation.answers import CodedAnswers, Floats, Integers
from stages.annotate.aggregation.methods import METHODS
from stages.annotate.aggregation.result import Aggregate
from stages.annotate.aggregation.settings import Settings
from stages.annotate.aggregation.tempering import held_out_power, tempered
from stages.common.core.messages import UserError, suggestion

FEWEST = 3  # annotators; with two, any split of the blame between them explains the answers equally well
MOST_CELLS = 200_000_000  # of all confusion matrices together, 1.6 GB
DIGITS = 6  # after the point; the last digits of a logarithm differ between processors


def aggregate(method: str, answers: CodedAnswers, settings: Settings | None = None) -> Aggregate:
    """Makes one label of the answers about each item, with its posterior.

    With one or two annotators, or one class, there is nothing to weigh, and majority takes the method's place; the
    notes say so. A class that nobody answered is none of the models', which could take it for a second kind of another
    one; it keeps the least probability. An item without answers gets the probabilities of the classes; by majority,
    equal ones. What a model estimates is in millionths, so that processors whose logarithms differ in the last digit
    give the same bytes.

    Args:
        method: A name in METHODS.
        answers: One or more.
        settings: The defaults if there are none.

    Raises:
        UserError: If there is no such method, no answer, or the confusion matrices would not fit into memory.
    """
    settings = settings or Settings()
    if method not in METHODS:
        raise UserError(f"There is no method {method!r} of aggregation.", suggestion(method, METHODS))
    if not len(answers):
        raise UserError("There are no answers to aggregate.", "Add answers, or give the documents labels.")
    cells = answers.annotator_count * answers.classes**2
    if cells > MOST_CELLS:
        raise UserError(
            f"{answers.annotator_count:,} annotators and {answers.classes:,} labels make confusion matrices of "
            f"{cells:,} cells; {MOST_CELLS:,} are the most.",
            "Leave out labels, or annotators with few answers.",
        )
    if method == "majority":
        return METHODS["majority"](answers, settings)
    if reason := _why_majority(answers):
        fallback = METHODS["majority"](answers, settings)
        return replace(fallback, notes=(f"{method} fell back to majority: {reason}",))
    used = np.unique(answers.values)
    found = _fit(method, answers, settings) if len(used) < 2 else _fit(method, answers.of_classes(used), settings)
    if found.posterior.shape[1] < answers.classes:
        found = _of_all_classes(found, used, answers.classes)
    return _rounded(_unanimous(found, answers) if settings.never_overturn_unanimous else found)


def _fit(method: str, answers: CodedAnswers, settings: Settings) -> Aggregate:
    found = METHODS[method](answers, settings)
    if not found.converged:
        found = replace(found, notes=(f"{method} did not come to rest in {found.iterations} steps",))
    return _temper(found, answers, settings) if settings.temper else found


def _of_all_classes(found: Aggregate, used: Integers, classes: int) -> Aggregate:
    """The same with the classes that nobody answered, of probability 0."""
    posterior = np.zeros((len(found.posterior), classes))
    posterior[:, used] = found.posterior
    confusion = np.zeros((len(found.confusion), classes, classes))
    confusion[:, used[:, None], used] = found.confusion
    return replace(found, posterior=posterior, labels=used[found.labels], confusion=confusion)


def _why_majority(answers: CodedAnswers) -> str | None:
    """Why no model of annotators can be fitted, in words; None if one can."""
    annotators = np.count_nonzero(np.bincount(answers.annotators))
    if annotators < FEWEST:
        return f"{'one annotator' if annotators == 1 else 'two annotators'} cannot be told apart"
    return "there is one class" if answers.classes == 1 else None


def _temper(found: Aggregate, answers: CodedAnswers, settings: Settings) -> Aggregate:
    power = held_out_power(answers, lambda rest: METHODS[found.method](rest, settings))
    if power is None:
        return replace(found, notes=(*found.notes, "not tempered: no item has two answers"))
    return replace(found, posterior=tempered(found.posterior, power), power=power)


def _unanimous(found: Aggregate, answers: CodedAnswers) -> Aggregate:
    """Exchanges the probabilities of the likeliest class and the unanimous answer where they are two classes."""
    vote = answers.votes.argmax(axis=1)
    items = np.flatnonzero(answers.unanimous & (vote != found.labels))
    posterior, labels = found.posterior.copy(), found.labels.copy()
    posterior[items, vote[items]] = found.posterior[items, labels[items]]
    posterior[items, labels[items]] = found.posterior[items, vote[items]]
    labels[items] = vote[items]
    return replace(found, posterior=posterior, labels=labels, kept_unanimous=len(items))


def _rounded(found: Aggregate) -> Aggregate:
    likelihood = found.log_likelihood
    return replace(
        found,
        posterior=_on_grid(found.posterior),
        confusion=_on_grid(found.confusion),
        skill=np.round(found.skill, DIGITS),
        log_likelihood=None if likelihood is None else round(likelihood, DIGITS),
        parameters={name: np.round(each, DIGITS) for name, each in found.parameters.items()},
    )


def _on_grid(probabilities: Floats) -> Floats:
    """Probabilities as whole numbers of steps, one or more, divided by their sum, over the last axis."""
    steps = np.maximum(np.rint(probabilities * 10**DIGITS), 1).astype(np.int64)
    return np.asarray(steps / steps.sum(axis=-1, keepdims=True))
