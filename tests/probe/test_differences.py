"""Groups that differ are found, those that do not are not; figures agree with brute force and with other packages."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from stages.common.model.inference import Inference
from stages.probe.differences import ALIKE, DIFFERS, compare_groups
from stages.probe.failures import LESS, MORE, failure_table, swap_table
from stages.probe.gaps import LARGER, group_tables
from stages.probe.scoring import WITHOUT, answers_of
from tests.probe.conftest import parameters

GROUPS, WORDS, PLACES = ("one", "two", "three", "four"), 6, 12


def inference(task="text-classification", labels=("no", "yes")):
    return Inference(
        task=task, labels=list(labels), max_length=8, batch_tokens=64, truncation="head", window_overlap=0.0
    )


def placed():
    rows = [
        (f"c{place}", group, f"{group}{word}", f"{group}{word} in {place}")
        for place, group, word in product(range(PLACES), GROUPS, range(WORDS))
    ]
    return pd.DataFrame(rows, columns=["context", "group", "word", "text"])


def answered(seed, shift=0.0, spread=0.3):
    """Logits in which each word, and each place, moves the answer by chance, and the first group by a shift."""
    random = np.random.default_rng(seed)
    table = placed()
    of_word = dict(zip(table["word"].unique(), random.normal(0, spread, len(GROUPS) * WORDS), strict=True))
    of_place = random.normal(0, 1, PLACES).repeat(len(GROUPS) * WORDS)
    logit = table["word"].map(of_word).to_numpy() + of_place + random.normal(0, 0.1, len(table))
    logit = logit + shift * (table["group"] == "one").to_numpy()
    return answers_of(np.stack([-logit / 2, logit / 2], axis=1).astype(np.float32), inference())


def test_a_group_whose_words_all_move_the_answer_is_found_and_no_other():
    table = compare_groups("s", placed(), answered(0, shift=1.0), parameters()).set_index("group")
    assert table.index[0] == "one"
    assert table.loc["one", "verdict"] == DIFFERS
    assert table.loc["one", "excess_low"] > 0
    assert (table.loc["one", "contexts"], table.loc["one", "pairs"]) == (PLACES, PLACES * WORDS)


def test_groups_that_do_not_differ_are_rarely_called_different():
    alarms = sum(
        (compare_groups("s", placed(), answered(seed), parameters(seed=seed))["verdict"] == DIFFERS).any()
        for seed in range(60)
    )
    assert alarms <= 7  # 3 are expected at a level of 0.05; 8 or more have a probability of 0.01


def test_the_shift_is_the_mean_difference_and_a_change_below_the_tolerance_is_no_verdict():
    answers = answered(0, shift=1.0)
    table = compare_groups("s", placed(), answers, parameters(tolerance=0.9)).set_index("group")
    own = (placed()["group"] == "one").to_numpy()
    expected = answers.scores[own].mean(axis=0) - answers.scores[~own].mean(axis=0)
    assert abs(table.loc["one", "shift"]) == pytest.approx(np.abs(expected).max())
    assert set(table["verdict"]) == {ALIKE}


def test_few_places_and_few_words_give_no_verdict():
    table = compare_groups("s", placed(), answered(0, shift=1.0), parameters(least=PLACES + 1))
    assert set(table["verdict"]) == {f"no verdict: {PLACES} of the {PLACES + 1} that it takes"}
    two = placed()
    kept = two["word"].str.endswith(("0", "1")) & two["group"].isin(["one", "two"])
    rows = np.flatnonzero(kept)
    answers = answered(0, shift=1.0)
    few = type(answers)(answers.scores[rows], answers.given[rows], answers.kinds[rows], answers.labels)
    table = compare_groups("s", two[kept].reset_index(drop=True), few, parameters())
    assert set(table["verdict"]) == {"no verdict: too few words"}


def test_a_null_swap_within_a_group_of_equal_words_changes_nothing():
    table = compare_groups("s", placed(), answered(0, shift=4.0, spread=0.0), parameters()).set_index("group")
    assert table.loc["one", "null_change"] < 0.03 < table.loc["one", "change"]
    assert table.loc["one", "flips"] > table.loc["one", "null_flips"]


def cases(groups, functionality="f"):
    return pd.DataFrame({"functionality": functionality, "group": groups})


def test_a_group_that_fails_more_often_is_named_and_one_of_three_has_no_verdict():
    groups = ["a"] * 40 + ["b"] * 40 + ["c"] * 3
    wrong = np.array([True] * 30 + [False] * 10 + [True] * 5 + [False] * 35 + [True] * 3)
    table = failure_table("s", cases(groups), wrong, parameters()).set_index("group")
    assert table.loc["a", "verdict"] == MORE
    assert table.loc["b", "verdict"] == LESS
    assert table.loc["c", "verdict"] == "no verdict: 3 of the 4 that it takes"
    assert table.loc["c", "rate"] == 1
    assert (table.loc["(all)", "cases"], table.loc["(all)", "failures"]) == (83, 38)
    low, high = table.loc["a", ["rate_low", "rate_high"]]  # Wilson's, by R's prop.test(30, 40, correct = FALSE)
    assert (low, high) == (pytest.approx(0.5981, abs=1e-4), pytest.approx(0.8581, abs=1e-4))


def two_kinds(logit):
    logit = np.asarray(logit, dtype=np.float32)
    return answers_of(np.stack([-logit / 2, logit / 2], axis=1), inference())


def test_swaps_stand_beside_null_swaps_and_the_sign_of_a_shift_is_tested():
    random = np.random.default_rng(0)
    before = random.normal(0, 1, 30)
    table = swap_table(
        "s",
        cases(["g"] * 30).assign(null=[None] * 10 + ["x"] * 20),
        two_kinds(before + 1),
        two_kinds(before),
        two_kinds(before),
        parameters(),
    ).iloc[0]
    assert table["verdict"] == DIFFERS
    assert table["flips"] == pytest.approx(np.mean((before > 0) != (before + 1 > 0)))
    assert (table["null_texts"], table["null_flips"], table["null_change"]) == (20, 0, 0)


def test_answers_that_are_numbers_flip_nothing_and_silent_ones_have_no_kind():
    numbers = answers_of(np.array([[0.5], [np.nan]], dtype=np.float32), inference("regression", ()))
    assert numbers.kinds.tolist() == [WITHOUT, WITHOUT]
    assert numbers.scores.tolist() == [[0.5], [0.0]]
    silent = answers_of(np.array([[0, 1], [np.nan, 1]], dtype=np.float32), inference())
    assert (silent.kinds == WITHOUT).tolist() == [False, True]
    assert not silent.given[1].any()


def test_sets_of_labels_are_kinds_of_answers_however_many_labels_there_are():
    names = [f"l{number}" for number in range(80)]
    logits = np.full((3, 80), -5, dtype=np.float32)
    logits[0, 79] = logits[1, 79] = logits[2, 78] = 5
    kinds = answers_of(logits, inference("multi-label", names)).kinds
    assert kinds[0] == kinds[1] != kinds[2]


def documents(seed, worse):
    random = np.random.default_rng(seed)
    label = random.choice(["no", "yes"], 400)
    group = random.choice(["a", "b", "c"], 400)
    wrong = random.random(400) < np.where(group == "a", 0.1 + worse, 0.1)
    other = np.where(label == "no", "yes", "no")
    predictions = pd.DataFrame({"label": label, "predicted": np.where(wrong, other, label)})
    return {"group": {name: group == name for name in ("a", "b", "c")}}, predictions


def test_a_gap_that_is_there_is_found_and_chance_makes_one_too():
    metrics, gaps = group_tables(*documents(0, worse=0.3), parameters())
    overall = gaps.set_index("gap").loc["accuracy"]
    assert (overall["worst"], overall["verdict"]) == ("a", LARGER)
    shares = metrics[metrics["label"] == "accuracy"].set_index("group")["share"]
    assert overall["value"] == pytest.approx(shares.max() - shares.min())
    assert overall["low"] <= overall["value"] <= overall["high"]
    alarms = sum(
        (group_tables(*documents(seed, worse=0.0), parameters(seed=seed))[1]["verdict"] == LARGER).any()
        for seed in range(40)
    )
    assert alarms <= 6
    assert (group_tables(*documents(1, worse=0.0), parameters())[1]["by_chance"] > 0).all()


def test_the_gap_in_recall_is_equal_opportunity_difference():
    attributes, predictions = documents(3, worse=0.2)
    _, gaps = group_tables(attributes, predictions, parameters())
    positive = predictions["label"] == "yes"
    recalls = [
        ((predictions["predicted"] == "yes") & positive & inside).sum() / (positive & inside).sum()
        for inside in attributes["group"].values()
    ]
    assert gaps.set_index("gap").loc["recall of yes", "value"] == pytest.approx(max(recalls) - min(recalls))


def test_groups_of_three_documents_are_shown_and_not_compared():
    predictions = pd.DataFrame({"label": ["x"] * 13, "predicted": ["x"] * 10 + ["y"] * 3})
    attributes = {"kind": {"many": np.arange(13) < 10, "three": np.arange(13) >= 10}}
    metrics, gaps = group_tables(attributes, predictions, parameters())
    assert metrics.loc[metrics["group"] == "three", "share"].tolist() == [0, 0]
    assert gaps.empty
