"""The table of predictions where each document has one label, and what is counted from it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.common.metrics.counts import Counts, Floats
from stages.common.model.answers import Columns
from stages.evaluate.assessment import ENCODER, Answer


def indices(documents: pd.DataFrame, labels: Sequence[str]) -> Counts:
    """The index of each document's label."""
    index = {label: position for position, label in enumerate(labels)}
    return np.asarray(documents["label"].map(index), dtype=np.int64)


def predictions_table(
    test: pd.DataFrame, answered: Columns, answers: Mapping[str, Answer[Floats]], labels: Sequence[str]
) -> pa.Table:
    """The table of predictions, one row a test document.

    Args:
        test: The test documents.
        answered: What the encoder answers, as :mod:`stages.common.model.answers` has it.
        answers: The probabilities of all classifiers, by name.
        labels: The names of the labels.

    Returns:
        Columns id, label, predicted (null where the encoder has no answer), ``p:<label>`` for each label, and
        ``<name>_predicted`` for each other classifier.
    """
    columns = {
        "id": pa.array(test["id"], type=pa.string(), from_pandas=True),
        "label": pa.array(test["label"], type=pa.string(), from_pandas=True),
        "predicted": pa.array(answered["label"], type=pa.string()),
        **{f"p:{label}": pa.array(answered[f"p:{label}"], type=pa.float64()) for label in labels},
    }
    names = np.array(labels, dtype=object)
    for name, answer in answers.items():
        if name != ENCODER:
            silent = answer.content is None
            labelled = [None] * len(test) if silent else names[np.asarray(answer.content).argmax(axis=1)]
            columns[f"{name}_predicted"] = pa.array(labelled, type=pa.string())
    return pa.table(columns)


def confusion_pairs(predictions: pa.Table) -> pd.DataFrame:
    """Actual and predicted label of each document, as DVC's confusion template counts them; only those predicted."""
    pairs: pd.DataFrame = predictions.select(["label", "predicted"]).rename_columns(["actual", "predicted"]).to_pandas()
    return pairs.dropna(ignore_index=True)
