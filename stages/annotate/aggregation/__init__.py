"""From what several annotators answered to one label an item, with its probability (docs/annotation.md)."""

from stages.annotate.aggregation.answers import CodedAnswers
from stages.annotate.aggregation.choice import Choice, Scores, choose, choose_by
from stages.annotate.aggregation.methods import METHODS
from stages.annotate.aggregation.result import Aggregate
from stages.annotate.aggregation.run import aggregate
from stages.annotate.aggregation.settings import Settings

__all__ = ["METHODS", "Aggregate", "Choice", "CodedAnswers", "Scores", "Settings", "aggregate", "choose", "choose_by"]
