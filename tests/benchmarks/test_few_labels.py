"""The benchmark of few labels: a finished run is read and not made again, and differences are paired by draw."""

import csv

import pandas as pd
import pytest

from benchmarks import few_labels
from benchmarks.few_labels import Arm, Place
from benchmarks.kept_runs import rows_in
from tests.finetune.conftest import make_card, make_split
from tests.imports import ROOT


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(few_labels, "ROWS", tmp_path / "results/rows.csv")
    train = pd.concat([make_split(0, 20).assign(half=0), make_split(20, 20).assign(half=1)])
    held_out = {"validation": make_split(50, 6), "test": make_split(60, 6)}
    splits = {"train": train, **held_out}
    return Place({name: rows.assign(published_split=None) for name, rows in splits.items()}, make_card(), tmp_path, "")


def make(place, arm="TF-IDF", draw=1, half=1, **more):
    row = {"dataset": "tiny", "arm": arm, "per_class": 4, "draw": draw}
    return few_labels.run(row, few_labels.ARMS[arm], place, half, "test")


def test_a_finished_run_is_a_row_and_is_not_made_again(place, monkeypatch):
    made = make(place)
    assert 0.5 < made["accuracy"] <= 1 and made["half"] == 1
    monkeypatch.setattr(few_labels, "by_regression", None)  # would fail if it were called
    assert float(make(place)["accuracy"]) == made["accuracy"]
    for other in ({"draw": 2}, {"half": 0}, {"arm": "frozen"}):
        with pytest.raises(TypeError):  # another draw, half or arm is another run
            make(place, **other)
    with few_labels.ROWS.open() as file:
        (row,) = csv.DictReader(file)
    assert row["settings"] == '{"trainer": "tfidf"}' and row["scored"] == "test"


def test_a_draw_has_as_many_documents_a_class_of_its_half_and_texts_of_labels_beside(place, monkeypatch):
    seen = []
    monkeypatch.setattr(few_labels, "by_regression", lambda train, scored, _: seen.append(train) or scored["label"])
    row = {"dataset": "tiny", "arm": "x", "per_class": 4, "draw": 1}
    few_labels.run(row, Arm("tfidf", "definitions"), place, 1, "test")
    (train,) = seen
    assert train["method"].value_counts().to_dict() == {"original": 12, "label_text": 3}
    assert (train.loc[train["method"].eq("original"), "id"].str[-3:].astype(int) >= 20).all()


def test_differences_are_paired_by_draw():
    one, other = {"1": 80.0, "2": 84.0, "3": 86.0, "9": 10.0}, {"1": 78.0, "2": 83.0, "3": 83.0}
    assert few_labels._difference(one, other) == "+2.00 (-0.48 to +4.48)"  # 2, 1, 3: t is 4.303 for two degrees
    assert few_labels._difference(one, {"1": 1.0}) == ""


def test_an_arm_without_its_python_is_named(place):
    with pytest.raises(SystemExit, match="--setfit names no Python with SetFit"):
        make(place, "SetFit")


def test_the_table_of_the_docs_is_that_of_the_finished_runs():
    docs = (ROOT / "docs/benchmarks.md").read_text()
    lines = few_labels.table("noisy_ag_news", rows_in(few_labels.ROWS))
    assert len(lines) > 2 and "\n".join(lines) in docs


def test_a_row_of_the_table_has_its_spread_its_difference_and_its_command():
    rows = [
        {"dataset": "x", "scored": "test", "per_class": "8", "arm": arm, "draw": draw, "accuracy": a, "seconds": "9.6"}
        for arm, accuracies in (("contrastive", "0.8 0.84 0.86"), ("SetFit", "0.78 0.83 0.83"))
        for draw, a in zip("123", accuracies.split(), strict=True)
    ]
    rows.append({**rows[0], "scored": "validation", "accuracy": "0.1"})  # no row of the table
    first, second = few_labels.table("x", rows)[2:]
    how = '`--dataset x --arms "contrastive" --per-class 8 --draws 3`'
    assert first == f"| 8 | contrastive | 83.33 | 3.06 | 3 | 10 | +2.00 (-0.48 to +4.48) | {how} |"
    assert second.startswith("| 8 | SetFit | 81.33 |")
