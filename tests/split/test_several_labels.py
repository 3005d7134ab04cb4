"""The split of documents with several labels, of numbers and of pairs."""

import csv
from collections import Counter
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.common.documents.card import Label, write_card
from stages.split.__main__ import main
from stages.split.checks import check_splits
from stages.split.dividing import divide
from stages.split.placing import place as place_documents
from stages.split.stratification import deal_out
from tests.split.test_stage import CARD, place, run_and_read_error, save, set_parameters

__all__ = ["place"]  # a fixture
SHARES = {"test": 0.2, "validation": 0.1}


@pytest.fixture
def several(make_documents):
    """Builds documents with several labels each, the rare ones together with common ones."""

    def build(size=200, **columns):
        sets = [["a"] * (n % 2) + ["b"] * (n % 3 == 0) + ["c"] * (n % 10 == 0) for n in range(size)]
        documents = make_documents([f"text number {n}" for n in range(size)], **columns)
        return documents.drop(columns=["label", "tokens", "tags"]).assign(labels=sets)

    return build


@pytest.fixture
def numbers(make_documents):
    def build(size=200, **columns):
        documents = make_documents([f"text number {n}" for n in range(size)], **columns)
        return documents.drop(columns=["label", "tokens", "tags"]).assign(
            value=[(n * 7) % size / 2 for n in range(size)]
        )

    return build


def test_each_split_has_its_share_of_every_label(several, settings):
    splits, rejected = divide(several(), settings(test=0.2, validation=0.1))
    counts = {split: Counter(label for labels in rows["labels"] for label in labels) for split, rows in splits.items()}
    total = sum(counts.values(), Counter())
    for split, share in {**SHARES, "train": 0.7}.items():
        assert abs(len(splits[split]) - 200 * share) <= 2
        for label in "abc":
            assert abs(counts[split][label] - total[label] * share) <= 1
    assert rejected.empty


@hypothesis_settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.sets(st.sampled_from("abcd"))), min_size=1, max_size=60),
    st.dictionaries(st.sampled_from(["test", "validation"]), st.sampled_from([0.1, 0.3]), min_size=1),
)
def test_every_group_is_dealt_out_once_and_no_label_is_far_from_its_share(rows, shares):
    groups: dict[str, list[list[str]]] = {}
    for group, labels in rows:
        groups.setdefault(f"g{group}", []).append(sorted(labels))
    chosen = deal_out(groups, shares)
    assert chosen.keys() == groups.keys()
    assert set(chosen.values()) <= {*shares, "train"}
    largest = max(map(len, groups.values()))
    for split, share in shares.items():
        documents = sum(len(groups[group]) for group, place in chosen.items() if place == split)
        assert documents <= Fraction(str(share)) * len(rows) + 5 * largest


def test_the_order_of_rows_does_not_matter_and_the_seed_does(several, settings):
    documents = several(group=[f"g{n // 3}" for n in range(200)])
    first = place_documents(documents, settings())
    again = place_documents(documents.sample(frac=1, random_state=1), settings())
    assert first.sort_index().equals(again.sort_index())
    assert not first.equals(place_documents(documents, settings(seed=2)))
    assert pd.concat([documents["group"], first.rename("split")], axis=1).drop_duplicates()["group"].is_unique


@pytest.mark.parametrize("published", [["train", "test"], ["train", "validation", "test"]])
def test_a_published_split_is_taken_as_it_is(several, settings, published):
    documents = several(published_split=[published[n % len(published)] for n in range(200)])
    splits, rejected = divide(documents, settings())
    check_splits(splits, rejected, documents)
    assert set(splits["test"]["published_split"]) == {"test"}
    assert len(splits["validation"]) == (15 if len(published) == 2 else 67)


def test_a_document_counts_for_each_of_its_labels(place, several, capsys):
    save(place, several())
    labels = [Label(name=name, definition=name) for name in "cab"]
    write_card(CARD.model_copy(update={"task": "multi-label", "labels": labels}), place / "data/augmented")
    main()
    assert "train 140 documents" in capsys.readouterr().out
    rows = list(csv.DictReader((place / "reports/split/class_counts.csv").open()))
    assert [row["label"] for row in rows][:4] == ["c", "a", "b", "(none)"]
    total = Counter()
    for row in rows:
        total[row["label"]] += int(row["documents"])
    assert total == {"a": 100, "b": 67, "c": 20, "(none)": 53}


def test_train_per_class_counts_documents_with_the_same_set_of_labels(several, numbers, settings):
    few, rejected = divide(several(), settings(train_per_class=3))
    assert set(few["train"]["labels"].map(tuple).value_counts()) == {3}
    assert set(rejected["rule"]) == {"train_per_class"}
    more, _ = divide(several(), settings(train_per_class=5))
    assert set(few["train"]["id"]) < set(more["train"]["id"])
    assert len(divide(numbers(), settings(train_per_class=4))[0]["train"]) == 20


def test_numbers_are_divided_so_that_low_and_high_ones_are_everywhere(numbers, settings):
    documents = numbers(group=[f"g{n // 2}" for n in range(200)])
    splits, rejected = divide(documents, settings())
    check_splits(splits, rejected, documents)
    for rows in splits.values():
        assert rows["value"].min() < 20
        assert rows["value"].max() > 80
        assert abs(rows["value"].mean() - 50) < 6


@pytest.mark.parametrize("method", ["oversample", "undersample", "fill"])
def test_what_has_no_classes_cannot_be_balanced(place, several, numbers, capsys, method):
    set_parameters(place, balance={"method": method, "counts": None})
    for documents, said in ((several(), "several labels"), (numbers(), "numbers")):
        save(place, documents)
        error = run_and_read_error(place, capsys)
        assert f"split.balance.method: {method} needs documents of one class each; these have {said}" in error


def test_documents_that_are_all_to_be_predicted_alike_are_refused(place, several, numbers, capsys):
    for documents, said in (
        (numbers().assign(value=3.0), "all documents have the value 3"),
        (several().assign(labels=[["b", "a"]] * 200), "all documents have the label 'a + b'"),
    ):
        save(place, documents)
        assert said in run_and_read_error(place, capsys)


def test_a_pair_equals_a_held_out_one_only_if_both_texts_do(make_documents, settings):
    texts = ["the same text"] * 3 + [f"text number {n}" for n in range(20)]
    others = ["one", "ONE", "two"] + ["x"] * 20
    published = ["test", "train", "train"] + ["test", "train", "validation", "train"] * 5
    documents = make_documents(texts, label=["a", "b", "a"] + ["a", "a", "b", "b"] * 5, published_split=published)
    documents = documents.drop(columns=["tokens", "tags"]).assign(text_pair=others)
    _, rejected = divide(documents, settings())
    assert rejected[["id", "rule"]].to_numpy().tolist() == [["d1", "equals_held_out"]]
