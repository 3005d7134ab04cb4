"""The benchmark of students: finished runs are not made again, and the table's differences are paired by document."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from benchmarks import twins
from benchmarks.kept_runs import rows_in


def row(arm, seed, labels, **more):
    key = {"dataset": "tiny", "arm": arm, "seed": seed, "scored": "test", "predicted": twins.coded(labels)}
    return {**dict.fromkeys(twins.FIELDS, ""), **key, "parameters": "1000", **more}


@pytest.fixture
def guesses():
    random = np.random.default_rng(1)
    actual = random.integers(0, 3, 400)
    wrong = {"teacher": 0.1, "distilled": 0.12, "alone": 0.3}

    def guess(share):
        return np.where(random.random(400) < share, random.integers(0, 3, 400), actual)

    return actual, {(arm, seed): guess(share) for arm, share in wrong.items() for seed in "12"}


def test_labels_are_written_and_read_back():
    labels = np.array([0, 3, 11, 61])
    assert twins.coded(labels) == "03bZ" and twins.decoded("03bZ").tolist() == labels.tolist()


def test_the_table_has_means_over_seeds_and_differences_with_intervals(guesses):
    actual, made = guesses
    rows = [row(twins.TRUTH, "", actual), *(row(arm, seed, labels) for (arm, seed), labels in made.items())]
    lines = twins.table("tiny", [*rows, row("distilled", "9", actual, dataset="another")])
    assert len(lines) == 2 + 3
    cells = {line.split(" | ")[0].removeprefix("| "): line.split(" | ") for line in lines[2:]}
    scores = {key: f1_score(actual, labels, average="macro") for key, labels in made.items()}
    mean = {arm: (scores[arm, "1"] + scores[arm, "2"]) / 2 for arm in ("teacher", "distilled", "alone")}
    assert cells["distilled"][3] == f"{mean['distilled']:.4f}" and cells["distilled"][2] == "2"
    assert cells["teacher"][4:] == ["", " |"] or cells["teacher"][4].strip() == ""
    assert cells["distilled"][4].startswith(f"{mean['distilled'] - mean['teacher']:+.4f} (")
    gain, _, interval = cells["distilled"][5].partition(" (")
    low, high = (float(part.rstrip(") |")) for part in interval.split(" to "))
    assert low < float(gain) < high and low > 0  # a student that guesses less often is better beyond doubt


def test_only_seeds_that_both_have_are_compared(guesses):
    actual, made = guesses
    one = {"1": made["distilled", "1"], "2": made["distilled", "2"]}
    assert twins.difference(actual, one, {}) == ""
    found = twins.difference(actual, one, {"2": made["teacher", "2"]})
    expected = np.subtract(*(f1_score(actual, made[arm, "2"], average="macro") for arm in ("distilled", "teacher")))
    assert found.startswith(f"{expected:+.4f} (")


def test_a_finished_run_is_read_and_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(twins, "ROWS", tmp_path / "rows.csv")
    monkeypatch.setattr(twins, "run_stages", lambda *given, **changes: pytest.fail("it was made again"))
    place, arm = twins.Place(tmp_path, "documents"), twins.ARMS["distilled"]
    settings = {
        **twins.ALWAYS,
        **arm.settings,
        "distil": twins.read_yaml(twins.ROOT / "params.yaml")["finetune"]["distil"],
    }
    key = twins.digest(settings, 1, "test", "documents")
    twins.add_row(twins.ROWS, twins.FIELDS, {**row("distilled", 1, [0, 1]), "key": key})
    asked = {"dataset": "tiny", "arm": "distilled", "seed": 1, "scored": "test"}
    assert twins.run(asked, arm, place) == rows_in(twins.ROWS)[0]


def test_the_student_without_a_teacher_is_trained_as_the_one_with_a_teacher():
    student = twins.read_yaml(twins.ROOT / "params.yaml")["finetune"]["distil"]
    alone, distilled = twins.ARMS["alone"].settings, twins.ARMS["distilled"].settings
    assert alone["layers"] == distilled["layers"]
    assert (alone["epochs"], alone["learning_rate"]) == (student["epochs"], student["learning_rate"])
