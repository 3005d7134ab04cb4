"""One label of several answers: by hand on small tables, on crowds whose truth is known, and on strange input."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from stages.annotate.aggregation import METHODS, Aggregate, CodedAnswers, Settings, aggregate
from stages.common.core.messages import UserError
from tests.annotate.crowd import make_crowd, some_annotators

MODELS = [name for name in METHODS if name != "majority"]
PLAIN = Settings(temper=False)
Rows = list[tuple[int, int, int]]


def coded(rows: Rows, items: int, annotators: int, classes: int) -> CodedAnswers:
    """Answers as (item, annotator, value)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return CodedAnswers.sort(*columns, (items, annotators, classes))


def check(found: Aggregate, answers: CodedAnswers) -> None:
    """What holds for any answers."""
    assert found.posterior.dtype == np.float64 and found.posterior.shape == (answers.item_count, answers.classes)
    assert np.isfinite(found.posterior).all() and (found.posterior >= 0).all()
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(found.confusion.sum(axis=-1), 1, atol=1e-12)
    assert ((found.skill > 0) & (found.skill <= 1)).all()
    assert ((found.labels >= 0) & (found.labels < answers.classes)).all()


# Two items and three annotators: about the first they answer 0, 0, 1, about the second 1, 1, 1.
SMALL: Rows = [(0, 0, 0), (0, 1, 0), (0, 2, 1), (1, 0, 1), (1, 1, 1), (1, 2, 1)]


def test_majority_gives_the_shares_of_the_votes():
    found = aggregate("majority", coded([*SMALL, (2, 0, 2), (2, 1, 0)], 4, 3, 3))
    expected = [[2 / 3, 1 / 3, 0], [0, 1, 0], [1 / 2, 0, 1 / 2], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(found.posterior, expected, atol=1e-15)
    assert found.labels[:2].tolist() == [0, 1] and found.labels[2] in (0, 2)
    assert found.log_likelihood is None and found.iterations == 0 and found.notes == ()


def test_a_tie_is_decided_by_the_items_id_and_favours_no_class():
    items = 600
    rows = [(item, who, who) for item in range(items) for who in (0, 1)] + [(0, 2, 2)]
    labels = aggregate("majority", coded(rows, items, 3, 3)).labels
    assert 250 < (labels[1:] == 0).sum() < 350 and set(labels[1:]) == {0, 1}
    table = pd.DataFrame({"id": ["x", "x"], "annotator": ["a", "b"], "answer": ["yes", "no"]})
    alone = CodedAnswers.of(table, ["x"], ["no", "yes"])
    among_others = CodedAnswers.of(table[::-1], ["w", "x", "y"], ["no", "yes"])
    assert aggregate("majority", alone).labels[0] == aggregate("majority", among_others).labels[1]


def test_dawid_skene_takes_one_step_as_computed_by_hand():
    # Vote shares are (2/3, 1/3) and (0, 1), so 2/3 of an item is of class 0 and 4/3 are of class 1. Annotators 0 and 1
    # gave expected answers [[2/3, 0], [1/3, 1]], annotator 2 [[0, 2/3], [0, 4/3]]. Together, with half an answer added
    # to each cell: row 0 (4/3 + 1/2, 2/3 + 1/2) of 3, row 1 (2/3 + 1/2, 10/3 + 1/2) of 5.
    pooled = np.array([[11 / 18, 7 / 18], [7 / 30, 23 / 30]])
    own = np.array([[2 / 3, 0], [1 / 3, 1]]), np.array([[0, 2 / 3], [0, 4 / 3]])
    strength = 3.0
    careful, careless = ((each + strength * pooled) / (each.sum(axis=1, keepdims=True) + strength) for each in own)
    prior = np.array([(2 / 3 + 1) / 4, (4 / 3 + 1) / 4])
    joint = np.array(
        [
            prior * careful[:, 0] ** 2 * careless[:, 1],
            prior * careful[:, 1] ** 2 * careless[:, 1],
        ]
    )
    found = METHODS["dawid_skene"](coded(SMALL, 2, 3, 2), Settings(iterations=1, shrinkage=strength))
    np.testing.assert_allclose(found.confusion, [careful, careful, careless], atol=1e-15)
    np.testing.assert_allclose(found.posterior, joint / joint.sum(axis=1, keepdims=True), atol=1e-15)
    assert found.log_likelihood == pytest.approx(math.log(joint.sum(axis=1).prod()), abs=1e-12)
    assert found.iterations == 1 and not found.converged


def test_one_coin_takes_one_step_as_computed_by_hand():
    # Annotators 0 and 1 are right about 2/3 + 1 of 2 items, annotator 2 about 1/3 + 1; together about 14/3 of 6. Each
    # leans on (14/3 + 1/2) / 7 by two answers, one for each class.
    together = (14 / 3 + 1 / 2) / 7
    skill = np.array([5 / 3 + 2 * together, 5 / 3 + 2 * together, 4 / 3 + 2 * together]) / 4
    prior = np.array([5 / 12, 7 / 12])
    a, _, c = skill
    joint = np.array(
        [
            [prior[0] * a * a * (1 - c), prior[1] * (1 - a) ** 2 * c],
            [prior[0] * (1 - a) ** 2 * (1 - c), prior[1] * a * a * c],
        ]
    )
    found = METHODS["one_coin"](coded(SMALL, 2, 3, 2), Settings(iterations=1, shrinkage=1.0))
    np.testing.assert_allclose(found.skill, skill, atol=1e-15)
    np.testing.assert_allclose(found.posterior, joint / joint.sum(axis=1, keepdims=True), atol=1e-15)


def test_mace_is_at_a_fixed_point_of_the_papers_equations():
    answers, _, _ = make_crowd(60, 5, 4, some_annotators(5, 3, seed=1), seed=2)
    found = METHODS["mace"](answers, Settings(tolerance=1e-13, iterations=5_000))
    assert found.converged
    known, blind = np.zeros(5), np.zeros((5, 3))
    knowing, favourite = found.parameters["competence"], np.zeros((5, 3))
    for who in range(5):  # off the diagonal stands (1 - competence) x favourite
        for value in range(3):
            favourite[who, value] = found.confusion[who, (value + 1) % 3, value] / (1 - knowing[who])
    from scipy.special import digamma

    given = np.bincount(answers.annotators, minlength=5)
    knew = np.exp(digamma(knowing * (given + 1)) - digamma(given + 1))
    guessed = np.exp(digamma((1 - knowing) * (given + 1)) - digamma(given + 1))
    weight = (1 - knowing) * (given + 1) - 0.5 + 30
    liked = np.exp(digamma(favourite * weight[:, None]) - digamma(weight)[:, None])
    for item, who, value in zip(answers.items, answers.annotators, answers.values, strict=True):
        copied = knew[who] / (knew[who] + guessed[who] * liked[who, value]) * found.posterior[item, value]
        known[who] += copied
        blind[who, value] += 1 - copied
    np.testing.assert_allclose(knowing, (known + 0.5) / (given + 1), atol=1e-9)
    np.testing.assert_allclose(favourite, (blind + 10) / (blind + 10).sum(axis=1, keepdims=True), atol=1e-9)


def test_glad_ends_where_the_penalised_likelihood_is_flat():
    answers, _, _ = make_crowd(40, 6, 5, some_annotators(6, 3, seed=3), seed=4)
    found = METHODS["glad"](answers, Settings(tolerance=1e-13, iterations=5_000))
    ability, easiness = found.parameters["ability"], found.parameters["easiness"]

    def objective(ability, easiness):
        chance = 1 / (1 + np.exp(-ability[answers.annotators] * easiness[answers.items]))
        joint = np.full((40, 3), 1 / 3)
        for item, value, right in zip(answers.items, answers.values, chance, strict=True):
            joint[item] *= np.where(np.arange(3) == value, right, (1 - right) / 2)
        penalty = ((ability - 1) ** 2).sum() / 2 + ((np.log(easiness) - 1) ** 2).sum() / 2
        return np.log(joint.sum(axis=1)).sum(), penalty

    likelihood, _ = objective(ability, easiness)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-9)
    step = 1e-5
    for who in range(6):
        there, back = (objective(ability + sign * step * np.eye(6)[who], easiness) for sign in (1, -1))
        assert ((there[0] - there[1]) - (back[0] - back[1])) / (2 * step) == pytest.approx(0, abs=1e-5)
    for item in range(0, 40, 7):
        there, back = (objective(ability, easiness * np.exp(sign * step * np.eye(40)[item])) for sign in (1, -1))
        assert ((there[0] - there[1]) - (back[0] - back[1])) / (2 * step) == pytest.approx(0, abs=1e-5)


def test_glads_likelihood_of_one_item_is_that_of_its_parameters():
    found = METHODS["glad"](coded([(0, who, int(who > 1)) for who in range(5)], 1, 5, 2), PLAIN)
    right = 1 / (1 + np.exp(-found.parameters["ability"] * found.parameters["easiness"]))
    joint = [np.prod(np.where([one, one, other, other, other], right, 1 - right)) for one, other in ((1, 0), (0, 1))]
    assert found.log_likelihood == pytest.approx(np.log(sum(joint) / 2), abs=1e-12)
    assert found.posterior[0, 1] == pytest.approx(joint[1] / sum(joint), abs=1e-12)


def test_dawid_skene_recovers_planted_confusion_matrices():
    crowd = make_crowd(3_000, 8, 5, some_annotators(8, 4, seed=5), seed=6)
    found = aggregate("dawid_skene", crowd.answers)
    assert np.abs(found.confusion - crowd.confusion).mean() < 0.015
    assert (found.labels == crowd.truth).mean() > 0.95
    assert found.converged and found.notes == ()


def test_dawid_skene_reads_an_annotator_who_swaps_two_classes():
    swapping = np.array([[0.05, 0.95], [0.95, 0.05]])
    careful = np.array([[0.85, 0.15], [0.2, 0.8]])
    crowd = make_crowd(1_000, 4, 4, np.stack([careful, careful, careful, swapping]), seed=7)
    found = aggregate("dawid_skene", crowd.answers, PLAIN)
    assert np.abs(found.confusion[3] - swapping).max() < 0.04
    by_majority = aggregate("majority", crowd.answers)
    assert (found.labels == crowd.truth).mean() > (by_majority.labels == crowd.truth).mean() + 0.1


@pytest.mark.parametrize("method", MODELS)
def test_a_spammer_has_the_least_skill(method):
    spammer = np.array([[0.9, 0.1], [0.9, 0.1]])
    careful = np.array([[0.9, 0.1], [0.1, 0.9]])
    crowd = make_crowd(400, 5, 4, np.stack([careful, spammer, careful, careful, careful]), seed=8)
    found = aggregate(method, crowd.answers)
    check(found, crowd.answers)
    assert found.skill.argmin() == 1 and found.skill[1] < 0.65 < 0.8 < np.delete(found.skill, 1).min()
    assert (found.labels == crowd.truth).mean() > 0.95


@pytest.mark.parametrize("method", MODELS)
def test_what_a_model_estimates_is_in_millionths(method):
    answers, _, _ = make_crowd(100, 6, 4, some_annotators(6, 3, seed=15), seed=16)
    exact, found = METHODS[method](answers, PLAIN), aggregate(method, answers, PLAIN)
    for name in ("posterior", "confusion", "skill"):
        rough, fine = getattr(found, name), getattr(exact, name)
        assert 0 < np.abs(rough - fine).max() < 4e-6
    by_hand = np.rint(exact.posterior * 1e6).clip(min=1)  # nothing is impossible
    assert (found.posterior == by_hand / by_hand.sum(axis=1, keepdims=True)).all()
    assert (found.labels == exact.labels).all()


def test_a_model_that_does_not_come_to_rest_says_so():
    answers, _, _ = make_crowd(100, 6, 4, some_annotators(6, 3, seed=15), seed=16)
    found = aggregate("dawid_skene", answers, Settings(iterations=2))
    assert not found.converged and found.notes == ("dawid_skene did not come to rest in 2 steps",)


def test_few_answers_lean_on_everybody():
    rows = [(item, who, item % 2) for item in range(50) for who in range(3)] + [(0, 3, 1)]
    found = aggregate("dawid_skene", coded(rows, 50, 4, 2), PLAIN)
    assert 0.3 < found.confusion[3, 0, 1] < 0.4  # one wrong answer of one, shrunk by two
    assert found.confusion[3, 1, 1] > 0.95  # no answer of its own: everybody's
    strong = aggregate("dawid_skene", coded(rows, 50, 4, 2), Settings(shrinkage=50.0, temper=False))
    assert strong.confusion[3, 0, 1] < 0.05


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(list(METHODS)))
def test_any_order_of_answers_gives_the_same_bytes(random, method):
    answers, _, _ = make_crowd(40, 6, 3, some_annotators(6, 3, seed=9), seed=10)
    rows = list(zip(answers.items.tolist(), answers.annotators.tolist(), answers.values.tolist(), strict=True))
    random.shuffle(rows)
    one, other = aggregate(method, answers), aggregate(method, coded(rows, 40, 6, 3))
    for name in ("posterior", "labels", "confusion", "skill"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_any_number_of_threads_gives_the_same_bytes(method):
    answers, _, _ = make_crowd(500, 20, 5, some_annotators(20, 4, seed=11), seed=12)
    with threadpool_limits(limits=1):
        one = aggregate(method, answers)
    with threadpool_limits(limits=4):
        four = aggregate(method, answers)
    assert one.posterior.tobytes() == four.posterior.tobytes() and one.power == four.power


@pytest.mark.parametrize("method", MODELS)
def test_two_thousand_answers_an_item_do_not_underflow(method):
    crowd = make_crowd(20, 2_000, 2_000, some_annotators(2_000, 3, seed=13), seed=14)
    found = aggregate(method, crowd.answers)
    check(found, crowd.answers)
    assert (found.labels == crowd.truth).all()
    assert -1e5 < found.log_likelihood < -1e4  # its exponential is 0 in floats


STRANGE = {
    "one annotator": ([(0, 0, 1), (1, 0, 0)], 2, 1, 2),
    "two annotators": ([(0, 0, 1), (0, 1, 0), (1, 0, 0)], 2, 2, 2),
    "one class": ([(0, 0, 0), (0, 1, 0), (1, 2, 0)], 2, 3, 1),
    "one class seen of three": ([(item, who, 1) for item in range(4) for who in range(3)], 4, 3, 3),
    "one item": ([(0, who, int(who > 1)) for who in range(5)], 1, 5, 2),
    "an item without answers": (SMALL, 3, 3, 2),
    "an annotator without answers": (SMALL, 2, 4, 2),
    "all disagree": ([(item, who, who) for item in range(5) for who in range(3)], 5, 3, 3),
    "one answer an item": ([(who, who, who % 2) for who in range(4)], 4, 4, 2),
    "the same answer twice": ([*SMALL, *SMALL], 2, 3, 2),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", STRANGE)
def test_strange_answers_have_defined_results(kind, method):
    answers = coded(*STRANGE[kind])
    found = aggregate(method, answers)
    check(found, answers)
    if kind == "one item":
        assert found.labels.tolist() == [1]
    if kind == "one class seen of three":
        assert (found.labels == 1).all()
    if kind == "all disagree":
        assert np.ptp(found.posterior) < 0.2
    if method != "majority" and kind in ("one annotator", "two annotators", "one class"):
        assert found.method == "majority" and found.notes[0].startswith(f"{method} fell back to majority: ")
    if method != "majority" and kind == "one answer an item":
        assert found.power == 1 and "not tempered: no item has two answers" in found.notes


def test_an_item_without_answers_gets_the_classes_probabilities():
    rows = [(item, who, int(item < 3)) for item in range(10) for who in range(3)]
    found = aggregate("dawid_skene", coded(rows, 11, 3, 2), PLAIN)
    np.testing.assert_allclose(found.posterior[10], [8 / 12, 4 / 12], atol=1e-3)
    np.testing.assert_allclose(aggregate("majority", coded(rows, 11, 3, 2)).posterior[10], [0.5, 0.5])


def overturned() -> CodedAnswers:
    """Three functions that know better, and one that says 1 about everything; about one item it speaks alone."""
    rows = [(item, who, item % 2) for item in range(60) for who in range(3)] + [(item, 3, 1) for item in range(61)]
    rows += [(item, who, 0) for item in range(61, 160) for who in range(3)] + [(item, 3, 1) for item in range(61, 160)]
    return coded(rows, 160, 4, 2)


def test_unanimous_answers_of_functions_are_never_overturned():
    answers = overturned()
    free = aggregate("dawid_skene", answers, PLAIN)
    assert free.labels[60] == 0 and free.kept_unanimous == 0
    held = aggregate("dawid_skene", answers, Settings(temper=False, never_overturn_unanimous=True))
    assert held.labels[60] == 1 and held.kept_unanimous == 1
    assert held.posterior[60].tolist() == free.posterior[60, ::-1].tolist()
    others = np.delete(np.arange(160), 60)
    assert (held.posterior[others] == free.posterior[others]).all() and (
        held.labels[others] == free.labels[others]
    ).all()


def test_a_table_of_answers_becomes_numbers():
    table = pd.DataFrame(
        {
            "id": ["b", "a", "a", "c"],
            "annotator": ["zoe", "zoe", "amy", "amy"],
            "answer": ["yes", "no", "yes", "no"],
        }
    )
    answers = CodedAnswers.of(table, ["a", "b", "c", "d"], ["no", "yes"])
    assert answers.names == ("amy", "zoe") and answers.item_count == 4
    assert answers.items.tolist() == [0, 0, 1, 2]
    assert answers.annotators.tolist() == [0, 1, 1, 0] and answers.values.tolist() == [1, 0, 1, 0]
    assert answers.unanimous.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("answer", "yess", "Annotator 'amy' answered 'yess' about 'a', which is no label. Did you mean 'yes'?"),
        ("id", "q", "Annotator 'amy' answered about 'q', which is no document."),
    ],
)
def test_an_answer_that_fits_nothing_is_named(column, value, message):
    table = pd.DataFrame({"id": ["a"], "annotator": ["amy"], "answer": ["yes"]})
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        CodedAnswers.of(table.assign(**{column: value}), ["a", "b"], ["no", "yes"])


def test_no_answers_and_unknown_methods_are_mistakes():
    with pytest.raises(UserError, match="There are no answers to aggregate"):
        aggregate("majority", coded([], 3, 2, 2))
    with pytest.raises(UserError, match="Did you mean 'dawid_skene'"):
        aggregate("dawid_sken", coded(SMALL, 2, 3, 2))
    with pytest.raises(UserError, match=r"2,000 annotators and 1,000 labels make .* Leave out labels"):
        aggregate("majority", coded(SMALL, 2, 2_000, 1_000))
    with pytest.raises(ValueError, match="the value of an answer is not among 0 to 1"):
        coded([(0, 0, 2)], 1, 1, 2)
    with pytest.raises(ValueError, match="not equally many"):
        CodedAnswers.sort([0], [0, 1], [0], (1, 2, 2))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_class_that_nobody_answered_is_never_the_label(method):
    random = np.random.default_rng(0)
    truth = (random.random(900) < 0.3).astype(int)
    rows = [
        (item, who, 2 * (true if random.random() < skill else 1 - true))
        for item, true in enumerate(truth)
        for who, skill in enumerate((0.97, 0.95, 0.8))
    ]
    two = aggregate(method, coded([(item, who, value // 2) for item, who, value in rows], 900, 3, 2))
    four = aggregate(method, coded(rows, 900, 3, 4))
    assert (four.labels == 2 * two.labels).all()
    assert four.posterior[:, [0, 2]] == pytest.approx(two.posterior, abs=3e-6)
    assert four.posterior.sum(axis=1) == pytest.approx(np.ones(900))
    assert (four.confusion.shape, four.skill.shape) == ((3, 4, 4), (3,))
    if method != "majority":
        assert four.skill == pytest.approx(two.skill)
