"""`auto`: by gold items where there are enough, and never by others."""

import numpy as np
import pytest

from stages.annotate.aggregation import METHODS, choose
from tests.annotate.crowd import make_crowd, some_annotators

SPAMMED = np.concatenate([some_annotators(4, 2, seed=30), np.tile([[0.95, 0.05], [0.95, 0.05]], (3, 1, 1))])
CROWD = make_crowd(1_000, 7, 7, SPAMMED, seed=31)


def test_without_gold_majority_is_taken():
    chosen = choose(CROWD.answers, [], [])
    assert chosen == ("majority", "majority, since there is no gold to choose by", {})


def test_a_method_that_is_clearly_better_is_taken():
    items = np.arange(0, 1_000, 3)
    chosen = choose(CROWD.answers, items, CROWD.truth[items])
    assert chosen.method == max(METHODS, key=chosen.accuracy.__getitem__) != "majority"
    assert chosen.accuracy[chosen.method] > chosen.accuracy["majority"] + 0.05
    assert chosen.why.startswith(f"{chosen.method}: of 334 gold items {chosen.method} has ")
    assert chosen.why.endswith("is clear of 0")


def test_too_few_gold_items_stay_with_majority():
    items = np.arange(8)
    chosen = choose(CROWD.answers, items, CROWD.truth[items])
    assert chosen.method == "majority" and set(chosen.accuracy) == set(METHODS)
    assert chosen.why.startswith("majority, since of 8 gold items ") and chosen.why.endswith("is not clear of 0")


def test_gold_decides_nothing_but_the_choice():
    """With all gold labels wrong each method is right exactly where it was wrong: none of them sees the gold."""
    items = np.arange(300)
    right, wrong = (choose(CROWD.answers, items, gold) for gold in (CROWD.truth[items], 1 - CROWD.truth[items]))
    assert wrong.method != right.method
    for name in METHODS:
        assert wrong.accuracy[name] == pytest.approx(1 - right.accuracy[name])


def test_gold_items_without_answers_are_passed_over():
    items = CROWD.answers.item_count
    more = CROWD.answers.where(CROWD.answers.items > 0)
    assert choose(more, [0], [1]).why == "majority, since there is no gold to choose by"
    assert choose(more, [0, items - 1], [1, 1]).why.startswith("majority, since of 1 gold item ")
