"""The truth that a model is tested by, where people's answers made the labels."""

from collections.abc import Sequence

import pandas as pd

from stages.common.documents.answer_forms import answers_of, labelled_with
from stages.common.tasks import Task


def with_gold(test: pd.DataFrame, consensus: pd.DataFrame, task: Task, labels: Sequence[str]) -> pd.DataFrame:
    """The test split with the publisher's label in the place of what people's answers came to, where there is one.

    Args:
        test: The documents of the test split.
        consensus: What people's answers came to (:mod:`stages.common.documents.consensus`).
        task: The task.
        labels: The names of the labels, in the card's order.
    """
    gold = consensus.dropna(subset="gold").set_index("id")["gold"]
    if gold.empty:
        return test
    return labelled_with(test, test["id"].map(gold).fillna(answers_of(test, task)), task, labels)
