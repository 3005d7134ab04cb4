"""Several people's sets of labels, tagged words and numbers become one."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from stages.annotate.aggregation import METHODS, Settings
from stages.annotate.combining import combiner_of
from stages.annotate.combining.numbers import Numbers
from stages.common.core.messages import UserError
from stages.common.documents.answer_forms import tags_of
from stages.common.documents.spans import spans_of
from stages.common.tasks import task_named

TASKS = {"labels": "multi-label", "tags": "token-classification", "value": "regression", "label": "text-classification"}
PLAIN = {"labels": "majority", "tags": "majority", "value": "mean"}


def table(*rows):
    return pd.DataFrame(rows, columns=["id", "annotator", "answer"])


def combiner(kind, answers, labels=("joke", "threat"), words=None, **settings):
    return combiner_of(task_named(TASKS[kind]), answers, labels, words or {}, Settings(**settings))


def said(kind, answers, method=None, **more):
    """The answers by id."""
    made = combiner(kind, answers, **more)
    return dict(zip(made.ids, made.combine(method or PLAIN[kind]).answers, strict=True))


def agreement(found, truth):
    return np.mean([found[name] == answer for name, answer in truth.items()])


SETS = table(
    ("d0", "x", '["joke"]'),
    ("d0", "y", '["joke", "threat"]'),
    ("d0", "z", "[]"),
    ("d1", "x", "[]"),
    ("d1", "y", '["threat"]'),
    ("d1", "z", '["threat"]'),
    ("d2", "x", "[]"),
)


def test_each_label_of_a_set_is_a_vote_of_its_own():
    made = combiner("labels", SETS)
    found = made.combine("majority")
    assert found.answers == ['["joke"]', '["threat"]', "[]"]
    assert found.probabilities == pytest.approx(np.array([[2 / 3, 1 / 3], [0, 2 / 3], [0, 0]]))
    assert found.confidence == pytest.approx([2 / 3, 2 / 3, 1])
    assert made.certain('["threat"]').tolist() == [0, 1]
    assert made.counts(pd.Series(found.answers)) == {"joke": 1, "threat": 1}


def test_labels_that_tie_have_coins_of_their_own():
    answers = table(*((f"d{n}", who, '["joke", "threat"]' if who == "x" else "[]") for n in range(200) for who in "xy"))
    sizes = [len(json.loads(answer)) for answer in said("labels", answers).values()]
    assert 70 < sizes.count(1) < 130 and 25 < sizes.count(0) < 80 and 25 < sizes.count(2) < 80


def crowd_of_sets(seed=1, size=200):
    """Truth, and answers of one annotator who is always right and four who never see a threat."""
    random = np.random.default_rng(seed)
    truth = {f"d{n:03}": [name for name in ("joke", "threat") if random.random() < 0.4] for n in range(size)}
    rows = []
    for name, labels in truth.items():
        for who, sees in (("a", 0.97), ("b", 0.95), ("c", 0.55), ("d", 0.55), ("e", 0.55)):
            given = [label for label in ("joke", "threat") if (label in labels) == (random.random() < sees)]
            rows.append((name, who, json.dumps(given)))
    return {name: json.dumps(labels) for name, labels in truth.items()}, table(*rows)


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"majority"}))
def test_models_weigh_annotators_label_by_label(method):
    truth, answers = crowd_of_sets()
    right = {name: agreement(said("labels", answers, name), truth) for name in (method, "majority")}
    assert right[method] > right["majority"] + 0.05


WORDS = {"s0": 4, "s1": 3, "s2": 2}
SPANS = table(
    ("s0", "x", '[[0, 2, "PER"], [3, 4, "LOC"]]'),
    ("s0", "y", '[[0, 3, "PER"]]'),
    ("s0", "z", '[[0, 2, "PER"], [3, 4, "LOC"]]'),
    ("s1", "x", '[[0, 3, "LOC"]]'),
    ("s1", "y", '[[1, 3, "LOC"]]'),
    ("s1", "z", '[[1, 3, "LOC"]]'),
    ("s2", "x", '[[0, 1, "PER"], [1, 2, "PER"]]'),
)


def test_words_are_voted_on_and_tags_are_valid():
    made = combiner("tags", SPANS, ("PER", "LOC"), WORDS)
    found = made.combine("majority")
    assert found.answers == [
        '[[0, 2, "PER"], [3, 4, "LOC"]]',
        '[[1, 3, "LOC"]]',
        '[[0, 1, "PER"], [1, 2, "PER"]]',
    ]
    assert found.confidence == pytest.approx([2 / 3, 2 / 3, 1])
    assert found.probabilities is None
    assert made.counts(pd.Series(found.answers)) == {"LOC": 2, "PER": 3}


def test_a_span_that_only_half_marked_is_none_and_of_two_types_a_coin_takes_one():
    words = {f"s{n}": 2 for n in range(100)}
    half = table(*((name, who, '[[0, 2, "PER"]]' if who == "x" else "[]") for name in words for who in "xy"))
    assert set(said("tags", half, labels=("PER", "LOC"), words=words).values()) == {"[]"}
    types = {"x": "PER", "y": "LOC"}
    both = table(*((name, who, f'[[0, 2, "{types[who]}"]]') for name in words for who in "xy"))
    taken = list(said("tags", both, labels=("PER", "LOC"), words=words).values())
    assert set(taken) == {'[[0, 2, "PER"]]', '[[0, 2, "LOC"]]'}
    assert 30 < taken.count('[[0, 2, "PER"]]') < 70


@pytest.mark.parametrize("method", sorted(METHODS))
def test_tags_are_valid_whatever_people_marked(method):
    random = np.random.default_rng(2)
    words = {f"s{n:02}": int(random.integers(0, 7)) for n in range(40)}
    rows = []
    for name, size in words.items():
        for who in "vwxyz":
            cuts = sorted({int(place) for place in random.integers(0, size + 1, 4)})
            spans = [[a, b, str(random.choice(["PER", "LOC"]))] for a, b in pairwise(cuts) if random.random() < 0.7]
            rows.append((name, who, json.dumps(spans)))
    made = combiner("tags", table(*rows), ("PER", "LOC"), words)
    found = made.combine(method)
    assert ((found.confidence > 0) & (found.confidence <= 1)).all()
    for name, answer in zip(made.ids, found.answers, strict=True):
        spans = json.loads(answer)
        assert all(0 <= start < end <= words[name] for start, end, _ in spans)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_a_tag_that_nobody_gave_is_no_second_kind_of_outside():
    words = {f"s{n:02}": 4 for n in range(60)}
    rows = [
        (name, who, '[[0, 1, "PER"]]' if who != "z" or n % 2 else "[]") for n, name in enumerate(words) for who in "xyz"
    ]
    for method in METHODS:
        found = combiner("tags", table(*rows), ("PER", "LOC", "ORG"), words).combine(method)
        assert set(found.answers) == {'[[0, 1, "PER"]]'}
        assert found.confidence.min() > 0.4


def test_tags_and_spans_are_the_same():
    tags = ["B-PER", "I-PER", "B-PER", "O", "B-LOC"]
    assert tags_of(spans_of(tags), 5) == tags
    assert tags_of([], 2) == ["O", "O"]


def test_dawid_skene_learns_who_overlooks_names():
    random = np.random.default_rng(5)
    words = {f"s{n:03}": 3 for n in range(150)}
    truth, rows = {}, []
    for name in words:
        true = [[0, 2, "PER"]] if random.random() < 0.5 else []
        truth[name] = json.dumps(true)
        for who, sees in (("a", 0.95), ("b", 0.9), ("c", 0.3), ("d", 0.3), ("e", 0.3)):
            rows.append((name, who, json.dumps([span for span in true if random.random() < sees])))
    right = {
        method: agreement(said("tags", table(*rows), method, labels=("PER",), words=words), truth)
        for method in ("majority", "dawid_skene")
    }
    assert right["majority"] < 0.9 < 0.95 < right["dawid_skene"]


NUMBERS = table(
    ("d0", "x", "1"), ("d0", "y", "2"), ("d0", "z", "6"), ("d1", "x", "4"), ("d1", "y", "5"), ("d2", "y", "7.5")
)


def test_means_and_medians_with_their_standard_errors():
    made = combiner("value", NUMBERS)
    mean, median = made.combine("mean"), made.combine("median")
    assert (mean.answers, median.answers) == (["3", "4.5", "7.5"], ["2", "4.5", "7.5"])
    pooled = (4 + 1 + 9 + 0.25 + 0.25) / 3  # squared deviations from the means, six answers less three documents
    assert mean.standard_error == pytest.approx(np.sqrt(pooled / np.array([3, 2, 1])), abs=1e-6)
    assert median.standard_error == pytest.approx(np.sqrt(pooled * np.array([np.pi / 2 / 3, 1 / 2, 1])), abs=1e-6)
    true = np.var([3, 4.5, 7.5], ddof=1) - pooled * np.mean([1 / 3, 1 / 2, 1])
    assert mean.confidence == pytest.approx(true / (true + pooled / np.array([3, 2, 1])), abs=1e-6)
    assert mean.probabilities is None


def test_the_confidence_of_equally_many_answers_is_the_intraclass_correlation():
    random = np.random.default_rng(0)
    truth = random.normal(size=400)
    rows = [(f"d{n:03}", f"a{who}", str(true + random.normal())) for n, true in enumerate(truth) for who in range(4)]
    values = np.array([float(row[2]) for row in rows]).reshape(400, 4)
    between, within = 4 * values.mean(axis=1).var(ddof=1), values.var(axis=1, ddof=1).mean()
    assert combiner("value", table(*rows)).combine("mean").confidence == pytest.approx(
        (between - within) / between, abs=1e-5
    )
    assert (between - within) / between == pytest.approx(0.8, abs=0.03)


def biased_crowd(seed=7, documents=120):
    """True numbers, and answers of five annotators, of whom two are far off in one direction, and one is at sea."""
    random = np.random.default_rng(seed)
    truth = random.normal(50, 10, documents)
    bias, spread = [0, -1, 15, 12, 0], [1, 1, 1.5, 1, 20]
    rows = []
    for number, value in enumerate(truth):
        asked = random.permutation(5)[: random.integers(2, 5)]
        rows += [(f"d{number:03}", f"a{who}", str(value + random.normal(bias[who], spread[who]))) for who in asked]
    return truth, table(*rows)


def test_biases_and_spreads_are_corrected():
    truth, answers = biased_crowd()
    made = combiner("value", answers, number_shrinkage=2.0)

    def error(method):
        values = np.array(made.combine(method).answers, dtype=np.float64)
        return np.std(values - truth)  # a bias that all share cannot be told

    assert error("bias_corrected") < 0.4 * error("mean")
    found = made.combine("bias_corrected")
    assert found.converged
    assert found.standard_error.mean() < 0.5 * made.combine("mean").standard_error.mean()
    assert found.confidence.min() > 0.5


def test_a_known_bias_is_taken_out_exactly():
    rows = [(f"d{n}", who, repr(float(10 * n + shift))) for n in range(6) for who, shift in (("x", 1), ("y", -1))]
    rows += [("d9", "x", "101"), ("d8", "y", "79")]
    found = said("value", table(*rows), "bias_corrected", number_shrinkage=1e-9)
    assert found == {**{f"d{n}": str(10 * n) for n in range(6)}, "d9": "100", "d8": "80"}


@pytest.mark.parametrize("method", Numbers.methods)
def test_numbers_that_leave_nothing_to_weigh(method):
    one = table(("d0", "x", "1"), ("d1", "x", "-2.5"))
    made = combiner("value", one).combine(method)
    assert made.answers == ["1", "-2.5"]
    assert np.isnan(made.standard_error).all() and np.isnan(made.confidence).all()
    same = table(*((f"d{n}", who, str(n)) for n in range(3) for who in "xyz"))
    made = combiner("value", same).combine(method)
    assert (made.answers, made.standard_error.tolist(), made.confidence.tolist()) == (["0", "1", "2"], [0] * 3, [1] * 3)
    constant = table(*((f"d{n}", who, "3") for n in range(3) for who in "xyz"))
    assert combiner("value", constant).combine(method).answers == ["3", "3", "3"]
    apart = table(("d0", "x", "1"), ("d1", "y", "2"))
    assert combiner("value", apart).combine(method).answers == ["1", "2"]


ANY = {
    "labels": (crowd_of_sets(size=60)[1], {}),
    "tags": (SPANS, {"labels": ("PER", "LOC"), "words": WORDS}),
    "value": (biased_crowd(documents=50)[1], {}),
}


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        *((kind, name) for kind in ("labels", "tags") for name in METHODS),
        *(("value", name) for name in Numbers.methods),
    ],
)
def test_the_order_of_answers_and_other_names_for_annotators_change_nothing(kind, method):
    answers, more = ANY[kind]
    first = combiner(kind, answers, **more).combine(method)
    other = answers.sample(frac=1, random_state=3)
    again = combiner(kind, other, **more).combine(method)
    assert (again.answers, again.confidence.tobytes()) == (first.answers, first.confidence.tobytes())
    alone = answers[answers["annotator"].eq(answers["annotator"].iloc[0])]
    assert said(kind, alone, method, **more) == dict(
        zip(alone["id"], alone["answer"].map(lambda a: said_again(kind, a)), strict=True)
    )


def said_again(kind, answer):
    return f"{round(float(answer), 6)!r}".removesuffix(".0") if kind == "value" else answer


@pytest.mark.parametrize(
    ("kind", "answer", "message"),
    [
        ("labels", '["jest"]', "no JSON array of labels"),
        ("labels", "joke", "no JSON array of labels"),
        ("tags", '[[0, 9, "PER"]]', "within the document"),
        ("tags", '[[0, 1, "ORG"]]', "within the document"),
        ("value", "many", "no number"),
        ("value", "inf", "no number"),
    ],
)
def test_an_answer_of_another_kind_is_one_clear_line(kind, answer, message):
    more = {"labels": ("PER",), "words": {"d0": 2}} if kind == "tags" else {}
    with pytest.raises(UserError, match=message):
        combiner(kind, table(("d0", "x", answer)), **more)
