"""What the splits are made of."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.report.composition import (
    class_counts,
    length_shares,
    lengths,
    set_counts,
    value_shares,
    values_of,
    words_per_document,
)
from tests.report.conftest import document

TRAIN = pd.DataFrame(
    [
        document("1", "one two three", "tech"),
        document("1#swap-1", "two one three", "tech", method="swap"),
        document("2", "one", "arts"),
    ]
)


def test_classes_are_counted_in_each_split_in_the_order_of_the_card():
    found = class_counts({"train": TRAIN, "test": TRAIN.iloc[2:]}, {"tech": "T.", "arts": "A.", "sport": "S."})
    assert [(row.label, row.counts) for row in found] == [
        ("tech", {"train": 2, "test": 0}),
        ("arts", {"train": 1, "test": 1}),
        ("sport", {"train": 0, "test": 0}),
    ]


def test_mentions_of_entities_are_counted_where_words_have_tags():
    tags = ["B-PER", "I-PER", "O", "B-PER", "B-LOC"]
    tagged = pd.DataFrame([document("1", "a b c d e", None, tokens=list("abcde"), tags=tags)])
    (people, places, others) = class_counts({"train": tagged}, {"PER": "P.", "LOC": "L.", "ORG": "O."})
    assert [row.counts["train"] for row in (people, places, others)] == [2, 1, 0]


def test_a_document_counts_for_each_of_its_labels_and_once_for_their_set():
    sets = [["tech", "arts"], ["arts"], [], ["arts", "tech"]]
    documents = pd.DataFrame([several(str(number), labels) for number, labels in enumerate(sets)])
    tech, arts = class_counts({"train": documents}, {"tech": "T.", "arts": "A."})
    assert (tech.counts, arts.counts) == ({"train": 2}, {"train": 3})
    found = set_counts({"train": documents, "test": documents[:2]})
    assert [(row.labels, row.counts) for row in found] == [
        ("arts + tech", {"train": 2, "test": 1}),
        ("arts", {"train": 1, "test": 1}),
        ("(none)", {"train": 1, "test": 0}),
    ]
    assert set_counts({"train": TRAIN}) == []


def several(ident, labels):
    row = document(ident, "some text", None, labels=labels)
    return {name: value for name, value in row.items() if name not in ("label", "tokens", "tags")}


def test_numbers_are_counted_in_bins_that_all_splits_share():
    splits = {"train": pd.DataFrame({"value": [0.0, 50.0, 100.0, None]}), "test": pd.DataFrame({"value": [100.0]})}
    edges, shares = value_shares(values_of(splits))
    assert (edges[0], edges[-1]) == (0, 100)
    assert shares["train"].sum() == 1 and shares["test"][-1] == 1
    assert values_of({"train": TRAIN}) == {}


def test_both_texts_of_a_pair_count_for_its_length():
    pair = pd.DataFrame([{"id": "1", "text": "one two", "text_pair": "three"}])
    assert list(words_per_document(pair)) == [3]


def test_lengths_are_in_words_and_variants_are_counted():
    words = {"train": words_per_document(TRAIN)}
    (row,) = lengths({"train": TRAIN}, words)
    assert (row.documents, row.variants, row.median, row.longest) == (3, 1, 3.0, 3)


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=50), st.lists(st.integers(0, 50), min_size=1, max_size=50))
def test_every_document_falls_into_one_bin(train, test):
    _, shares = length_shares({"train": np.array(train), "test": np.array(test)})
    for values in shares.values():
        assert values.sum() == np.float64(1) or np.isclose(values.sum(), 1)


def test_short_texts_have_a_bin_for_each_number_of_words():
    edges, shares = length_shares({"train": np.repeat(np.arange(3, 20), 7), "test": np.array([3, 4, 4, 5])})
    assert edges.tolist() == list(range(3, 21))
    assert shares["train"].tolist() == [1 / 17] * 17
    assert shares["test"].tolist() == [0.25, 0.5, 0.25, *[0] * 14]


@pytest.mark.parametrize("longest", [29, 30, 31, 45, 47, 61, 500])
def test_lengths_that_are_equally_frequent_make_no_comb(longest):
    edges, shares = length_shares({"train": np.repeat(np.arange(1, longest + 1), 100)})
    assert set(np.diff(edges)) == {edges[1] - edges[0]} and not (edges % 1).any()
    assert len(edges) <= 31
    *whole, _ = shares["train"]  # the last one holds what is left over, and what is longer
    assert np.ptp(whole) < 1e-12
