"""What the encoder gets wrong: the worst documents, classes that it confuses, and labels that may be wrong."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues

from stages.common.metrics.counts import Counts, Floats, losses
from stages.common.metrics.intervals import wilson


def worst_documents(ids: Sequence[str], actual: Counts, probability: Floats, labels: Sequence[str]) -> pd.DataFrame:
    """The documents by the loss of the encoder, the highest first.

    Args:
        ids: The documents' ids.
        actual: Index of each one's label, shape (documents,).
        probability: Shape (documents, labels).
        labels: The labels' names.

    Returns:
        Columns id, label, predicted, p_label, p_predicted, loss (nats).
    """
    names = np.array(labels, dtype=object)
    table = pd.DataFrame(
        {
            "id": list(ids),
            "label": names[actual],
            "predicted": names[probability.argmax(axis=1)],
            "p_label": probability[np.arange(len(actual)), actual],
            "p_predicted": probability.max(axis=1),
            "loss": losses(actual, probability),
        }
    )
    return table.sort_values(["loss", "id"], ascending=[False, True], ignore_index=True)


def confused_pairs(actual: Counts, predicted: Counts, labels: Sequence[str], confidence: float) -> pd.DataFrame:
    """Which class is taken for which, the most frequent first.

    Args:
        actual: Index of each document's label, shape (documents,).
        predicted: Index of the predicted label.
        labels: The labels' names.
        confidence: How often an interval covers the true share.

    Returns:
        Columns actual, predicted, documents, share (of the documents of the actual class), share_low, share_high.
    """
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, (actual, predicted), 1)
    rows = []
    for row, column in np.argwhere(counts > 0):
        if row != column:
            share = wilson(int(counts[row, column]), int(counts[row].sum()), confidence)
            rows.append([labels[row], labels[column], counts[row, column], share.value, share.low, share.high])
    table = pd.DataFrame(rows, columns=["actual", "predicted", "documents", "share", "share_low", "share_high"])
    return table.sort_values(["documents", "actual", "predicted"], ascending=[False, True, True], ignore_index=True)


def suspect_labels(
    ids: Sequence[str], actual: Counts, probability: Floats, baseline: Counts, labels: Sequence[str]
) -> pd.DataFrame:
    """Test documents whose label looks wrong by confident learning (Northcutt, Jiang & Chuang 2021), by cleanlab.

    The encoder never saw these documents, so its probabilities are out of sample. They are for a person to look at: no
    metric leaves them out.

    Args:
        ids: The documents' ids.
        actual: Index of each one's label, shape (documents,).
        probability: Shape (documents, labels).
        baseline: Index of the label that the baseline predicts.
        labels: The labels' names.

    Returns:
        Columns id, label, suggested, p_label, p_suggested, baseline_agrees; the least probable label first.
    """
    worst = worst_documents(ids, actual, probability, labels).set_index("id")
    present, given = np.unique(actual, return_inverse=True)
    flagged = np.zeros(len(actual), dtype=bool)
    if len(present) > 1:
        known = probability[:, present] / probability[:, present].sum(axis=1, keepdims=True)
        flagged = find_label_issues(given, known, filter_by="confident_learning", n_jobs=1)
    suggested = probability.argmax(axis=1)
    flagged &= suggested != actual
    agrees = pd.Series(baseline == suggested, index=list(ids), name="baseline_agrees")
    table = worst.loc[np.array(ids, dtype=object)[flagged]].join(agrees).reset_index(names="id")
    table = table.rename(columns={"predicted": "suggested", "p_predicted": "p_suggested"}).drop(columns="loss")
    return table.sort_values(["p_label", "id"], ignore_index=True)
