"""Coefficients of agreement between any number of annotators, not each of whom answers about each item.

All of them come from how many annotators put an item into each class. Where numbers of answers differ:

- Observed agreement is the mean over the items with two answers or more of the share of pairs of answers that agree.
- Fleiss' (1971) kappa and Gwet's (2008) AC1 and AC2 take a class's prevalence as the mean over all items of its share
  of the item's answers (Gwet 2014, Handbook of Inter-Rater Reliability): an item counts once, however many it has.
- Krippendorff's (2011) alpha counts pairable answers: an item counts by how many it has, if it has two or more.

Each is a function of how often each item counts, so that thousands of resamples are a product of matrices.
"""

from typing import Literal, NamedTuple

import numpy as np

from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import Counts, Floats, ratio

ROUNDING = 1e-12  # of the largest square: what varies less does not vary
OBSERVED, FLEISS, ALPHA, AC1 = "observed_agreement", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1"
Weights = Literal["identity", "linear", "quadratic", "ordinal"]


class Sums(NamedTuple):
    """What each item, or kind of items, adds to the sums that nominal coefficients are made of.

    Attributes:
        units: What is answered about: 1 for an item, or its words, shape (items,).
        paired: Those with two answers or more.
        agreed: Over those, the sum of the share of pairs of answers that agree.
        disagreed: Over those, the sum of the coincidences of two different classes.
        shares: Over all units, the sum of each class's share of the answers, shape (items, classes).
        pairable: Answers of each class about paired units.
    """

    units: Floats
    paired: Floats
    agreed: Floats
    disagreed: Floats
    shares: Floats
    pairable: Floats

    def drawn(self, weights: Floats) -> "Sums":
        """The sums of resamples, shape (draws,) and (draws, classes), from how often each item counts."""
        return Sums(*(weights @ part for part in self))

    def grouped(self, items: Counts, count: int) -> "Sums":
        """The sums of items from those of their units.

        Args:
            items: The item of each unit, shape (units,).
            count: How many items there are.
        """
        return Sums(*(_added(part, items, count) for part in self))


def unit_sums(counts: Counts) -> Sums:
    """The sums of units by themselves.

    Args:
        counts: How many annotators put each unit into each class, shape (units, classes); each unit has an answer.
    """
    answers = counts.sum(axis=1)
    several = np.where(answers > 1, answers, np.nan)
    paired = (answers > 1).astype(np.float64)
    same = (counts * (counts - 1)).sum(axis=1)
    other = answers**2 - (counts**2).sum(axis=1)
    return Sums(
        np.ones(len(counts)),
        paired,
        np.nan_to_num(same / (several * (several - 1))),
        np.nan_to_num(other / (several - 1)),
        counts / answers[:, None],
        counts * paired[:, None],
    )


def nominal_coefficients(sums: Sums) -> Compute:
    """Observed agreement, Fleiss' kappa, Krippendorff's alpha for nominal data and Gwet's AC1.

    Args:
        sums: Of each item, or kind of items.

    Returns:
        A function to arrays of shape (draws,): NaN where a denominator is 0, which for kappa and alpha is a single
        class. AC1 is then 1.
    """
    classes = sums.shares.shape[1]

    def compute(weights: Floats) -> dict[str, Floats]:
        total = sums.drawn(weights)
        observed = ratio(total.agreed, total.paired)
        prevalence = ratio(total.shares, total.units[:, None] + np.zeros(classes))
        by_chance = (prevalence**2).sum(axis=1)
        hard = (prevalence * (1 - prevalence)).sum(axis=1) / max(classes - 1, 1)
        answers = total.pairable.sum(axis=1)
        expected = ratio(answers**2 - (total.pairable**2).sum(axis=1), answers - 1)
        return {
            OBSERVED: observed,
            FLEISS: ratio(observed - by_chance, 1 - by_chance),
            ALPHA: 1 - ratio(total.disagreed, expected),
            AC1: ratio(observed - hard, 1 - hard),
        }

    return compute


def ordinal_alpha(counts: Counts) -> Compute:
    """Krippendorff's alpha for ordered classes.

    The distance of two classes is that of their mean ranks among the pairable answers, squared; it differs from draw
    to draw.

    Args:
        counts: How many annotators put each item, or kind of items, into each class, in the classes' order, shape
            (items, classes).

    Returns:
        A function to ``krippendorff_alpha_ordinal``, shape (draws,); NaN where there is a single class.
    """
    answers = counts.sum(axis=1, keepdims=True)
    pairable = counts * (answers > 1).astype(np.float64)
    free = np.maximum(answers[:, 0] - 1, 1)

    def compute(weights: Floats) -> dict[str, Floats]:
        total = weights @ pairable
        everything = total.sum(axis=1)
        rank = total.cumsum(axis=1) - total / 2 - everything[:, None] / 2  # around 0, so that sums lose less
        within = answers * (pairable @ (rank**2).T) - (pairable @ rank.T) ** 2
        disagreed = np.einsum("di,id->d", weights / free, np.maximum(within, 0))
        spread = everything * (total * rank**2).sum(axis=1) - (total * rank).sum(axis=1) ** 2
        several = (total > 0).sum(axis=1) > 1
        return {f"{ALPHA}_ordinal": 1 - ratio(disagreed, np.where(several, spread / np.maximum(everything - 1, 1), 0))}

    return compute


def interval_alpha(items: Counts, numbers: Floats) -> Compute:
    """Krippendorff's alpha for numbers whose differences mean something.

    Args:
        items: The item of each answer, numbered from 0, each with an answer, shape (answers,).
        numbers: The answers.

    Returns:
        A function of how often each item counts to ``krippendorff_alpha_interval``, shape (draws,); NaN where all
        numbers are the same.
    """
    centred = numbers - (numbers.min() + numbers.max()) / 2  # sums around 0 lose less
    answers, sums, squares = (np.bincount(items, power) for power in (np.ones(len(items)), centred, centred**2))
    paired = (answers > 1).astype(np.float64)
    means = sums / answers
    within = paired * answers * np.bincount(items, (centred - means[items]) ** 2) / np.maximum(answers - 1, 1)
    smallest = ROUNDING * float(np.square(centred).max())

    def compute(weights: Floats) -> dict[str, Floats]:
        everything, total, total_squares = ((weights * paired) @ part for part in (answers, sums, squares))
        spread = total_squares - ratio(total**2, everything)
        expected = np.where(spread > smallest * everything, everything * spread / np.maximum(everything - 1, 1), 0)
        return {f"{ALPHA}_interval": 1 - ratio(weights @ within, expected)}

    return compute


def alpha_of_distances(counts: Counts, distances: Floats, name: str) -> Compute:
    """Krippendorff's alpha with a distance of one's own.

    Args:
        counts: How many annotators gave each answer about each item, or kind of items, shape (items, answers).
        distances: Between answers, 0 between like ones, shape (answers, answers), symmetric.
        name: What the coefficient is to be called.
    """
    answers = counts.sum(axis=1, keepdims=True)
    pairable = counts * (answers > 1).astype(np.float64)
    disagreed = ((pairable @ distances) * pairable).sum(axis=1) / np.maximum(answers[:, 0] - 1, 1)

    def compute(weights: Floats) -> dict[str, Floats]:
        total = weights @ pairable
        expected = ((total @ distances) * total).sum(axis=1) / np.maximum(total.sum(axis=1) - 1, 1)
        return {name: 1 - ratio(weights @ disagreed, expected)}

    return compute


def agreement_weights(weights: Weights, values: Floats) -> Floats:
    """How far two classes agree, from 0 to 1 (Gwet 2014).

    Args:
        weights: ``ordinal`` looks at the order of the classes alone, ``linear`` and ``quadratic`` at their values.
        values: The number that each class stands for, rising; 1, 2, 3, ... if they are only ordered.

    Returns:
        Shape (classes, classes), 1 on the diagonal.
    """
    if len(values) < 2 or weights == "identity":
        return np.eye(len(values))
    place = np.arange(len(values), dtype=np.float64) if weights == "ordinal" else values
    apart = np.abs(place[:, None] - place)
    cost = {"linear": apart, "quadratic": apart**2, "ordinal": apart * (apart + 1) / 2}[weights]
    return np.asarray(1 - cost / cost.max())


def weighted_coefficients(counts: Counts, agreement: Floats, name: str) -> Compute:
    """Gwet's AC2, and the weighted observed agreement.

    Args:
        counts: How many annotators put each item, or kind of items, into each class, shape (items, classes).
        agreement: Of classes, from :func:`agreement_weights`.
        name: Of the weights.

    Returns:
        A function to ``gwet_ac2_<name>`` and ``observed_agreement_<name>``, shape (draws,).
    """
    classes = counts.shape[1]
    answers = counts.sum(axis=1)
    paired = (answers > 1).astype(np.float64)
    same = (counts * (counts @ agreement - 1)).sum(axis=1)
    agreed = paired * same / np.maximum(answers * (answers - 1), 1)
    shares = counts / answers[:, None]
    scale = agreement.sum() / max(classes * (classes - 1), 1)

    def compute(weights: Floats) -> dict[str, Floats]:
        observed = ratio(weights @ agreed, weights @ paired)
        prevalence = weights @ shares / weights.sum(axis=1, keepdims=True)
        by_chance = scale * (prevalence * (1 - prevalence)).sum(axis=1)
        return {f"gwet_ac2_{name}": ratio(observed - by_chance, 1 - by_chance), f"{OBSERVED}_{name}": observed}

    return compute


def kinds_of_items(counts: Counts) -> tuple[Counts, Counts]:
    """Items with the same answers as one kind.

    Args:
        counts: Shape (items, classes).

    Returns:
        The counts of each kind, sorted, shape (kinds, classes), and how many items it has.
    """
    kinds, copies = np.unique(counts, axis=0, return_counts=True)
    return kinds, copies


def count_answers(items: Counts, values: Counts, classes: int) -> Counts:
    """How many annotators put each item into each class, shape (items, classes), for items numbered from 0.

    Args:
        items: The item of each answer, shape (answers,).
        values: The class of each answer, from 0 to ``classes - 1``.
        classes: How many classes there are.
    """
    places = np.bincount(items * classes + values, minlength=(int(items.max(initial=-1)) + 1) * classes)
    return places.reshape(-1, classes)


def _added(part: Floats, items: Counts, count: int) -> Floats:
    added = np.zeros((count, *part.shape[1:]))
    np.add.at(added, items, part)
    return added
