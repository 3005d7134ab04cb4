"""The inference record, and what is made of a model's outputs by it."""

import json

import numpy as np
import pytest

from stages.common.core.messages import UserError
from stages.common.model.answers import ANSWERS
from stages.common.model.inference import read_inference, write_inference
from tests.common.tiny_encoder import record


@pytest.mark.parametrize("task", ["text-classification", "token-classification", "multi-label"])
def test_a_record_is_read_as_it_was_written(tmp_path, task):
    known = record(["a", "b"], 64, task, temperature=1.5, thresholds=[0.2, 0.7])
    write_inference(known, tmp_path)
    assert read_inference(tmp_path) == known


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        ("{", "not JSON"),
        ('{"max_length": 0}', "max_length"),
        ('{"max_length": 9}', "is missing"),
    ],
)
def test_a_wrong_record_is_named(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "inference.json").write_text(content)
    with pytest.raises(UserError, match=reason):
        read_inference(tmp_path)


def test_nothing_that_decides_an_answer_has_a_default(tmp_path):
    write_inference(record(["a", "b"], 64), tmp_path)
    whole = json.loads((tmp_path / "inference.json").read_text())
    for name in ("task", "labels", "max_length", "batch_tokens", "truncation", "window_overlap"):
        (tmp_path / "inference.json").write_text(json.dumps({k: v for k, v in whole.items() if k != name}))
        with pytest.raises(UserError, match=f"{name}: is missing"):
            read_inference(tmp_path)


@pytest.mark.parametrize(
    ("task", "cut"), [("text-classification", ("tail", 0.1)), ("token-classification", ("windows", 0.5))]
)
def test_a_record_that_was_made_before_it_named_its_task_still_loads(tmp_path, task, cut):
    """A sentence was always cut into windows that overlap by half, whatever the record said."""
    labels = [{"name": name, "definition": ""} for name in "ab"]
    card = {"task": task, "labels": labels, "licence": "none"}
    (tmp_path / "card.json").write_text(json.dumps(card))
    old = {"max_length": 64, "batch_tokens": 512, "truncation": "tail", "window_overlap": 0.1}
    (tmp_path / "inference.json").write_text(json.dumps(old))
    known = read_inference(tmp_path)
    assert (known.task, known.labels, known.max_length, known.temperature) == (task, ["a", "b"], 64, None)
    assert (known.truncation, known.window_overlap) == cut


def test_a_label_is_the_likeliest_one_with_its_calibrated_probability():
    logits = np.array([[2.0, 0.0], [0.0, np.nan]], dtype=np.float32)
    columns = ANSWERS["label"](logits, record("ab", 8, temperature=2.0))
    assert columns["label"] == ["a", None]
    assert columns["probability"][0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert columns["p:b"] == [pytest.approx(1 / (1 + np.exp(1))), None]


def test_several_labels_are_those_at_their_thresholds():
    logits = np.array([[0.0, 0.0], [-9.0, -9.0], [np.inf, 0.0]], dtype=np.float32)
    columns = ANSWERS["labels"](logits, record("ab", 8, "multi-label", thresholds=[0.5, 0.6]))
    assert columns["labels"] == [["a"], [], None]


def test_spans_come_with_their_words_and_the_least_probability_of_their_tags():
    known = record(["PER"], 8, "token-classification")
    logits = np.array([[0, 3, 0], [0, 0, 2], [4, 0, 0]], dtype=np.float32)
    columns = ANSWERS["tags"]([logits, logits * np.nan, np.zeros((0, 3), dtype=np.float32)], known)
    assert columns["tags"] == [["B-PER", "I-PER", "O"], None, []]
    (span,) = columns["spans"][0]
    assert (span["label"], span["start"], span["end"]) == ("PER", 0, 2)
    assert span["probability"] == pytest.approx(np.exp(2) / (np.exp(2) + 2))


def test_a_number_is_given_in_its_own_unit():
    known = record([], 8, "regression", centre=50.0, scale=20.0)
    assert ANSWERS["value"](np.array([[0.5], [np.nan]], dtype=np.float32), known) == {"value": [60.0, None]}
