"""Finished runs are kept, and taken instead of being made again."""

import json
from pathlib import Path

import pytest

from benchmarks import kept_runs
from benchmarks.kept_runs import Run, digest, results


def square(number, log):
    with Path(log).open("a") as file:
        file.write(f"{number}\n")
    if number < 0:
        raise ValueError("no")
    return {"square": number**2}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Builds runs that note in a file that they were made, and the lines of that file."""
    monkeypatch.setattr(kept_runs, "FOLDER", tmp_path / "kept")
    log = tmp_path / "log"
    log.touch()
    return lambda *numbers: [Run({"number": n}, (n, str(log))) for n in numbers], lambda: log.read_text().split()


def test_a_kept_run_is_not_made_again(runs):
    build, made = runs
    assert results(build(2, 3), square, "squares") == [{"square": 4}, {"square": 9}]
    assert results(build(3, 4, 2), square, "squares") == [{"square": 9}, {"square": 16}, {"square": 4}]
    assert sorted(made()) == ["2", "3", "4"]


def test_what_was_finished_before_a_failure_is_kept(runs, monkeypatch):
    monkeypatch.setattr(kept_runs, "PROCESSES", 1)
    build, _ = runs
    with pytest.raises(ValueError, match="no"):
        results(build(2, -1), square, "squares")
    (kept,) = kept_runs.FOLDER.glob("*.json")
    assert json.loads(kept.read_text()) == {"settings": {"number": 2}, "result": {"square": 4}}


def test_other_settings_are_another_run():
    paths = {Run(settings, ()).path for settings in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}, {"a": 2, "b": 1})}
    assert len(paths) == 3
    assert digest("a", ["b"]) != digest("a", "b")
