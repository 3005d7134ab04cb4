"""From the rows of a batch to an answer for each, by the one way that `commands.predict` answers them, too."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from commands.prediction import Predictor
from commands.serving.waiting import Answer, estimate_tokens
from commands.texts import Row

EACH = "p:"  # how columns of the probability of each label begin


def answer_rows(predictor: Predictor, rows: Sequence[Row]) -> list[Answer]:
    """Answers rows, each by itself: as :func:`commands.serving.messages.answer_model` describes it, at no threshold.

    Args:
        predictor: The model.
        rows: Of any number of requests.
    """
    columns, empty = predictor.answer(rows, "answering")
    target, of_labels = predictor.task.target, [name for name in columns if name.startswith(EACH)]
    answers = []
    for place, silent in enumerate(empty):
        answer: dict[str, Any] = {name: columns[name][place] for name in columns if not name.startswith(EACH)}
        if of_labels:
            answer["probabilities"] = {name.removeprefix(EACH): columns[name][place] for name in of_labels}
        reason = "empty" if silent else "not finite" if answer[target] is None else None
        answers.append({**answer, "abstained": reason})
    return answers


def abstain(answers: Sequence[Answer], below: float) -> list[Answer]:
    """The same answers, without the labels whose probability is below a threshold."""
    return [
        {**answer, "label": None, "abstained": "unsure"}
        if answer["abstained"] is None and answer["probability"] < below
        else answer
        for answer in answers
    ]


def row_length(predictor: Predictor) -> Callable[[Row], int]:
    """Tells about how many tokens a model reads of a row."""
    inference = predictor.scorer.inference
    most = None if inference.truncation == "windows" else inference.max_length
    return lambda row: estimate_tokens(row, most)


def warm_up(predictor: Predictor, tokens: int) -> float:
    """Answers made-up texts, so that the first request does not pay for what a model does once.

    Args:
        predictor: The model.
        tokens: About how many tokens a batch has.

    Returns:
        Tokens a second.
    """
    parts = len(predictor.task.inputs)
    length = row_length(predictor)
    one = Row("", ["the words of a text " * 8] * parts)
    batch = [Row("", [f"{number} {part}" for part in one.inputs]) for number in range(max(1, tokens // length(one)))]
    for rows in (batch[:1], batch):
        begun = time.monotonic()
        answer_rows(predictor, rows)
    return sum(map(length, batch)) / (time.monotonic() - begun)
