"""One label a document."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from stages.annotate.aggregation import METHODS, CodedAnswers, Scores, Settings, aggregate
from stages.annotate.aggregation.answers import Floats, Integers
from stages.annotate.combining.combiner import Combined


class OneLabel:
    """Combines labels by the models of annotators (:mod:`stages.annotate.aggregation`).

    Args:
        answers: One answer an annotator and document.
        labels: The names of the labels.
        settings: Of the models.
    """

    methods = tuple(METHODS)

    def __init__(self, answers: pd.DataFrame, labels: Sequence[str], settings: Settings) -> None:
        self.ids = sorted(answers["id"].unique())
        self.labels, self.settings = list(labels), settings
        self.coded = CodedAnswers.of(answers, self.ids, self.labels)

    def combine(self, method: str) -> Combined:
        """The likeliest label, with the posterior of all."""
        found = aggregate(method, self.coded, self.settings)
        sure = found.posterior[np.arange(len(self.ids)), found.labels]
        names = [self.labels[place] for place in found.labels]
        return Combined(names, sure, found.posterior, None, found.converged, found.notes)

    def scores(self, method: str, places: Integers, gold: Sequence[str]) -> Scores:
        """1 where the label is right."""
        found = aggregate(method, self.coded, self.settings.model_copy(update={"temper": False}))
        true = np.array([self.labels.index(label) for label in gold], dtype=np.int64)
        return np.asarray(found.labels[places] == true)

    def certain(self, answer: str) -> Floats:
        """1 for the label, 0 for the others."""
        return np.asarray(np.eye(len(self.labels))[self.labels.index(answer)])

    def counts(self, answers: pd.Series) -> dict[str, int]:
        """How many documents each label has."""
        return {str(label): int(count) for label, count in answers.value_counts().sort_index().items()}

    @cached_property
    def pairs(self) -> list[list[int]]:
        """How often one annotator gave the label of the row where another gave that of the column."""
        votes = self.coded.votes
        counted: list[list[int]] = (votes.T @ votes - np.diag(votes.sum(axis=0))).tolist()
        return counted
