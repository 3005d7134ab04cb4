"""A round is played through: plan, answers with planted faults, import, agreement, decisions, training."""

from benchmarks.play_round import FAULTS, play
from tests.corpus import run
from tests.imports import ROOT


def test_the_script_says_what_it_takes():
    said = run(ROOT, "python", "-m", "benchmarks.play_round", "--help").stdout
    assert "--items" in said and "--gold" in said and "--set" in said


def test_a_round_goes_from_the_guideline_to_a_trained_model(repository):
    run(repository, "dvc", "checkout", "--quiet")
    played = play(repository, items=24, gold=3)
    assert sum(any(fault in line for fault in FAULTS) for line in played["imported"]) == len(FAULTS)
    assert "81 answers" in played["imported"][-1]
    assert played["contested"] > 3 and played["labelled"] == 27
    assert played["labelled_right"] >= 26  # what was contested was decided rightly
    assert any("agreement" in line for line in played["status"])
    assert 0 <= played["test_accuracy"] <= 1
