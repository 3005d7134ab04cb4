"""The simulation of active learning: what a run is, how labels are counted as saved, and the tables of the docs."""

import csv

import numpy as np
import pytest

from benchmarks import active_learning
from benchmarks.active_learning import Embedded, Measured, choose, interval, kappa, saved, simulate, tables
from benchmarks.kept_runs import rows_in
from commands.annotation.selection import by_entropy
from tests.imports import ROOT


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Three groups of documents, of 150, 40 and 10 in training, that are not quite easy to tell apart."""
    for name, value in {"POOL": 120, "STOP_SET": 60, "BATCH": 4, "LABELS": 32, "STOPPED_BY": 48}.items():
        monkeypatch.setattr(active_learning, name, value)
    monkeypatch.setattr(active_learning, "BEYOND", (40, 64))
    monkeypatch.setattr(active_learning, "ROWS", tmp_path / "results/rows.csv")
    random = np.random.default_rng(0)

    def drawn(counts):
        codes = np.repeat([0, 1, 2], counts)
        return np.eye(3, 8)[codes] + random.normal(0, 0.4, (len(codes), 8)), codes

    train, test = drawn([150, 40, 10]), drawn([20, 20, 20])
    return Embedded([f"t{row:03}" for row in range(200)], *train, *test, ["a", "b", "c"], "digest")


@pytest.mark.parametrize("method", active_learning.METHODS)
def test_a_run_labels_round_by_round_and_learns(corpus, method):
    found = simulate(corpus, method, 1, range(4, 33, 4))
    assert found["labels"] == list(range(4, 33, 4))
    assert np.isnan(found["kappa"][0]) and np.isnan(found["changed"][:3]).all()
    assert min(found["kappa"][1:]) >= -1 and 0 <= min(found["changed"][3:]) <= max(found["changed"][3:]) <= 1
    assert found["macro_f1"][-1] > found["macro_f1"][0]
    again = simulate(corpus, method, 1, range(4, 33, 4))
    np.testing.assert_equal(again, found)


def test_active_methods_start_alike_and_all_methods_have_one_pool(corpus, monkeypatch):
    asked = []
    real = active_learning.label_probability

    def spied(vectors, codes, classes, seen):
        asked.append((vectors.copy(), seen))
        return real(vectors, codes, classes, seen)

    monkeypatch.setattr(active_learning, "label_probability", spied)
    for method in ("random", "margin", "badge"):
        simulate(corpus, method, 1, [4, 8])
    simulate(corpus, "margin", 2, [4])
    random, _, margin, more, badge, _, other = (vectors for vectors, _ in asked)
    np.testing.assert_array_equal(margin, badge)
    np.testing.assert_array_equal(more[:4], margin)  # what has a label keeps it
    assert len(np.unique(more, axis=0)) == 8
    assert not np.array_equal(random, margin) and not np.array_equal(other, margin)
    pool = {*map(tuple, asked[0][1][:120])}
    stop = {*map(tuple, asked[0][1][180:])}
    np.testing.assert_array_equal(asked[0][1], asked[3][1])
    assert len(stop) == 60 and not pool & stop and {*map(tuple, more)} <= pool


def test_a_method_chooses_as_a_plan_does():
    probability = np.array([[0.9, 0.05, 0.05], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.6, 0.2, 0.2]])
    vectors = np.eye(4)
    assert choose("uncertainty", vectors, probability, vectors[:0], 2, 1).tolist() == [2, 3]
    assert choose("margin", vectors, probability, vectors[:0], 2, 1).tolist() == [1, 2]
    assert by_entropy(np.array([0.1, 0.7, 0.7000000001, 0.2])).tolist() == [1, 2, 3, 0]  # equals keep their order
    drawn = choose("random", vectors, None, vectors[:0], 3, 1).tolist()
    assert len({*drawn}) == 3 and drawn == choose("random", vectors, None, vectors[:0], 3, 1).tolist()
    with pytest.raises(ValueError, match="margin asks a model"):
        choose("margin", vectors, None, vectors, 2, 1)


def test_a_finished_run_is_a_row_and_is_not_made_again(corpus, monkeypatch):
    made = active_learning.run("tiny", corpus, "margin", 1)
    monkeypatch.setattr(active_learning, "simulate", None)  # would fail if it were called
    assert active_learning.run("tiny", corpus, "margin", 1)["macro_f1"] == made["macro_f1"]
    for other in (("tiny", corpus, "margin", 2), ("tiny", corpus, "random", 1)):
        with pytest.raises(TypeError):
            active_learning.run(*other)
    with pytest.raises(TypeError):  # other documents are another run
        active_learning.run("tiny", corpus._replace(documents="other"), "margin", 1)
    with active_learning.ROWS.open() as file:
        (row,) = csv.DictReader(file)
    assert Measured.read(row).labels.tolist() == list(range(4, 49, 4))


def curve(values, labels=None, steady=()):
    labels = np.array(labels or range(16, 16 * len(values) + 1, 16), dtype=float)
    kappas = np.array([1.0 if row in steady else 0.9 for row in range(len(values))])
    return Measured(labels, np.array(values, dtype=float), kappas, np.full(len(values), 0.02))


def test_the_area_is_the_mean_height_up_to_320_labels():
    line = curve(np.linspace(0.2, 0.8, 20).tolist())
    assert line.area() == pytest.approx(0.5)
    beyond = curve([*np.linspace(0.2, 0.8, 20), 9.0], [*range(16, 321, 16), 640])
    assert beyond.area() == pytest.approx(0.5)


def test_labels_for_the_same_macro_f1_are_read_off_a_rising_curve():
    rising = curve([0.2, 0.4, 0.6, 0.8])
    assert [rising.needs(score) for score in (0.1, 0.2, 0.3, 0.6, 0.65, 0.8, 0.9)] == pytest.approx(
        [16, 16, 24, 48, 52, 64, 64]
    )
    bumpy = curve([0.2, 0.6, 0.4, 0.8])  # the bump and the dip after it count as their mean
    assert bumpy.needs(0.5) == 32 and bumpy.needs(0.35) == pytest.approx(24)


def test_the_share_saved_is_of_the_labels_that_random_needs():
    random = [curve([0.2, 0.4, 0.6, 0.8])] * 3
    better = [curve([0.4, 0.8]), curve([0.4, 0.8]), curve([0.4, 0.8])]
    assert saved(better, random, 32) == pytest.approx((0.5, 0.5, 0.5))
    assert saved(random, random, 48) == pytest.approx((0, 0, 0))
    mixed = [curve([0.4, 0.8]), curve([0.4, 0.6]), curve([0.2, 0.4])]
    mean, low, high = saved(mixed, random, 32)
    assert mean == pytest.approx(1 - (0.5 * (2 / 3) * 1) ** (1 / 3)) and low < mean < high < 1
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2, -0.484, 4.484), abs=1e-3)  # t is 4.303


def test_labelling_stops_when_three_rounds_in_a_row_are_steady():
    assert curve([0.5] * 8, steady=(1, 2, 4, 5, 6, 7)).stops() == 6
    assert curve([0.5] * 8, steady=(1, 2, 4, 5)).stops() is None
    assert kappa(np.array([1, 1]), np.array([1, 1])) == 1
    assert kappa(np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0])) == 0


def test_the_tables_of_the_docs_are_those_of_the_finished_runs():
    docs = (ROOT / "docs/benchmarks.md").read_text()
    rows = rows_in(active_learning.ROWS)
    assert len(rows) == len({row["key"] for row in rows})
    printed = [line for line in tables(rows) if line]
    assert len(printed) >= 4 + 2 * (len(active_learning.METHODS) + len(active_learning.STOPPING))
    assert all(line in docs.splitlines() for line in printed)
