"""Expectation-maximisation for models in which a confusion matrix says how an annotator answers.

Everything is computed in logarithms: with a thousand answers about an item, products of probabilities underflow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from stages.annotate.aggregation.answers import CodedAnswers, Floats
from stages.annotate.aggregation.confusion import mean_skill
from stages.annotate.aggregation.result import Aggregate, likeliest
from stages.annotate.aggregation.settings import Settings


@dataclass(frozen=True, eq=False)
class Model:
    """The parameters at one step.

    Attributes:
        prior: The probability of each class, [classes].
        confusion: How probably each annotator gives each answer, [annotators, true classes, answers].
        weights: What an answer adds to the logarithm of a true class's probability, of the same shape; mostly the
            logarithm of the confusion matrices.
        parameters: What else the model says about annotators, by name.
    """

    prior: Floats
    confusion: Floats
    weights: Floats
    parameters: dict[str, Floats] = field(default_factory=dict)


# From how often each annotator gave each answer, expected, [annotators, true classes, answers], how often each class is
# true, expected, [classes], and the last step's model, None at first, to the next model.
Maximise = Callable[[Floats, Floats, Model | None], Model]


def fit(method: str, answers: CodedAnswers, maximise: Maximise, settings: Settings) -> Aggregate:
    """Starts from the shares of the votes and alternates between parameters and posterior (Dempster et al. 1977).

    Args:
        method: The method's name.
        answers: One or more.
        maximise: The model's step from the posterior to its parameters.
        settings: When it stops.
    """
    answered = (answers.answered > 0).astype(np.float64)

    def step(posterior: Floats, last: Model | None) -> tuple[Model, Floats]:
        model = maximise(answers.by_annotator(posterior), np.einsum("ic,i->c", posterior, answered), last)
        return model, normalise(answers.by_item(model.weights), model.prior)

    before, steps = vote_shares(answers), 1
    model, posterior = step(before, None)
    while not (converged := stands_still(before, posterior, settings)) and steps < settings.iterations:
        before, steps = posterior, steps + 1
        model, posterior = step(before, model)
    return Aggregate(
        method=method,
        posterior=posterior,
        labels=likeliest(posterior, answers),
        confusion=model.confusion,
        skill=mean_skill(model.confusion, model.prior),
        log_likelihood=log_likelihood(answers.by_item(np.log(model.confusion)), model.prior),
        iterations=steps,
        converged=converged,
        parameters=model.parameters,
    )


def vote_shares(answers: CodedAnswers) -> Floats:
    """The share of the answers that name each class; equal for all where an item has none; [items, classes]."""
    shares = answers.votes / np.maximum(answers.answered, 1)[:, None]
    shares[answers.answered == 0] = 1 / answers.classes
    return np.asarray(shares)


def normalise(logarithms: Floats, prior: Floats) -> Floats:
    """The posterior, [items, classes].

    Args:
        logarithms: Of how probable each class makes the answers about an item, [items, classes].
        prior: The probability of each class, [classes].
    """
    scaled, _ = _joint(logarithms, prior)
    scaled /= scaled.sum(axis=0)
    return np.ascontiguousarray(scaled.T)


def log_likelihood(logarithms: Floats, prior: Floats) -> float:
    """The logarithm of how probable all answers are, whatever is true; the arguments are those of :func:`normalise`."""
    scaled, top = _joint(logarithms, prior)
    return float((np.log(scaled.sum(axis=0)) + top).sum())


def _joint(logarithms: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Probabilities of answers and class, divided by their item's largest, [classes, items]; its logarithm, [items]."""
    by_class = np.array(logarithms.T, order="C")  # a copy; numpy is slow along a short last axis
    by_class += np.log(prior)[:, None]
    top = by_class.max(axis=0)
    by_class -= top
    np.exp(by_class, out=by_class)
    return by_class, top


def stands_still(before: Floats, after: Floats, settings: Settings) -> bool:
    """Whether a step changed no probability by more than the tolerance."""
    return settings.tolerance > 0 and float(np.abs(after - before).max()) <= settings.tolerance


def class_prior(totals: Floats) -> Floats:
    """The probability of each class, with one item of each class added (Laplace 1814), so that none is impossible."""
    return np.asarray((totals + 1) / (totals + 1).sum())
