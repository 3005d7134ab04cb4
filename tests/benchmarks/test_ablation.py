"""The figures under the ablation's tables, and that its arms see the same documents."""

import pandas as pd
import pytest
from scipy import stats

from benchmarks.ablation import BALANCE, METHODS, NONE, PER_CLASS, WEIGHTS, holm, interval, make_arms, print_table
from benchmarks.few_shot import Corpus


def test_an_interval_is_students():
    scores = pd.Series([0.80, 0.83, 0.79, 0.85, 0.82])
    expected = stats.t.interval(0.95, 4, loc=scores.mean(), scale=stats.sem(scores))
    assert interval(scores) == pytest.approx(expected)


def test_holms_correction_multiplies_the_smallest_by_all_and_never_falls():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}


def test_the_difference_is_taken_seed_by_seed(capsys):
    rows = pd.DataFrame(
        {
            "seed": [1, 2, 3] * 2,
            "arm": [NONE] * 3 + ["swap"] * 3,
            "macro_f1": [0.5, 0.7, 0.9, 0.52, 0.71, 0.93],
            "rows": [10] * 3 + [40] * 3,
        }
    )
    print_table("tiny", rows)
    said = capsys.readouterr().out.splitlines()[-1]
    low, high = interval(pd.Series([0.02, 0.01, 0.03]))
    assert said.startswith("| swap | 40 | 0.7200 (")
    assert f"| +0.0200 ({low:+.4f} to {high:+.4f}) | 0.074 |" in said


def test_each_arm_of_a_seed_trains_on_the_same_documents(make_documents, monkeypatch, tmp_path):
    labels = ["a"] * 300 + ["b"] * 60
    train = make_documents([f"text {n}" for n in range(360)], label=labels)
    pool = train.assign(id=train["id"] + "#swap-1", method="swap")
    monkeypatch.setattr("benchmarks.ablation.make_pool", lambda *_: pool)
    arms = list(make_arms("r8", Corpus(["a", "b"], train, train[:0], train[:0]), tmp_path, range(1, 3)))
    assert {arm.name for arm in arms} == {NONE, *METHODS, *BALANCE, WEIGHTS}
    for experiment in ("r8", "r8_uneven"):
        drawn = {}
        for arm in (arm for arm in arms if arm.experiment == experiment):
            documents = set(arm.train.loc[arm.train["method"].eq("original"), "id"])
            assert drawn.setdefault(arm.seed, documents) == documents
            assert set(arm.train["derived_from"].str[0]) <= documents
        assert drawn[1] != drawn[2]
    even, uneven = (
        next(a for a in arms if a.name == NONE and a.experiment == name).train for name in ("r8", "r8_uneven")
    )
    assert even["label"].value_counts().to_dict() == dict.fromkeys("ab", PER_CLASS["r8"])
    assert uneven["label"].value_counts().to_dict() == {"a": 200, "b": 40}
    (oversampled,) = (a.train for a in arms if a.name == "oversample" and a.seed == 1)
    assert oversampled["label"].value_counts().to_dict() == {"a": 200, "b": 200}
