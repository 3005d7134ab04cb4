"""Posteriors that are too sure become less sure, and by how much is told without gold."""

import numpy as np
import pytest

from stages.annotate.aggregation import CodedAnswers, Settings, aggregate
from stages.annotate.aggregation.tempering import left_out, tempered
from stages.common.metrics.counts import losses
from tests.annotate.crowd import Crowd, make_crowd, some_annotators


def both(crowd: Crowd) -> tuple[float, float, float]:
    """The power, and the log loss without and with tempering."""
    plain = aggregate("dawid_skene", crowd.answers, Settings(temper=False))
    found = aggregate("dawid_skene", crowd.answers)
    assert (found.labels == plain.labels).all()
    return found.power, *(float(losses(crowd.truth, each.posterior).mean()) for each in (plain, found))


def test_where_annotators_err_together_posteriors_become_less_sure():
    random = np.random.default_rng(20)
    crowd = make_crowd(1_500, 12, 8, some_annotators(12, 2, seed=21), seed=22)
    guessed = (
        random.random(1_500) < 0.25
    )  # items that nobody can tell: everybody guesses, with a bias of the item's own
    bias = random.random(1_500)
    values = np.where(
        guessed[crowd.answers.items],
        random.random(len(crowd.answers)) < bias[crowd.answers.items],
        crowd.answers.values,
    )
    answers = CodedAnswers.sort(crowd.answers.items, crowd.answers.annotators, values, (1_500, 12, 2))
    power, plain, better = both(crowd._replace(answers=answers))
    assert power < 0.7 and better < 0.8 * plain


def test_where_annotators_err_apart_posteriors_stay():
    power, plain, better = both(make_crowd(3_000, 10, 6, some_annotators(10, 3, seed=23), seed=24))
    assert power > 0.85 and better < 1.05 * plain


def test_one_answer_of_each_item_is_left_out():
    items = [0, 0, 0, 1, 2, 2, 2]
    answers = CodedAnswers.sort(items, range(7), [0, 1, 0, 1, 0, 0, 1], (4, 7, 2))
    assert np.flatnonzero(left_out(answers, 0)).tolist() == [0, 6]
    assert np.flatnonzero(left_out(answers, 1)).tolist() == [1, 4]


def test_a_power_of_one_changes_nothing_and_zeros_stay():
    posterior = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(tempered(posterior, 1.0), posterior, atol=1e-15)
    half = tempered(posterior, 0.5)
    np.testing.assert_allclose(half[0], [0.75, 0.25, 0], atol=1e-15)
    assert half[1] == pytest.approx(np.sqrt([0.2, 0.3, 0.5]) / np.sqrt([0.2, 0.3, 0.5]).sum())
