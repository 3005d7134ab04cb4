"""How data stages look at what is predicted, whatever the task."""

import numpy as np
import pandas as pd
import pytest

from stages.common.documents.targets import (
    UNLABELLED,
    answers,
    has_free_words,
    joined_texts,
    label_sets,
    predicted_alike,
    strata,
    text_columns,
    too_small,
)

TAGGED = pd.DataFrame({"text": ["Ann Lee", "no"], "label": [None, None], "tokens": [["Ann", "Lee"], None]})
TAGGED["tags"] = [["B-PER", "I-PER"], None]
PAIRS = pd.DataFrame({"text": ["one", "two"], "text_pair": ["1", "2"], "label": ["yes", None]})
SETS = pd.DataFrame({"text": ["one", "two", "three"], "labels": [["b", "a"], [], ["a"]]})
NUMBERS = pd.DataFrame({"text": list("abcdefghij"), "value": [0.0] * 4 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})


def test_the_texts_and_the_labels_of_each_task_are_found_by_its_columns():
    assert [text_columns(frame) for frame in (TAGGED, PAIRS, SETS)] == [["text"], ["text", "text_pair"], ["text"]]
    assert joined_texts(PAIRS, " / ").tolist() == ["one / 1", "two / 2"]
    assert has_free_words(TAGGED).tolist() == [False, True]
    assert has_free_words(SETS).all()
    assert label_sets(TAGGED).tolist() == [["PER"], []]
    assert label_sets(PAIRS).tolist() == [["yes"], []]
    assert label_sets(SETS).tolist() == [["a", "b"], [], ["a"]]
    assert label_sets(NUMBERS).tolist() == [[]] * 10


def test_copies_must_agree_on_their_label_or_their_set_of_labels():
    assert answers(PAIRS).fillna("").tolist() == ["yes", ""]
    assert answers(SETS).tolist() == ["a + b", UNLABELLED, "a"]
    assert answers(NUMBERS).isna().all()


def test_numbers_are_divided_by_fifths_and_equal_ones_stay_together():
    found = strata(NUMBERS)
    assert found.iloc[:4].nunique() == 1
    assert found.tolist() == sorted(found)
    shuffled = NUMBERS.sample(frac=1, random_state=1)
    assert strata(shuffled).sort_index().equals(found)
    assert strata(NUMBERS.assign(value=np.nan)).eq(UNLABELLED).all()


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (PAIRS.iloc[:1], "the label 'yes'"),
        (PAIRS.assign(label=["yes", "no"]), ""),
        (SETS.iloc[[0, 0]], "the label 'a + b'"),
        (SETS, ""),
        (NUMBERS.iloc[:4], "the value 0"),
        (NUMBERS, ""),
        (TAGGED, ""),
    ],
)
def test_what_is_predicted_alike_for_all_is_named(documents, said):
    assert predicted_alike(documents) == said


def test_all_classes_that_cannot_be_in_each_split_are_named_at_once():
    assert "fewer documents than the 3 splits: 'odd' (2), 'one' (1)." in too_small({"one": 1, "big": 3, "odd": 2}, [])
    assert "'odd' (2). " in too_small({"odd": 2, "none": 0}, ["train"])
    assert too_small({"big": 3, "none": 0}, []) == ""
    assert too_small({"odd": 2, "one": 1}, ["test"]) == ""  # split then trains on all of a small class
