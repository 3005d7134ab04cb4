"""Each annotator either knows the class or answers without looking, with favourite answers of their own.

Hovy, Berg-Kirkpatrick, Vaswani & Hovy (2013), Learning Whom to Trust with MACE, NAACL.
"""

import numpy as np
from scipy.special import digamma

from stages.annotate.aggregation.answers import CodedAnswers, Floats
from stages.annotate.aggregation.em import Model, fit
from stages.annotate.aggregation.result import Aggregate
from stages.annotate.aggregation.settings import Settings

KNOWING = 0.5  # the parameter of the Beta prior of knowing, as in the paper's section 3.3
FAVOURITES = 10.0  # of the Dirichlet prior of the answers that are given without looking, as there
COMPETENCE = "competence"


def mace(answers: CodedAnswers, settings: Settings) -> Aggregate:
    """Estimates how probably each annotator knows the class (competence) and what they answer if not.

    Trained by variational Bayes as in the paper, with its priors and with equal probabilities of the classes; but it
    starts from the shares of the votes, where the paper keeps the likeliest of many random starts.
    """
    prior = np.full(answers.classes, 1 / answers.classes)
    same = np.eye(answers.classes)

    def maximise(counts: Floats, _: Floats, model: Model | None) -> Model:
        agreeing = np.diagonal(counts, axis1=1, axis2=2)
        known = agreeing * (_knew(model) if model else 0.5)
        blind = counts.sum(axis=1) - known
        knowing = np.stack([known.sum(axis=1), blind.sum(axis=1)], axis=1) + KNOWING
        favourites = blind + FAVOURITES
        expected = _matrices(_geometric(knowing), _geometric(favourites), same)
        means = knowing / knowing.sum(axis=1, keepdims=True), favourites / favourites.sum(axis=1, keepdims=True)
        return Model(prior, _matrices(*means, same), np.log(expected), {COMPETENCE: means[0][:, 0]})

    return fit("mace", answers, maximise, settings)


def _knew(model: Model) -> Floats:
    """How probably a right answer was given by knowing, [annotators, answers], under the last step's expectations."""
    right = np.exp(np.diagonal(model.weights, axis1=1, axis2=2))
    anyway = np.exp(model.weights.min(axis=1))  # wherever another class is true, the answer was given without looking
    return np.asarray((right - anyway) / right)


def _geometric(pseudo_counts: Floats) -> Floats:
    """The exponential of the expected logarithm of Dirichlet-distributed probabilities, over the last axis."""
    return np.asarray(np.exp(digamma(pseudo_counts) - digamma(pseudo_counts.sum(axis=-1, keepdims=True))))


def _matrices(knowing: Floats, favourites: Floats, same: Floats) -> Floats:
    """Confusion matrices from knowing or not, [annotators, 2], and favourite answers, [annotators, answers]."""
    return np.asarray(same * knowing[:, :1, None] + (knowing[:, 1:] * favourites)[:, None, :])
