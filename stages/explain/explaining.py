"""Explains a model's answers: what each word adds to the logit of what was predicted."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from stages.common.documents.spans import OUTSIDE
from stages.common.model.answers import answer_logits
from stages.common.model.scorer import Scorer, read_by
from stages.common.tasks import task_of
from stages.explain.erasing import Floats, layout_logits, occlusion
from stages.explain.gradients import Baseline, gradient_times_input, has_gradients, integrated_gradients
from stages.explain.layout import Ints, Layout, at_words, counted_words, lay_out

Method = Literal["integrated_gradients", "gradient_times_input", "occlusion"]
METHODS: dict[Method, str] = {
    "integrated_gradients": "Integrated gradients",
    "gradient_times_input": "Gradient times input",
    "occlusion": "Occlusion",
}
TOLERANCE = 0.02  # the completeness error from which on a document takes no further steps
MOST_STEPS = 512
BASELINE: Baseline = "padding"


@dataclass(frozen=True)
class Targets:
    """What is explained: an answer a row; of a document whose words have tags there may be several.

    Attributes:
        documents: Which document each row is about, [rows].
        outputs: The index of the output that is explained, [rows].
        words: The word whose tag it is, [rows]; None where documents have one answer.
    """

    documents: Ints
    outputs: Ints
    words: Ints | None


@dataclass(frozen=True)
class Explained:
    """Scores of words by one method.

    Attributes:
        scores: For each row what each word adds to the logit, [words].
        logits: The logit that is explained, [rows].
        error: The completeness error, [rows]; None for a method that has none.
        points: At how many points the gradient was computed, [rows].
        seconds: What a row took, on average.
    """

    scores: list[Floats]
    logits: Floats
    error: Floats | None
    points: Ints
    seconds: float

    @property
    def gradients(self) -> bool:
        """Whether the method needs gradients."""
        return bool(self.points.any())


def lay_out_targets(scorer: Scorer, documents: pd.DataFrame, targets: Targets) -> Layout:
    """Lays out what is to be explained, one row a target; words that the model does not read are left out."""
    layout = lay_out(scorer, documents)
    if targets.words is None:
        return layout.only(targets.documents).read_words()
    starts = layout.tokens.starts[layout.tokens.firsts]
    counted = counted_words(scorer, documents)
    parts = [counted[starts[document] : starts[document + 1]] for document in targets.documents]
    counted = np.concatenate([*parts, np.zeros(0, np.int64)])
    return at_words(layout.only(targets.documents), counted, targets.words).read_words()


def predicted_targets(scorer: Scorer, documents: pd.DataFrame) -> Targets:
    """What a model predicts: the likeliest label, the number, or the first tag of each span.

    Args:
        scorer: The model.
        documents: With the columns that its task reads.
    """
    task, inference = task_of(scorer.inference), scorer.inference
    logits = scorer.logits(documents, "what is explained")
    if task.head == "document":
        outputs = np.nan_to_num(np.asarray(logits)).argmax(axis=1)
        return Targets(np.arange(len(documents)), outputs.astype(np.int64), None)
    index = {tag: place for place, tag in enumerate(inference.outputs)}
    tags = answer_logits(logits, inference)["tags"]
    rows = [
        (document, index[tag], word)
        for document, row in enumerate(tags)
        for word, tag in enumerate(row or [])
        if tag != OUTSIDE and tag.startswith("B-")
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Targets(table[:, 0], table[:, 1], table[:, 2])


def explain(
    scorer: Scorer,
    layout: Layout,
    outputs: Ints,
    method: Method,
    baseline: Baseline = BASELINE,
    tolerance: float = TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> Explained:
    """Scores the words of documents by one method.

    Args:
        scorer: The model.
        layout: What is explained, one row a target.
        outputs: The output that is explained, [rows].
        method: Which.
        baseline: Of integrated gradients.
        tolerance: Of integrated gradients: the completeness error that is good enough.
        most_steps: Of integrated gradients: after how many steps a document is left as it is.

    Raises:
        UserError: If the method needs gradients that the model does not give.
    """
    begun = time.perf_counter()
    error, points = None, np.zeros(len(layout), dtype=np.int64)
    if method == "integrated_gradients":
        found = integrated_gradients(scorer, layout, outputs, baseline, tolerance, most_steps)
        scores, logits = layout.by_word(found.tokens), found.value
        error, points = found.error(layout), found.points
    elif method == "gradient_times_input":
        tokens, logits = gradient_times_input(scorer, layout, outputs)
        points += 1
        scores = layout.by_word(tokens)
    else:
        logits = layout_logits(scorer, layout)[np.arange(len(outputs)), outputs]
        scores = occlusion(scorer, layout, outputs)
    seconds = (time.perf_counter() - begun) / max(1, len(layout))
    return Explained(scores, logits, error, points, seconds)


def explain_documents(scorer: Scorer, documents: pd.DataFrame, method: str) -> list[list[dict[str, Any]]]:
    """Explains what a model predicts of documents, in a form for people and programs.

    Args:
        scorer: The model.
        documents: With the columns that its task reads.
        method: One of :data:`METHODS`, or ``auto``: integrated gradients, or occlusion of a model without gradients.

    Returns:
        For each document its explanations, one or, of tagged words, one a span: ``target`` (the output's name),
        ``word`` (which word's tag it is; None else), ``logit``, ``method``, ``completeness_error`` (None for a method
        that has none) and ``words``, each with ``input`` (the column), ``start``, ``end`` (characters, or the word's
        place), ``text`` and ``score``.
    """
    chosen = _known_method(scorer, method)
    targets = predicted_targets(scorer, documents)
    found = explain(scorer, layout := lay_out_targets(scorer, documents, targets), targets.outputs, chosen)
    inputs, names = read_by(task_of(scorer.inference), documents), task_of(scorer.inference).inputs
    result: list[list[dict[str, Any]]] = [[] for _ in range(len(documents))]
    for row, document in enumerate(targets.documents):
        given = inputs[document] if len(names) > 1 else (inputs[document],)
        words = [
            {
                "input": names[place.text],
                "start": place.start,
                "end": place.end,
                "text": _written(given[place.text], place.start, place.end),
                "score": _finite(score),
            }
            for place, score in zip(layout.words[row], found.scores[row], strict=True)
        ]
        result[document].append(
            {
                "target": scorer.inference.outputs[targets.outputs[row]],
                "word": None if targets.words is None else int(targets.words[row]),
                "logit": _finite(found.logits[row]),
                "method": chosen,
                "completeness_error": None if found.error is None else _finite(found.error[row]),
                "words": words,
            }
        )
    return result


def _known_method(scorer: Scorer, method: str) -> Method:
    if method == "auto":
        return "integrated_gradients" if has_gradients(scorer) else "occlusion"
    return next(known for known in METHODS if known == method)


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _written(given: Any, start: int, end: int) -> str:
    return given[start:end] if isinstance(given, str) else " ".join(given[start:end])
