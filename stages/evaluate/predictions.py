"""The table of predictions, one row a test document, and what is counted from it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.common.metrics.counts import Counts, Floats
from stages.evaluate.assessment import ENCODER, Answer


def indices(documents: pd.DataFrame, labels: Sequence[str]) -> Counts:
    """The index of each document's label."""
    index = {label: position for position, label in enumerate(labels)}
    return np.asarray(documents["label"].map(index), dtype=np.int64)


def predicted_labels(answer: Answer, documents: int) -> Counts:
    """Index of the label that a classifier predicts for each document; -1 where it says nothing."""
    return np.full(documents, -1) if isinstance(answer, str) else np.asarray(answer.argmax(axis=1))


def predictions_table(
    test: pd.DataFrame, probability: Floats, others: Mapping[str, Answer], labels: Sequence[str]
) -> pa.Table:
    """The table of predictions, one row a test document.

    Args:
        test: The test documents.
        probability: The encoder's, shape (documents, labels); NaN where it says nothing.
        others: What the other classifiers say, by name.
        labels: The labels' names.

    Returns:
        Columns id, label, predicted (null where the encoder says nothing), ``p:<label>`` for each label, and
        ``<name>_predicted`` for each other classifier.
    """
    names = np.array([*labels, None], dtype=object)
    chosen = np.where(np.isnan(probability).any(axis=1), -1, np.nan_to_num(probability).argmax(axis=1))
    columns = {
        "id": pa.array(test["id"], type=pa.string(), from_pandas=True),
        "label": pa.array(test["label"], type=pa.string(), from_pandas=True),
        "predicted": pa.array(names[chosen], type=pa.string()),
        **{f"p:{label}": pa.array(probability[:, column], from_pandas=True) for column, label in enumerate(labels)},
    }
    for name, answer in others.items():
        if name != ENCODER:
            columns[f"{name}_predicted"] = pa.array(names[predicted_labels(answer, len(test))], type=pa.string())
    return pa.table(columns)


def confusion_pairs(predictions: pa.Table) -> pd.DataFrame:
    """Actual and predicted label of each document, as DVC's confusion template counts them; only those predicted."""
    pairs: pd.DataFrame = predictions.select(["label", "predicted"]).rename_columns(["actual", "predicted"]).to_pandas()
    return pairs.dropna(ignore_index=True)
