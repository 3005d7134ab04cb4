"""Annotators against gold and the rest, over time, their speed, and who looks like a spammer."""

import json

import numpy as np
import pytest

from stages.annotate.annotators import annotator_summaries
from stages.annotate.references import against_rest, majority_of_others
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.intervals import Estimate, difference_of_independent, wilson
from tests.annotate.answer_tables import table, wide

LABELS = ["ham", "spam", "eggs"]
ITEMS = 120


def annotators(answers, answer="label", labels=LABELS, gold=None):
    found = annotator_summaries(answers, answer, labels, gold or {}, ItemBootstrap(200, 0.95, 1))
    json.dumps(found, allow_nan=False)
    return {entry["annotator"]: entry for entry in found}


def crowd(bad, items=ITEMS, honest=5, accuracy=0.85, seed=3):
    """Answers of honest annotators and of one that is not, and the truth."""
    random = np.random.default_rng(seed)
    truth = random.choice(LABELS, items)
    columns = {
        f"honest{number}": np.where(random.random(items) < accuracy, truth, random.choice(LABELS, items)).tolist()
        for number in range(honest)
    }
    return columns | {"bad": bad(truth, random)}, {f"{row:02}": str(label) for row, label in enumerate(truth)}


def kinds(entry):
    return [flag["kind"] for flag in entry["flags"]]


def test_the_majority_of_the_others_leaves_ones_own_answer_out_and_ties_undecided():
    items = np.array([0, 0, 0, 1, 1, 2, 3, 3, 3])
    values = np.array([0, 1, 1, 2, 0, 1, 0, 1, 2])
    # of 0,1,1: the others of 0 say 1, those of each 1 are tied; of two each other; one alone has none; three differ
    assert majority_of_others(items, values, 3).tolist() == [1, -1, -1, 0, 2, -1, -1, -1, -1]


def test_the_rest_of_several_labels_is_what_more_than_half_of_them_gave():
    answers = wide({"a": ['["x"]'], "b": ['["x", "y"]'], "c": ['["y"]']})
    compared = against_rest(answers, "labels", ["x", "y"])
    rows = compared.rows.set_index("annotator")
    assert compared.cells.set_index("annotator")["true"].to_dict() == {"a": '["y"]', "b": "[]", "c": '["x"]'}
    assert rows["part"].tolist() == [0, 0, 0] and rows["whole"].tolist() == [2, 2, 2]
    spans = wide({"a": ['[[0, 1, "x"]]'], "b": ['[[0, 1, "x"], [2, 3, "y"]]'], "c": ['[[0, 1, "x"]]']})
    compared = against_rest(spans, "tags", ["x", "y"])
    rows = compared.rows.set_index("annotator")
    assert compared.cells.set_index("annotator")["true"].to_dict() == dict.fromkeys("abc", '[[0, 1, "x"]]')
    assert (rows["part"] / rows["whole"]).round(3).to_dict() == {"a": 1.0, "b": 0.667, "c": 1.0}
    numbers = against_rest(wide({"a": ["1"], "b": ["2"], "c": ["6"]}), "value", []).rows
    assert numbers["part"].tolist() == [3.0, 1.5, 4.5]


def test_accuracy_against_gold_and_the_rest_with_wilsons_interval():
    columns = {"a": ["ham"] * 20, "b": ["ham"] * 15 + ["spam"] * 5, "c": ["ham"] * 15 + ["spam"] * 4 + ["eggs"]}
    gold = {f"{row:02}": "ham" for row in range(18)}
    found = annotators(wide(columns), gold=gold)["b"]
    assert found["documents"] == found["answers"] == 20
    expected = wilson(15, 18, 0.95)
    assert found["against_gold"] == {
        "documents": 18,
        "metric": "accuracy",
        "value": 15 / 18,
        "low": expected.low,
        "high": expected.high,
    }
    # the others of b agree on 15 documents and differ on 5
    assert (found["against_rest"]["documents"], found["against_rest"]["value"]) == (15, 1.0)
    nothing = annotators(wide({"a": ["ham"]}))["a"]
    assert nothing["against_gold"]["reason"] == "no document has gold"
    assert nothing["against_rest"]["reason"] == "no document has the others' majority"


def test_confusion_counts_what_was_said_where_what_is_true():
    columns = {"a": ["ham", "spam", "spam", "eggs"] * 6}
    gold = {f"{row:02}": ("ham", "ham", "spam", "eggs")[row % 4] for row in range(24)}
    found = annotators(wide(columns), gold=gold)["a"]["confusion"]
    assert found == {
        "against": "gold",
        "cells": [
            {"truth": "eggs", "answer": "eggs", "documents": 6},
            {"truth": "ham", "answer": "ham", "documents": 6},
            {"truth": "ham", "answer": "spam", "documents": 6},
            {"truth": "spam", "answer": "spam", "documents": 6},
        ],
    }


def test_the_spammer_score_is_one_for_who_is_right_and_youdens_index_squared_for_two_classes():
    gold = {f"{row:02}": ("ham", "spam")[row % 2] for row in range(40)}
    right = [gold[f"{row:02}"] for row in range(40)]
    half = ["spam" if label == "ham" and row % 4 == 0 else label for row, label in enumerate(right)]
    found = annotators(wide({"right": right, "half": half, "same": ["ham"] * 40}), labels=["ham", "spam"], gold=gold)
    assert found["right"]["spammer_score"]["value"] == 1.0
    assert found["half"]["spammer_score"]["value"] == pytest.approx((0.5 + 1 - 1) ** 2)  # Raykar & Yu 2012, eq. 4
    assert found["same"]["spammer_score"] == {"value": 0.0, "expected_of_a_spammer": 0.0}


def test_random_answers_score_about_what_is_expected_of_a_spammer():
    columns, gold = crowd(lambda truth, random: random.choice(LABELS, len(truth)).tolist(), items=1000)
    found = annotators(wide(columns), gold=gold)["bad"]["spammer_score"]
    assert found["value"] < 4 * found["expected_of_a_spammer"] < 0.03


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (lambda truth, random: ["ham"] * len(truth), ["one_answer", "random"]),
        (lambda truth, random: random.choice(LABELS, len(truth)).tolist(), ["random"]),
        (lambda truth, random: [LABELS[(LABELS.index(label) + 1) % 3] for label in truth], ["contrary"]),
        (lambda truth, random: truth.tolist(), []),
        (lambda truth, random: np.where(random.random(len(truth)) < 0.6, truth, "eggs").tolist(), []),
    ],
)
@pytest.mark.parametrize("with_gold", [True, False])
def test_spammers_are_flagged_with_the_evidence_and_honest_annotators_are_not(bad, expected, with_gold):
    columns, gold = crowd(bad)
    found = annotators(wide(columns), gold=gold if with_gold else None)
    assert kinds(found.pop("bad")) == expected
    assert [kinds(entry) for entry in found.values()] == [[]] * 5


def test_a_flag_says_why_in_words():
    columns, gold = crowd(lambda truth, random: ["ham"] * len(truth))
    one, by_chance = annotators(wide(columns), gold=gold)["bad"]["flags"]
    hams = list(gold.values()).count("ham")
    assert one["reason"] == f"answered 'ham' on 120 of 120 documents; gold says so on {hams} of them"
    assert by_chance["reason"].startswith("kappa with gold is 0.00 (0.00 to 0.00) on 120 documents, no better than")


def test_nobody_is_flagged_by_few_answers_nor_for_a_label_that_is_as_frequent_in_truth():
    few, _ = crowd(lambda truth, random: ["ham"] * len(truth), items=19)
    assert [kinds(entry) for entry in annotators(wide(few)).values()] == [[]] * 6
    truth = ["ham"] * 57 + ["spam"] * 3
    columns = {name: [*truth] for name in "abc"} | {"d": ["ham"] * 60}
    assert kinds(annotators(wide(columns))["d"]) == []


def timed(seconds):
    rows = []
    truth = np.random.default_rng(1).choice(LABELS, 25)
    for name, each in seconds.items():
        rows += [{"id": f"{row:02}", "annotator": name, "answer": truth[row], "seconds": each} for row in range(25)]
    return table(rows)


def test_who_is_much_faster_than_the_others_is_flagged_and_how_accurate_it_was_is_said():
    found = annotators(timed({"a": 12.0, "b": 10.0, "c": 14.0, "d": 2.0}))
    assert [kinds(found[name]) for name in "abcd"] == [[], [], [], ["too_fast"]]
    reason = found["d"]["flags"][0]["reason"]
    assert reason == "takes 2 seconds an answer (seconds), the others 12; accuracy against the others' majority is 1.00"
    assert found["a"]["speed"] == {"median_seconds": 12.0, "from": "seconds", "answers": 25}
    assert kinds(annotators(timed({"a": 12.0, "d": 2.0}))["d"]) == []  # nobody to compare with


def test_speed_comes_from_the_times_between_answers_where_only_they_are_known():
    minutes = [0, 1, 2, 4, 60, 61]
    rows = [
        {
            "id": str(row),
            "annotator": "a",
            "answer": "ham",
            "time": f"2026-03-01T{10 + minute // 60}:{minute % 60:02}:00Z",
        }
        for row, minute in enumerate(minutes)
    ]
    found = annotators(table(rows))["a"]["speed"]
    assert found == {"median_seconds": 60.0, "from": "time between answers", "answers": 4}  # without the break
    handed_in = [{**row, "time": "2026-03-01T10:00:00Z"} for row in rows]
    assert annotators(table(handed_in))["a"]["speed"]["reason"].endswith("it says when they were handed in")


def test_drift_compares_the_later_half_with_the_earlier():
    items = 100
    rows = [
        {
            "id": f"{row:03}",
            "annotator": name,
            "answer": "spam" if name == "tired" and row >= 50 and row % 2 else "ham",
            "time": f"2026-03-01T{row // 60:02}:{row % 60:02}:00Z",
        }
        for row in range(items)
        for name in ("tired", "steady")
    ]
    gold = {f"{row:03}": "ham" for row in range(items)}
    found = annotators(table(rows), gold=gold)
    assert (found["tired"]["drift"]["early"], found["tired"]["drift"]["late"]) == (1.0, 0.5)
    assert found["tired"]["drift"]["outcome"] == "worse" and found["tired"]["drift"]["order"] == "time"
    assert found["tired"]["drift"]["high"] < 0
    assert found["steady"]["drift"]["outcome"] == "no clear difference"
    rounds = [{**row, "time": None, "round": "2" if int(row["id"]) < 50 else "10"} for row in rows]
    by_round = annotators(table(rounds), gold=gold)["tired"]["drift"]
    assert (by_round["order"], by_round["early"], by_round["late"]) == ("round", 1.0, 0.5)
    undated = [{**row, "time": None} for row in rows]
    assert annotators(table(undated), gold=gold)["tired"]["drift"]["reason"].startswith("neither times nor rounds")


def test_a_difference_of_shares_has_newcombes_interval():
    """Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10: 56/70 and 48/80."""
    found = difference_of_independent(wilson(56, 70, 0.95), wilson(48, 80, 0.95))
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert difference_of_independent(Estimate(None, reason="no"), wilson(1, 2, 0.95)).reason == "no"


def test_who_needs_training_is_clearly_worse_than_the_others_and_the_confusion_is_named():
    columns, gold = crowd(lambda truth, random: np.where(truth == "eggs", "spam", truth).tolist(), accuracy=0.97)
    found = annotators(wide(columns), gold=gold)
    assert found["bad"]["flags"] == []
    eggs = list(gold.values()).count("eggs")
    assert found["bad"]["needs_training"].endswith(f"most often 'spam' where it is 'eggs' ({eggs} of {eggs} errors)")
    assert all(entry["needs_training"] is None for name, entry in found.items() if name != "bad")


def test_spammers_are_flagged_where_answers_are_sets_and_spans():
    random = np.random.default_rng(5)
    truth = [sorted(label for label in "xyz" if random.random() < 0.4) for _ in range(80)]
    columns = {name: [json.dumps(each) for each in truth] for name in "abc"}
    columns |= {"same": ['["x"]'] * 80, "random": [json.dumps(truth[place]) for place in random.permutation(80)]}
    found = annotators(wide(columns), "labels", list("xyz"))
    assert {name: kinds(entry) for name, entry in found.items()} == {
        "a": [],
        "b": [],
        "c": [],
        "same": ["one_answer", "random"],
        "random": ["random"],
    }
    assert found["a"]["confusion"] is found["a"]["spammer_score"] is None
    spans = {name: [json.dumps([[0, 1, label] for label in each]) for each in truth] for name in "abc"} | {
        "lazy": ["[]"] * 80
    }
    assert "one_answer" in kinds(annotators(wide(spans), "tags", list("xyz"))["lazy"])


def test_numbers_are_held_against_the_mean_of_the_others():
    random = np.random.default_rng(6)
    truth = random.normal(size=60)
    columns = {name: [str(number) for number in truth + random.normal(scale=0.1, size=60)] for name in "abcd"}
    columns["far"] = [str(number) for number in truth + 2]
    found = annotators(wide(columns), "value", [])
    assert found["far"]["against_rest"]["value"] == pytest.approx(2, abs=0.05)
    assert found["far"]["needs_training"].startswith("mean absolute error against the others' mean is 2.0")
    assert found["a"]["needs_training"] is None and found["a"]["flags"] == []
