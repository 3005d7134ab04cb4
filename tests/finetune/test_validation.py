import numpy as np
import pytest

from stages.common.documents.spans import bio_tags
from stages.finetune.validation import entity_figures, validation_figures

TAGS = bio_tags(["PER", "LOC"])


def as_logits(tags, sureness=4.0):
    return np.array([[sureness * (tag == name) for name in TAGS] for tag in tags], dtype=np.float32)


def indices(tags):
    return np.array([TAGS.index(tag) for tag in tags])


def test_an_entity_counts_only_if_label_and_both_ends_are_right():
    truth = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC", "O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["B-PER", "O"]]
    figures = entity_figures([as_logits(s) for s in predicted], [indices(s) for s in truth], TAGS)
    assert figures["entity_precision"] == pytest.approx(1 / 3)
    assert figures["entity_recall"] == pytest.approx(1 / 3)
    assert figures["entity_f1"] == pytest.approx(1 / 3)
    assert figures["accuracy"] == pytest.approx(4 / 6)


def test_tags_are_decoded_before_they_are_compared():
    logits = as_logits(["B-PER", "I-LOC", "O"])
    logits[1, TAGS.index("I-PER")] = 3.9  # almost as likely, and the only valid one that goes on
    figures = entity_figures([logits], [indices(["B-PER", "I-PER", "O"])], TAGS)
    assert figures["entity_f1"] == 1.0


def test_no_entity_found_is_a_score_of_zero_and_no_warning(recwarn):
    figures = entity_figures([as_logits(["O", "O"])], [indices(["B-PER", "O"])], TAGS)
    assert (figures["entity_precision"], figures["entity_f1"]) == (0.0, 0.0)
    assert not recwarn.list


def test_documents_are_judged_by_macro_f1():
    assert validation_figures(np.eye(2, dtype=np.float32), np.array([0, 1]))["macro_f1"] == 1
