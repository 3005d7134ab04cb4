"""Any number of labels a document: each is a question of its own, given or not."""

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.annotate.aggregation import METHODS, Aggregate, CodedAnswers, Scores, Settings, aggregate
from stages.annotate.aggregation.answers import Floats, Integers
from stages.annotate.agreement.reading import read_label_sets
from stages.annotate.combining.combiner import Combined, equal
from stages.common.documents.answer_forms import label_list


class LabelSets:
    """Combines sets of labels label by label (binary relevance), by the models of annotators.

    Annotators have a skill, or a confusion matrix, for each label: who sees every joke may miss every threat. A set is
    as sure as the least sure of its decisions, which is the most that the probability of the whole set can be.

    Args:
        answers: One answer an annotator and document.
        labels: The names of the labels.
        settings: Of the models.
    """

    methods = tuple(METHODS)

    def __init__(self, answers: pd.DataFrame, labels: Sequence[str], settings: Settings) -> None:
        self.ids = sorted(answers["id"].unique())
        self.labels, self.settings = list(labels), settings
        items = pd.Index(self.ids).get_indexer(pd.Index(answers["id"]))
        annotators, names = pd.factorize(answers["annotator"], sort=True)
        given = read_label_sets(answers, self.labels)
        counts = len(self.ids), len(names), 2
        self.coded = [
            CodedAnswers.sort(
                items,
                annotators,
                [label in each for each in given],
                counts,
                tuple(map(str, names)),
                [f"{label} {name}" for name in self.ids],  # so that each label's ties have a coin of their own
            )
            for label in self.labels
        ]

    def combine(self, method: str) -> Combined:
        """The labels that are likelier than not, with the probability of each."""
        found = self._aggregates(method, self.settings)
        given = np.stack([each.posterior[:, 1] for each in found], axis=1)
        decided = np.stack([each.labels for each in found], axis=1) == 1
        sure = np.where(decided, given, 1 - given).min(axis=1)
        notes = tuple(dict.fromkeys(note for each in found for note in each.notes))
        return Combined(self._sets(decided), sure, given, None, all(each.converged for each in found), notes)

    def scores(self, method: str, places: Integers, gold: Sequence[str]) -> Scores:
        """1 where the set is that of gold."""
        found = self._aggregates(method, self.settings.model_copy(update={"temper": False}))
        decided = np.stack([each.labels[places] for each in found], axis=1) == 1
        return equal(self._sets(decided), gold)

    def certain(self, answer: str) -> Floats:
        """1 for the labels of the set, 0 for the others."""
        return np.isin(self.labels, json.loads(answer)).astype(np.float64)

    def counts(self, answers: pd.Series) -> dict[str, int]:
        """How many documents each label has."""
        return dict(sorted(Counter(label for answer in answers for label in json.loads(answer)).items()))

    @property
    def pairs(self) -> list[list[int]]:
        """None: two sets have no one cell."""
        return []

    def _aggregates(self, method: str, settings: Settings) -> list[Aggregate]:
        return [aggregate(method, coded, settings) for coded in self.coded]

    def _sets(self, decided: npt.NDArray[np.bool_]) -> list[str]:
        return [label_list([self.labels[place] for place in np.flatnonzero(row)]) for row in decided]
