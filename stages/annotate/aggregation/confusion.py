"""Confusion matrices of annotators, and how the ones with few answers lean on the others."""

import numpy as np

from stages.annotate.aggregation.answers import Floats


def shrunk_confusion(counts: Floats, strength: float) -> Floats:
    """Confusion matrices that lean on the one of all annotators together, the more the fewer answers there are.

    Each row is the mean of a Dirichlet distribution whose prior has the pooled row as its mean and weighs ``strength``
    answers; the pooled row itself leans on equal probabilities by one answer. It is the partial pooling of the
    hierarchical Dawid-Skene model of Paun et al. (2018), Comparing Bayesian Models of Annotation, TACL 6, with a
    strength that is set, not inferred.

    Args:
        counts: How often each annotator gave each answer, expected, [annotators, true classes, answers].
        strength: In answers for each true class.

    Returns:
        The same shape; the last axis sums to 1.
    """
    pooled = counts.sum(axis=0) + 1 / counts.shape[-1]
    leaning = counts + strength * (pooled / pooled.sum(axis=-1, keepdims=True))
    return np.asarray(leaning / leaning.sum(axis=-1, keepdims=True))


def shrunk_skill(right: Floats, answers: Floats, strength: float) -> Floats:
    """Shares of right answers that lean on the one of all annotators together, likewise.

    Args:
        right: Right answers of each annotator, expected, [annotators].
        answers: All answers of each, [annotators].
        strength: In answers.
    """
    pooled = (right.sum() + 0.5) / (answers.sum() + 1)
    return np.asarray((right + strength * pooled) / (answers + strength))


def one_coin_confusion(skill: Floats, classes: int) -> Floats:
    """Matrices of annotators who are right equally often whatever is true, and wrong in every way equally often.

    Args:
        skill: How probably each annotator's answer is right, [annotators].
        classes: How many classes there are, two or more.

    Returns:
        Shape [annotators, true classes, answers].
    """
    wrong = (1 - skill) / (classes - 1)
    same = np.eye(classes)
    return np.asarray(same * skill[:, None, None] + (1 - same) * wrong[:, None, None])


def mean_skill(confusion: Floats, prior: Floats) -> Floats:
    """How probably an answer is right, over all classes, [annotators].

    Args:
        confusion: Shape [annotators, true classes, answers].
        prior: How probable each class is, [classes].
    """
    return np.asarray((np.diagonal(confusion, axis1=1, axis2=2) * prior).sum(axis=1))
