"""From the canonical form of answers to what they say."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from stages.common.core.messages import UserError, suggestion
from stages.common.documents.spans import Span
from stages.common.metrics.counts import Counts, Floats

Content = TypeVar("Content")
LARGEST = 1e100  # squares of greater numbers, summed, are infinite


def read_label_codes(answers: pd.DataFrame, labels: Sequence[str]) -> Counts:
    """The place of each answer among the labels, shape (answers,).

    Args:
        answers: The table of answers, each of which is a label's name.
        labels: The names of the labels.

    Raises:
        UserError: If an answer is none of them.
    """
    codes = pd.Index(list(labels), dtype="str").get_indexer(pd.Index(answers["answer"])).astype(np.int64)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise _error(answers, row, "no label of the card", suggestion(str(answers["answer"].iloc[row]), labels))
    return codes


def read_label_sets(answers: pd.DataFrame, labels: Sequence[str]) -> list[frozenset[str]]:
    """The labels that each answer names.

    Args:
        answers: The table of answers, each a JSON array of names of labels.
        labels: The names of the labels.

    Raises:
        UserError: If an answer is something else.
    """
    known = frozenset(labels)

    def read(content: Any) -> frozenset[str] | None:
        named = isinstance(content, list) and all(isinstance(name, str) and name in known for name in content)
        return frozenset(content) if named else None

    return _parsed(answers, read, "no JSON array of labels of the card")


def read_spans(answers: pd.DataFrame, types: Sequence[str], words: Mapping[str, int]) -> list[frozenset[Span]]:
    """The spans of words that each answer marks.

    Args:
        answers: The table of answers, each a JSON array of ``[first word, word after the last, type]``.
        types: The names of the types.
        words: How many words each document has, by its id; a document that it does not name may have any number.

    Raises:
        UserError: If an answer is something else, or marks words that the document does not have.
    """
    known = frozenset(types)

    def span(content: Any, last: float) -> Span | None:
        if not isinstance(content, list) or len(content) != 3 or any(type(place) is not int for place in content[:2]):
            return None
        start, end, label = content
        if not isinstance(label, str) or label not in known or not 0 <= start < end <= last:
            return None
        return Span(label, start, end)

    ends = iter([words.get(name, math.inf) for name in answers["id"]])

    def read(content: Any) -> frozenset[Span] | None:
        end = next(ends)
        spans = [span(each, end) for each in content] if isinstance(content, list) else [None]
        return None if None in spans else frozenset(each for each in spans if each is not None)

    return _parsed(answers, read, "no JSON array of [first word, word after the last, type] within the document")


def read_numbers(answers: pd.DataFrame) -> Floats:
    """The number that each answer is, shape (answers,).

    Raises:
        UserError: If an answer is no number, or too large to compute with.
    """
    numbers = pd.to_numeric(answers["answer"], errors="coerce").to_numpy(dtype=np.float64)
    sound = np.isfinite(numbers) & (np.abs(numbers) < LARGEST)
    if not sound.all():
        raise _error(answers, int(np.argmin(sound)), f"no number below {LARGEST:.0e}")
    return numbers


def _parsed(answers: pd.DataFrame, read: Callable[[Any], Content | None], what: str) -> list[Content]:
    found = []
    for row, text in enumerate(answers["answer"]):
        try:
            content = read(json.loads(text))
        except (json.JSONDecodeError, RecursionError):
            content = None
        if content is None:
            raise _error(answers, row, what)
        found.append(content)
    return found


def _error(answers: pd.DataFrame, row: int, what: str, mend: str = "Mend the answer, or leave it out.") -> UserError:
    answer = answers.iloc[row]
    said = f"{str(answer['answer'])[:80]!r} is {what}"
    return UserError(f"answers: document {answer['id']!r}, annotator {answer['annotator']!r}: {said}.", mend)
