"""Majority vote: every answer counts the same."""

from stages.annotate.aggregation.answers import CodedAnswers
from stages.annotate.aggregation.confusion import mean_skill, shrunk_confusion
from stages.annotate.aggregation.em import class_prior, vote_shares
from stages.annotate.aggregation.result import Aggregate, likeliest
from stages.annotate.aggregation.settings import Settings


def majority(answers: CodedAnswers, settings: Settings) -> Aggregate:
    """Takes the shares of the votes for a posterior; classes with equally many votes are equally likely.

    The annotators' confusion matrices compare them with these shares.
    """
    posterior = vote_shares(answers)
    confusion = shrunk_confusion(answers.by_annotator(posterior), settings.shrinkage)
    return Aggregate(
        method="majority",
        posterior=posterior,
        labels=likeliest(posterior, answers),
        confusion=confusion,
        skill=mean_skill(confusion, class_prior(posterior[answers.answered > 0].sum(axis=0))),
        log_likelihood=None,
        iterations=0,
        converged=True,
    )
