"""How an answer is written in the table of answers, and how what a document is labelled with becomes one, and back."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from stages.common.documents.spans import OUTSIDE, Span, spans_of
from stages.common.tasks import Task


def label_list(names: Sequence[str]) -> str:
    """Several labels as the table of answers holds them."""
    return json.dumps(sorted(set(names)), ensure_ascii=False)


def spans_text(spans: Sequence[tuple[int, int, str]]) -> str:
    """Spans of words as the table of answers holds them."""
    return json.dumps(sorted(spans), ensure_ascii=False)


def number_text(number: float) -> str:
    """A number as the table of answers holds it: without digits that say nothing."""
    return repr(float(number)).removesuffix(".0")


def answer_of(value: Any, task: Task) -> str | None:
    """What a document is labelled with, as the table of answers would hold it; None where that is not known.

    Args:
        value: What stands in the task's target column: a label, a list of labels or of tags, or a number.
        task: The task.
    """
    if isinstance(value, list):
        if task.answer == "labels":
            return label_list(value)
        return spans_text([(span.start, span.end, span.label) for span in spans_of(value)])
    if pd.isna(value):
        return None
    return number_text(value) if task.answer == "value" else str(value)


def answers_of(documents: pd.DataFrame, task: Task) -> pd.Series:
    """The same of each document of a table."""
    column = documents[task.target]
    if task.answer == "label":
        return column
    return pd.Series([answer_of(value, task) for value in column], index=documents.index, dtype="str")


def labelled_with(documents: pd.DataFrame, answers: pd.Series, task: Task, labels: Sequence[str]) -> pd.DataFrame:
    """Documents with answers for what they are labelled with.

    Args:
        documents: A document table.
        answers: The answer about each, as the table of answers holds it; null where there is none.
        task: The task.
        labels: The names of the labels, in the card's order, in which a set of them is written.
    """
    if task.answer == "label":
        return documents.assign(**{task.target: answers})
    if task.answer == "value":
        return documents.assign(**{task.target: answers.astype("float64")})
    written: list[list[str] | None] = []
    sizes = documents["tokens"].map(len) if task.answer == "tags" else [0] * len(documents)
    for answer, size in zip(answers, sizes, strict=True):
        if not isinstance(answer, str):
            written.append(None)
        elif task.answer == "tags":
            written.append(tags_of([Span(label, start, end) for start, end, label in json.loads(answer)], size))
        else:
            written.append(sorted(json.loads(answer), key=list(labels).index))
    return documents.assign(**{task.target: pd.Series(written, index=documents.index, dtype=object)})


def tags_of(spans: Sequence[Span], words: int) -> list[str]:
    """The tags (IOB2) of a sentence of some words in which spans are marked that do not overlap."""
    tags = [OUTSIDE] * words
    for span in spans:
        tags[span.start : span.end] = [f"B-{span.label}", *[f"I-{span.label}"] * (span.end - span.start - 1)]
    return tags
