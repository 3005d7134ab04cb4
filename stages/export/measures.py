"""The headline metric of a task, from the logits of documents: what an exported model must not lose."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from stages.common.documents.spans import decode_tags
from stages.common.documents.targets import label_sets
from stages.common.metrics.bootstrap import Compute
from stages.common.metrics.counts import Counts, Floats, Tally, averages, tally
from stages.common.metrics.regression import error_metrics
from stages.common.metrics.tagging import span_tally
from stages.common.model.answers import chosen_labels, probabilities, values
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits
from stages.common.tasks import task_of

# From a headline to the average of counts that it is.
AVERAGES = {"macro_f1": "macro_f1", "span_f1": "micro_f1", "accuracy": "micro_recall"}


def headline_metric(documents: pd.DataFrame, logits: Logits | list[Logits], inference: Inference) -> Compute:
    """The headline metric of the model's task.

    Args:
        documents: With what is true of them.
        logits: The model's, of these documents, all finite.
        inference: The model's record.

    Returns:
        From how often each document counts to the metric, by its name.
    """
    return MEASURES[task_of(inference).answer](documents, logits, inference)


def strata(documents: pd.DataFrame) -> Counts:
    """A number for each document by which it is resampled: that of its label; one for all where it has no single one.

    Returns:
        Shape (documents,).
    """
    single = "label" in documents and documents["label"].notna().all()
    return pd.factorize(documents["label"])[0].astype(np.int64) if single else np.zeros(len(documents), dtype=np.int64)


def _label(documents: pd.DataFrame, logits: Logits | list[Logits], inference: Inference) -> Compute:
    place = {label: index for index, label in enumerate(inference.labels)}
    actual = np.asarray(documents["label"].map(place), dtype=np.int64)
    return _of_counts(
        tally(actual, np.asarray(np.asarray(logits).argmax(axis=1), dtype=np.int64), len(place)), inference
    )


def _labels(documents: pd.DataFrame, logits: Logits | list[Logits], inference: Inference) -> Compute:
    chosen = chosen_labels(probabilities(np.asarray(logits), inference), inference)
    truth = np.array([[label in own for label in inference.labels] for own in label_sets(documents)], dtype=bool)
    return _of_counts(Tally(*(part.astype(np.float64) for part in (truth & chosen, truth, chosen))), inference)


def _tags(documents: pd.DataFrame, logits: Logits | list[Logits], inference: Inference) -> Compute:
    predicted = [decode_tags(rows, inference.outputs) for rows in logits]
    return _of_counts(span_tally(documents["tags"].tolist(), predicted, inference.labels), inference)


def _value(documents: pd.DataFrame, logits: Logits | list[Logits], inference: Inference) -> Compute:
    actual = documents["value"].to_numpy(dtype=np.float64) / inference.scale
    return error_metrics(actual, values(np.asarray(logits), inference) / inference.scale)


def _of_counts(counted: Tally, inference: Inference) -> Compute:
    headline = task_of(inference).headline

    def compute(weights: Floats) -> dict[str, Floats]:
        return {headline: averages(counted.weighted(weights))[AVERAGES[headline]]}

    return compute


# By what a prediction is; several tasks share one.
MEASURES: dict[str, Callable[[pd.DataFrame, Logits | list[Logits], Inference], Compute]] = {
    "label": _label,
    "labels": _labels,
    "tags": _tags,
    "value": _value,
}
