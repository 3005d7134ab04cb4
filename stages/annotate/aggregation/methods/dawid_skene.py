"""Each annotator has a confusion matrix of their own.

Dawid & Skene (1979), Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm, Applied Statistics
28.
"""

import numpy as np

from stages.annotate.aggregation.answers import CodedAnswers, Floats
from stages.annotate.aggregation.confusion import shrunk_confusion
from stages.annotate.aggregation.em import Model, class_prior, fit
from stages.annotate.aggregation.result import Aggregate
from stages.annotate.aggregation.settings import Settings


def dawid_skene(answers: CodedAnswers, settings: Settings) -> Aggregate:
    """Estimates how probably each annotator gives each answer about items of each class, and the classes' shares."""

    def maximise(counts: Floats, totals: Floats, _: Model | None) -> Model:
        confusion = shrunk_confusion(counts, settings.shrinkage)
        return Model(class_prior(totals), confusion, np.log(confusion))

    return fit("dawid_skene", answers, maximise, settings)
