"""What the encoder says of each test document: probabilities from logits, and the tables that hold them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from stages.evaluate.figures import Counts, Floats


def probabilities(logits: NDArray[np.floating]) -> Floats:
    """Softmax over the labels, in float64.

    Args:
        logits: Shape (documents, labels).

    Returns:
        Probabilities of the same shape; NaN in the rows of documents with a logit that is not finite.
    """
    exact = np.where(np.isfinite(logits).all(axis=1, keepdims=True), logits.astype(np.float64), np.nan)
    powers = np.exp(exact - exact.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def predictions_table(test: pd.DataFrame, probability: Floats, baseline: Counts, labels: Sequence[str]) -> pa.Table:
    """The table of predictions, one row a test document.

    Args:
        test: The test documents.
        probability: Shape (documents, labels); NaN where the encoder says nothing.
        baseline: Index of the label that the baseline predicts, shape (documents,).
        labels: The labels' names.

    Returns:
        Columns id, label, predicted (null where the encoder says nothing), ``p:<label>`` for each label, and
        baseline_predicted.
    """
    names = np.array([*labels, None], dtype=object)
    chosen = np.where(np.isnan(probability).any(axis=1), len(labels), np.nan_to_num(probability).argmax(axis=1))
    columns = {
        "id": pa.array(test["id"], type=pa.string(), from_pandas=True),
        "label": pa.array(test["label"], type=pa.string(), from_pandas=True),
        "predicted": pa.array(names[chosen], type=pa.string()),
        **{f"p:{label}": pa.array(probability[:, column], from_pandas=True) for column, label in enumerate(labels)},
        "baseline_predicted": pa.array(names[baseline], type=pa.string()),
    }
    return pa.table(columns)


def confusion_pairs(predictions: pa.Table) -> pd.DataFrame:
    """Actual and predicted label of each document, as DVC's confusion template counts them; only those predicted."""
    pairs: pd.DataFrame = predictions.select(["label", "predicted"]).rename_columns(["actual", "predicted"]).to_pandas()
    return pairs.dropna(ignore_index=True)
