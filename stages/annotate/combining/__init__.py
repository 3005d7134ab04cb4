"""How several people's answers become one, by what an answer is: a label, a set of labels, tagged words, a number."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stages.annotate.aggregation import Settings
from stages.annotate.combining.combiner import Combined, Combiner
from stages.annotate.combining.label_sets import LabelSets
from stages.annotate.combining.numbers import Numbers
from stages.annotate.combining.one_label import OneLabel
from stages.annotate.combining.tagged_words import TaggedWords
from stages.common.tasks import Task

__all__ = ["Combined", "Combiner", "combiner_of"]


def combiner_of(
    task: Task, answers: pd.DataFrame, labels: Sequence[str], words: Mapping[str, int], settings: Settings
) -> Combiner:
    """What combines the answers of a task.

    Args:
        task: The task.
        answers: One answer an annotator and document, without an adjudicator's; in any order.
        labels: The names of the labels, in the card's order.
        words: How many words each document has, by its id; for tagged words.
        settings: Of the models of annotators.

    Raises:
        UserError: If an answer is not of its kind.
    """
    if task.answer == "label":
        return OneLabel(answers, labels, settings)
    if task.answer == "labels":
        return LabelSets(answers, labels, settings)
    return TaggedWords(answers, labels, words, settings) if task.answer == "tags" else Numbers(answers, settings)
