"""Perturbations, slices, errors and labels that look wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.core.seeding import generator
from stages.common.documents.choosing import chosen_documents
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.regression import quantile_table
from stages.common.metrics.significance import holm
from stages.evaluate.errors import confused_pairs, suspect_labels, worst_documents
from stages.evaluate.perturbations import PERTURBATIONS
from stages.evaluate.robustness import robustness
from stages.evaluate.slices import error_slice_table, slice_names, slice_table

NO_FLAGS = pd.DataFrame({"id": [], "rule": [], "reason": []})
TEXT = "The old council, which met on Tuesday, has voted for a new law; nobody spoke against it."


@pytest.mark.parametrize("name", PERTURBATIONS)
@settings(max_examples=40)
@given(text=st.text(max_size=60), seed=st.integers(0, 9))
def test_a_perturbation_takes_any_text_and_is_the_same_each_time(name, text, seed):
    change = PERTURBATIONS[name]
    assert change(text, generator(seed, "id")) == change(text, generator(seed, "id"))


def test_perturbations_do_what_they_are_called():
    said = {name: change(TEXT, generator(1, name)) for name, change in PERTURBATIONS.items()}
    assert said["upper case"] == TEXT.upper() and said["lower case"] == TEXT.lower()
    assert said["no punctuation"].split() == TEXT.replace(",", "").replace(";", "").replace(".", "").split()
    assert said["first half"].split() == TEXT.split()[:9]
    assert said["added sentence"].endswith(f" {TEXT}")
    assert said["typos"] != TEXT and abs(len(said["typos"]) - len(TEXT)) <= 4


def test_robustness_counts_what_a_perturbation_breaks():
    texts = [f"Alpha {n}" if n % 2 else f"beta {n}" for n in range(40)]
    documents = pd.DataFrame({"id": [str(n) for n in range(40)], "text": texts})
    actual = np.arange(40) % 2

    def predict(asked):  # it knows a class by its capital
        return np.array([int(text[0].isupper()) for text in asked["text"]])

    table = robustness(documents, actual, predict(documents), predict, 0.95, seed=1).set_index("perturbation")
    lower = table.loc["lower case"]
    assert lower["changed"] == 20  # the others are in small letters as they are
    assert (lower["accuracy_before"], lower["accuracy_after"], lower["drop"], lower["consistency"]) == (1, 0, 1, 0)
    unharmed = table.loc["first half"]
    assert (unharmed["drop"], unharmed["consistency"]) == (0, 1)
    assert unharmed["drop_low"] < 0 < unharmed["drop_high"]
    nothing = table.loc["no punctuation"]
    assert nothing["changed"] == 0 and np.isnan(float(nothing["drop"])) and np.isnan(float(nothing["consistency"]))
    assert table["documents"].eq(40).all()


def test_half_of_a_text_without_spaces_is_half_of_its_words_and_upper_case_changes_none_of_them():
    texts = [
        "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002",
        "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059",
        "\u7d75\u304c\u3042\u308b\uff01",
    ]
    for text in texts:
        half = PERTURBATIONS["first half"](text, generator(1, "id"))
        assert text.startswith(half) and 0 < len(half) < len(text)
    documents = pd.DataFrame({"id": list("abc"), "text": texts})
    actual = np.zeros(3, dtype=int)
    table = robustness(documents, actual, actual, lambda asked: np.zeros(len(asked), dtype=int), 0.95, seed=1)
    changed = table.set_index("perturbation")["changed"]
    assert changed[["upper case", "lower case", "typos", "first half"]].tolist() == [0, 0, 0, 3]


def test_an_annotation_of_many_values_makes_slices_of_the_most_frequent_and_says_so(make_documents):
    test = make_documents([f"text {number}" for number in range(200)])
    sources = [f"s{number % 25:02}" if number < 100 else f"big{number % 10}" for number in range(200)]
    annotations = pd.DataFrame({"id": test["id"], "source": sources, "same": "x"})
    names = slice_names(test, NO_FLAGS, annotations, pd.Series(["x"] * 200, name="label"))
    (column,) = (name for name in names if name.startswith("annotation: "))
    assert column == "annotation: source (the 20 most frequent of 35 values)"
    shown = names[column].dropna()
    assert shown.nunique() == 20 and {f"big{number}" for number in range(10)} <= set(shown)


def test_a_document_is_chosen_by_its_id_whatever_the_others():
    ids = [str(n) for n in range(50)]
    chosen = {ids[place] for place in chosen_documents(ids, 10, seed=1)}
    fewer = [ident for ident in ids if ident in chosen or int(ident) % 2]
    assert {fewer[place] for place in chosen_documents(fewer, 10, seed=1)} == chosen
    assert len(chosen_documents(ids, 99, seed=1)) == 50


def test_a_slice_that_is_worse_is_found_and_one_that_is_not_is_not_called_so():
    slices = pd.DataFrame({"desk": ["north", "south"] * 200, "size": (["small"] * 50 + ["large"] * 50) * 4})
    right = np.array([n % 2 == 1 or n % 3 > 0 for n in range(400)])
    table = slice_table(slices, right, 0.95)
    assert table.iloc[0]["slice"] == "north" and table.iloc[0]["clearly_worse"]
    assert table["clearly_worse"].sum() == 1
    assert table["documents"].tolist() == [200] * 4
    assert (table["p_adjusted"] >= table["p_value"]).all()


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holms_correction_is_the_step_down_one(p_values):
    found = holm(pd.Series(p_values))
    order = np.argsort(p_values, kind="stable")
    highest = 0.0
    for step, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - step) * p_values[place]))
        assert found[place] == pytest.approx(highest)


def test_slices_by_length_hold_about_a_quarter_each(make_documents):
    test = make_documents([" ".join(["word"] * (n + 1)) for n in range(100)])
    names = slice_names(test, NO_FLAGS, None, pd.Series(["x"] * len(test), name="label"))
    assert names["length"].value_counts().between(24, 26).all()
    assert names.loc[0, "length"] == "1 to 25 words" and names.loc[99, "length"] == "more than 75 words"


def test_documents_with_the_same_group_are_told_apart_from_single_ones(make_documents):
    test = make_documents(["a", "b", "c"], group=["g", "g", "h"])
    names = slice_names(test, NO_FLAGS, None, pd.Series(["x"] * len(test), name="label"))
    assert names["near-duplicate in the test split"].tolist() == ["yes", "yes", "no"]


ACTUAL = np.array([0, 0, 1, 1, 1])
PROBABILITY = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.99, 0.01], [0.2, 0.8]])


def test_the_worst_documents_come_first():
    table = worst_documents(list("abcde"), ACTUAL, PROBABILITY, ["x", "y"])
    assert table["id"].tolist()[:2] == ["d", "c"]
    assert table.loc[0, ["label", "predicted", "p_label", "p_predicted"]].tolist() == ["y", "x", 0.01, 0.99]
    assert table.loc[0, "loss"] == pytest.approx(-np.log(0.01))


def test_confused_pairs_are_counted_and_the_most_frequent_comes_first():
    table = confused_pairs(ACTUAL, PROBABILITY.argmax(axis=1), ["x", "y"], 0.95)
    assert table[["actual", "predicted", "documents"]].to_numpy().tolist() == [["y", "x", 2], ["x", "y", 1]]
    assert table["share"].tolist() == [pytest.approx(2 / 3), 0.5]


def test_planted_wrong_labels_are_suspected_and_nothing_is_changed():
    random = np.random.default_rng(0)
    true = random.integers(0, 3, 300)
    probability = 0.02 + 0.94 * np.eye(3)[true] + random.random((300, 3)) * 0.05
    probability[:6] += 9 * np.eye(3)[true[:6]]
    probability /= probability.sum(axis=1, keepdims=True)
    given_labels = true.copy()
    given_labels[:6] = (true[:6] + 1) % 3
    ids = [f"{n:03}" for n in range(300)]
    table = suspect_labels(ids, given_labels, probability, true, ["x", "y", "z"])
    assert set(table["id"]) == set(ids[:6]) and table["baseline_agrees"].all()
    assert given_labels.sum() == ((true[:6] + 1) % 3).sum() + true[6:].sum()


def test_one_class_in_the_test_split_gives_no_suspects():
    table = suspect_labels(list("ab"), np.zeros(2, dtype=int), PROBABILITY[:2], np.zeros(2, dtype=int), ["x", "y"])
    assert table.empty


def test_both_texts_of_a_pair_are_perturbed_and_sets_of_labels_are_compared_as_a_whole():
    documents = pd.DataFrame({"id": ["1", "2"], "text": ["One Two", "Three Four"], "text_pair": ["Five Six", "Seven"]})
    actual = np.array([[True, False], [True, True]])
    asked = []

    def predict(frame):
        asked.append(frame)
        return np.tile(np.array([[True, False], [True, False]]), (len(frame) // 2, 1))

    table = robustness(documents, actual, actual, predict, 0.95, seed=1).set_index("perturbation")
    lower = asked[0].iloc[2:4]  # typos change no text that short
    assert lower[["text", "text_pair"]].to_numpy().tolist() == [["one two", "five six"], ["three four", "seven"]]
    assert table["changed"].tolist() == [0, 2, 2, 0, 2, 2]
    changed = table[table["changed"] > 0]
    assert (changed["accuracy_before"] == 1).all() and (changed["accuracy_after"] == 0.5).all()


def test_the_slice_with_larger_errors_comes_first_and_is_clearly_worse():
    slices = pd.DataFrame({"desk": ["north", "south"] * 50, "size": (["small"] * 50 + ["large"] * 50)})
    error = np.where(np.arange(100) % 2, 1.0, 3.0) + np.arange(100) % 5 / 100
    table = error_slice_table(slices, error, Bootstrap(np.zeros(100, dtype=int), 200, 0.95, 0))
    assert table.iloc[0][["slice", "clearly_worse"]].tolist() == ["north", True]
    assert table["clearly_worse"].sum() == 1
    assert table.iloc[0]["mae"] == pytest.approx(error[::2].mean()) and table.iloc[0]["mae_low"] < table.iloc[0]["mae"]
    few = error_slice_table(slices.head(6), error[:6], Bootstrap(np.zeros(6, dtype=int), 200, 0.95, 0))
    assert few.empty and list(few) == list(table)


def test_quantiles_hold_equal_numbers_of_documents_and_their_means():
    random = np.random.default_rng(0)
    predicted = random.normal(size=90)
    actual = predicted + 1
    table = quantile_table(actual, predicted, 9, Bootstrap(np.zeros(90, dtype=int), 200, 0.95, 0))
    assert table["documents"].tolist() == [10] * 9 and table["predicted"].is_monotonic_increasing
    np.testing.assert_allclose(table["actual"], table["predicted"] + 1)
    assert (table["actual_low"] < table["actual"]).all() and (table["actual"] < table["actual_high"]).all()
