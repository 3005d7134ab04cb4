"""What a fine-tuned model answers: from documents to columns of a table, by the model's own inference record."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.common.documents.spans import decode_tags, spans_of
from stages.common.metrics.probabilities import Floats, sigmoid, softmax
from stages.common.model.inference import Inference
from stages.common.model.scorer import Logits, Scorer
from stages.common.tasks import task_of

Columns = dict[str, list[Any]]


def answer(scorer: Scorer, documents: pd.DataFrame, what: str) -> Columns:
    """Answers documents.

    Args:
        scorer: The model.
        documents: With the columns that its task reads (:attr:`stages.common.tasks.Task.inputs`).
        what: The progress bar's title.

    Returns:
        One value a document in each column. For a label: ``label``, ``probability`` and ``p:<label>`` for each label;
        for several labels: ``labels`` and ``p:<label>``; for tags: ``tags`` (one a word) and ``spans`` (label, start,
        end and probability, in words); for a number: ``value``. All are None where the model's logits are not finite.
    """
    return answer_logits(scorer.logits(documents, what), scorer.inference)


def answer_logits(logits: Logits | list[Logits], inference: Inference) -> Columns:
    """Answers documents by their logits (:meth:`stages.common.model.scorer.Scorer.logits`), as :func:`answer` does."""
    return ANSWERS[task_of(inference).answer](logits, inference)


def probabilities(logits: Logits, inference: Inference) -> Floats:
    """The probability of each label of each document, [documents, labels]; NaN where logits are not finite."""
    one_label = task_of(inference).answer == "label"
    return (softmax if one_label else sigmoid)(np.asarray(logits), inference.divisor)


def chosen_labels(probability: Floats, inference: Inference) -> npt.NDArray[np.bool_]:
    """Which labels each document is given, where it may have several, [documents, labels]: those at their thresholds.

    A threshold is 0.5 where the record has none.
    """
    thresholds = inference.thresholds or [0.5] * len(inference.labels)
    return np.asarray(np.nan_to_num(probability) >= np.asarray(thresholds))


def values(logits: Logits, inference: Inference) -> Floats:
    """The numbers that a model predicts, [documents]; NaN where its output is not finite."""
    exact = np.asarray(logits, dtype=np.float64)[:, 0]
    return np.where(np.isfinite(exact), inference.centre + inference.scale * exact, np.nan)


def _label(logits: Logits | list[Logits], inference: Inference) -> Columns:
    probability = probabilities(np.asarray(logits), inference)
    silent = np.asarray(np.isnan(probability).any(axis=1))
    best = np.nan_to_num(probability).argmax(axis=1)
    labels = [None if quiet else inference.labels[place] for place, quiet in zip(best, silent, strict=True)]
    return {"label": labels, "probability": _finite(probability.max(axis=1)), **_each(probability, inference)}


def _labels(logits: Logits | list[Logits], inference: Inference) -> Columns:
    probability = probabilities(np.asarray(logits), inference)
    silent = np.asarray(np.isnan(probability).any(axis=1))
    chosen = chosen_labels(probability, inference)
    given = [
        None if quiet else [inference.labels[place] for place in np.flatnonzero(row)]
        for row, quiet in zip(chosen, silent, strict=True)
    ]
    return {"labels": given, **_each(probability, inference)}


def _tags(logits: Logits | list[Logits], inference: Inference) -> Columns:
    outputs = inference.outputs
    place = {tag: index for index, tag in enumerate(outputs)}
    tags: list[list[str] | None] = []
    spans: list[list[dict[str, Any]] | None] = []
    for rows in logits:
        if not np.isfinite(rows).all():
            tags.append(None)
            spans.append(None)
            continue
        named = decode_tags(rows, outputs)
        sure = softmax(rows, inference.divisor)
        tags.append(named)
        spans.append(
            [
                {
                    **span._asdict(),
                    "probability": float(min(sure[word, place[named[word]]] for word in range(span.start, span.end))),
                }
                for span in spans_of(named)
            ]
        )
    return {"tags": tags, "spans": spans}


def _value(logits: Logits | list[Logits], inference: Inference) -> Columns:
    return {"value": _finite(values(np.asarray(logits), inference))}


def _each(probability: Floats, inference: Inference) -> Columns:
    return {f"p:{label}": _finite(probability[:, place]) for place, label in enumerate(inference.labels)}


def _finite(numbers: Floats) -> list[float | None]:
    return [None if np.isnan(number) else float(number) for number in numbers]


# By what a prediction is; several tasks share one.
ANSWERS: dict[str, Callable[[Logits | list[Logits], Inference], Columns]] = {
    "label": _label,
    "labels": _labels,
    "tags": _tags,
    "value": _value,
}
