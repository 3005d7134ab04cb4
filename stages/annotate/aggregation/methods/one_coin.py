"""One number an annotator: how probably their answer is right, whatever the class; wrong answers are equally likely.

The one-coin form of Dawid & Skene's model, as in Zhang et al. (2014), Spectral Methods Meet EM: A Provably Optimal
Algorithm for Crowdsourcing, NeurIPS 27.
"""

import numpy as np

from stages.annotate.aggregation.answers import CodedAnswers, Floats
from stages.annotate.aggregation.confusion import one_coin_confusion, shrunk_skill
from stages.annotate.aggregation.em import Model, class_prior, fit
from stages.annotate.aggregation.result import Aggregate
from stages.annotate.aggregation.settings import Settings


def one_coin(answers: CodedAnswers, settings: Settings) -> Aggregate:
    """Estimates each annotator's share of right answers, and the classes' shares.

    One annotator's number leans on everybody's by as many answers as all rows of a confusion matrix together would.
    """
    strength = settings.shrinkage * answers.classes

    def maximise(counts: Floats, totals: Floats, _: Model | None) -> Model:
        right = np.trace(counts, axis1=1, axis2=2)
        skill = shrunk_skill(right, counts.sum(axis=(1, 2)), strength)
        confusion = one_coin_confusion(skill, answers.classes)
        return Model(class_prior(totals), confusion, np.log(confusion))

    return fit("one_coin", answers, maximise, settings)
