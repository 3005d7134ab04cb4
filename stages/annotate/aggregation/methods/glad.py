"""Annotators differ in ability and items in difficulty.

Whitehill, Ruvolo, Wu, Bergsma & Movellan (2009), Whose Vote Should Count More: Optimal Integration of Labels from
Labelers of Unknown Expertise, NeurIPS 22.
"""

import numpy as np
from scipy.special import expit, log_expit

from stages.annotate.aggregation.answers import CodedAnswers, Floats, Integers
from stages.annotate.aggregation.confusion import one_coin_confusion
from stages.annotate.aggregation.em import log_likelihood, normalise, stands_still, vote_shares
from stages.annotate.aggregation.result import Aggregate, likeliest
from stages.annotate.aggregation.settings import Settings

MEAN = 1.0  # of the normal priors of ability and of log easiness, both with variance 1, as in the authors' program
NEWTON_STEPS = 3  # of abilities and easiness in turn, in each step of expectation-maximisation
LONGEST_STEP = 1.0  # of Newton's method, beyond which the quadratic that it follows is a poor guide


def glad(answers: CodedAnswers, settings: Settings) -> Aggregate:
    """Estimates ability and easiness: an answer is right with probability 1 / (1 + exp(-ability x easiness)).

    Classes have equal probabilities, as in the paper. Given the items' easiness, abilities are independent of each
    other, and the other way round, so each takes Newton steps of its own, in place of the paper's conjugate gradients.
    """
    ability, log_easiness = np.full(answers.annotator_count, MEAN), np.full(answers.item_count, MEAN)
    prior = np.full(answers.classes, 1 / answers.classes)
    posterior, converged, steps = vote_shares(answers), False, 0
    while not converged and steps < settings.iterations:
        right = posterior[answers.items, answers.values]
        for _ in range(NEWTON_STEPS):
            ability = _better_ability(answers, right, ability, log_easiness)
            log_easiness = _better_easiness(answers, right, ability, log_easiness)
        logarithms = _logarithms(answers, ability, log_easiness)
        before, posterior = posterior, normalise(logarithms, prior)
        converged, steps = stands_still(before, posterior, settings), steps + 1
    skill = _skill(answers, ability, log_easiness)
    return Aggregate(
        method="glad",
        posterior=posterior,
        labels=likeliest(posterior, answers),
        confusion=one_coin_confusion(skill, answers.classes),
        skill=skill,
        log_likelihood=log_likelihood(logarithms, prior),
        iterations=steps,
        converged=converged,
        parameters={"ability": ability, "easiness": np.exp(log_easiness)},
    )


def _better_ability(answers: CodedAnswers, right: Floats, ability: Floats, log_easiness: Floats) -> Floats:
    """A Newton step of each ability; ``right`` is how probably each answer is right, [answers]."""
    easiness = np.exp(log_easiness)[answers.items]
    chance = expit(ability[answers.annotators] * easiness)
    gradient = _sums(answers.annotators, (right - chance) * easiness, len(ability)) - (ability - MEAN)
    curvature = _sums(answers.annotators, chance * (1 - chance) * easiness**2, len(ability)) + 1
    return np.asarray(ability + np.clip(gradient / curvature, -LONGEST_STEP, LONGEST_STEP))


def _better_easiness(answers: CodedAnswers, right: Floats, ability: Floats, log_easiness: Floats) -> Floats:
    """A step of each item's log easiness, by its expected curvature (Fisher's scoring), which is never negative."""
    product = ability[answers.annotators] * np.exp(log_easiness)[answers.items]
    chance = expit(product)
    gradient = _sums(answers.items, (right - chance) * product, len(log_easiness)) - (log_easiness - MEAN)
    curvature = _sums(answers.items, chance * (1 - chance) * product**2, len(log_easiness)) + 1
    return np.asarray(log_easiness + np.clip(gradient / curvature, -LONGEST_STEP, LONGEST_STEP))


def _logarithms(answers: CodedAnswers, ability: Floats, log_easiness: Floats) -> Floats:
    """The logarithm of how probable each class makes the answers about an item, [items, classes]."""
    product = ability[answers.annotators] * np.exp(log_easiness)[answers.items]
    others = np.log(answers.classes - 1)
    cells = answers.items * answers.classes + answers.values
    odds = _sums(cells, product + others, answers.item_count * answers.classes).reshape(-1, answers.classes)
    wrong = _sums(answers.items, log_expit(-product) - others, answers.item_count)
    return np.asarray(odds + wrong[:, None])


def _skill(answers: CodedAnswers, ability: Floats, log_easiness: Floats) -> Floats:
    """How probably an answer is right, the mean over the annotator's own; without answers, what the priors say."""
    chance = expit(ability[answers.annotators] * np.exp(log_easiness)[answers.items])
    given = np.bincount(answers.annotators, minlength=len(ability))
    mean = _sums(answers.annotators, chance, len(ability)) / np.maximum(given, 1)
    return np.asarray(np.where(given > 0, mean, expit(MEAN * np.exp(MEAN))))


def _sums(numbers: Integers, values: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(numbers, weights=values, minlength=count))
