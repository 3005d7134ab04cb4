"""Coefficients of agreement: worked examples of the literature, other packages' numbers, and intervals."""

import csv
import itertools
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from benchmarks.agreement_tables import ours, tables
from stages.common.documents.spans import Span
from stages.common.metrics.agreement.coefficients import (
    agreement_weights,
    alpha_of_distances,
    count_answers,
    interval_alpha,
    kinds_of_items,
    nominal_coefficients,
    ordinal_alpha,
    unit_sums,
    weighted_coefficients,
)
from stages.common.metrics.agreement.distances import jaccard_distances, masi_distances
from stages.common.metrics.agreement.pairs import cohen_coefficients, mean_difference, pair_counts
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.agreement.spans import span_agreement, span_f1, word_classes

ORACLES = Path(__file__).with_name("agreement_oracles.csv")
needs_mirror = pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="$DATA_MIRROR is not set")
_ = -1  # no answer
KRIPPENDORFF_2011 = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T  # "Computing Krippendorff's Alpha-Reliability", part C
GWET_2014 = np.array(
    [
        [1, 1, _, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [_, 5, 5, 5],
        [_, _, 1, 1],
        [_, _, 3, _],
    ]
)  # Handbook of Inter-Rater Reliability, 4th edition, table 2.10
FLEISS_EXAMPLE = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)  # 14 annotators, five classes: the worked example of Fleiss' kappa that textbooks and Wikipedia print


def value(compute, items, name):
    return compute(np.ones((1, items)))[name][0]


def flat(answers):
    """Items and classes, from 0, of a table with classes from 1."""
    items, annotators = np.nonzero(answers >= 0)
    return items, answers[items, annotators] - 1


def test_alpha_is_that_of_krippendorffs_own_example():
    items, values = flat(KRIPPENDORFF_2011)
    counts = count_answers(items, values, 5)
    nominal = value(nominal_coefficients(unit_sums(counts)), 12, "krippendorff_alpha")
    assert round(nominal, 3) == 0.743
    assert round(value(ordinal_alpha(counts), 12, "krippendorff_alpha_ordinal"), 3) == 0.815
    assert round(value(interval_alpha(items, values.astype(float)), 12, "krippendorff_alpha_interval"), 3) == 0.849
    by_distance = alpha_of_distances(counts, 1 - np.eye(5), "a")
    assert value(by_distance, 12, "a") == pytest.approx(nominal, abs=1e-12)


def test_kappa_and_ac1_are_those_of_gwets_own_example_with_missing_answers():
    counts = count_answers(*flat(GWET_2014), 5)
    found = {name: array[0] for name, array in nominal_coefficients(unit_sums(counts))(np.ones((1, 12))).items()}
    assert {name: round(each, 5) for name, each in found.items()} == {
        "observed_agreement": 0.81818,
        "fleiss_kappa": 0.76117,
        "krippendorff_alpha": 0.74342,
        "gwet_ac1": 0.77544,
    }
    quadratic = agreement_weights("quadratic", np.arange(1.0, 6))
    assert quadratic[0].tolist() == [1.0, 0.9375, 0.75, 0.4375, 0.0]
    assert agreement_weights("ordinal", np.arange(5.0))[0].tolist() == pytest.approx([1, 0.9, 0.7, 0.4, 0])
    assert agreement_weights("linear", np.array([1.0, 2, 5]))[0].tolist() == [1.0, 0.75, 0.0]
    ac1 = weighted_coefficients(counts, agreement_weights("identity", np.arange(5.0)), "identity")
    assert value(ac1, 12, "gwet_ac2_identity") == pytest.approx(found["gwet_ac1"], abs=1e-12)


def test_fleiss_kappa_is_that_of_the_textbook_example():
    found = value(nominal_coefficients(unit_sums(FLEISS_EXAMPLE)), 10, "fleiss_kappa")
    assert round(found, 3) == 0.210


@pytest.mark.parametrize(
    ("both_yes", "only_one", "only_other", "both_no", "kappa", "ac1"),
    [
        (40, 9, 6, 45, 0.70, 0.70),  # Feinstein & Cicchetti 1990: 0.85 observed in this and in the next
        (80, 10, 5, 5, 0.32, 0.81),
        (118, 5, 2, 0, -0.02, 0.94),  # Gwet 2002: kappa -0.0234, AC1 0.9408
    ],
)
def test_the_paradox_of_kappa_is_shown_by_its_own_examples(both_yes, only_one, only_other, both_no, kappa, ac1):
    cells = np.array([both_yes, only_one, only_other, both_no])
    first, second = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    cohen = cohen_coefficients(first, second, 2)(cells[None].astype(float))
    counts = np.array([[2, 0], [1, 1], [1, 1], [0, 2]])
    found = nominal_coefficients(unit_sums(counts))(cells[None].astype(float))
    assert round(cohen["cohen_kappa"][0], 2) == kappa
    assert round(found["gwet_ac1"][0], 2) == ac1
    observed = (both_yes + both_no) / cells.sum()
    assert cohen["observed_agreement"][0] == found["observed_agreement"][0] == pytest.approx(observed)


def test_coefficients_are_those_of_other_packages_on_200_tables_with_missing_answers():
    with ORACLES.open(newline="") as stream:
        expected = [{name: float(number) for name, number in row.items()} for row in csv.DictReader(stream)]
    found = [ours(table) for table in tables()]
    assert len(found) == len(expected) == 200
    assert set(found[0]) == set(expected[0])
    gaps = {
        name: max(abs(one[name] - other[name]) for one, other in zip(found, expected, strict=True))
        for name in expected[0]
    }
    assert max(gaps.values()) < 1e-9, gaps


@settings(max_examples=60, deadline=None)
@given(arrays(np.int64, st.tuples(st.integers(2, 9), st.just(4)), elements=st.integers(-1, 3)))
def test_alpha_is_one_minus_observed_by_expected_disagreement_of_pairs_of_answers(table):
    """Krippendorff's definition, pair by pair, for the squared difference of numbers."""
    units = [[int(v) for v in row if v >= 0] for row in table]
    units = [unit for unit in units if unit]
    items = np.repeat(np.arange(len(units)), [len(unit) for unit in units])
    numbers = np.array([number for unit in units for number in unit], dtype=float)
    if not units:
        return
    pairable = [unit for unit in units if len(unit) > 1]
    pooled = [number for unit in pairable for number in unit]
    expected = sum((a - b) ** 2 for a, b in itertools.permutations(pooled, 2))
    found = value(interval_alpha(items, numbers), len(units), "krippendorff_alpha_interval")
    if expected == 0:
        assert np.isnan(found)
        return
    observed = sum(sum((a - b) ** 2 for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in pairable)
    alpha = 1 - (observed / len(pooled)) / (expected / len(pooled) / (len(pooled) - 1))
    assert found == pytest.approx(alpha, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-1, 2)),
    arrays(np.int64, 12, elements=st.integers(0, 3)),
)
def test_a_resample_counts_as_the_table_with_its_items_repeated(table, copies):
    table = table[(table >= 0).any(axis=1)]
    copies = copies[: len(table)]
    if not copies.sum():
        return
    items, annotators = np.nonzero(table >= 0)
    counts = count_answers(items, table[items, annotators], 3)
    repeated = np.repeat(counts, copies, axis=0)
    with np.errstate(invalid="ignore"):
        for make in (
            lambda each: nominal_coefficients(unit_sums(each)),
            ordinal_alpha,
            lambda each: weighted_coefficients(each, agreement_weights("quadratic", np.arange(3.0)), "q"),
        ):
            weighted = make(counts)(copies[None].astype(float))
            plain = make(repeated)(np.ones((1, len(repeated))))
            for name, array in weighted.items():
                assert array == pytest.approx(plain[name], abs=1e-9, nan_ok=True), name


def test_items_with_the_same_answers_are_drawn_together_and_give_the_interval_of_drawing_them_one_by_one():
    random = np.random.default_rng(4)
    truth = random.integers(0, 3, 400)
    answers = np.where(random.random((400, 5)) < 0.8, truth[:, None], random.integers(0, 3, (400, 5)))
    counts = np.stack([(answers == label).sum(axis=1) for label in range(3)], axis=1)
    bootstrap = ItemBootstrap(4000, 0.95, 1)
    kinds, copies = kinds_of_items(counts)
    assert len(kinds) < 25 and copies.sum() == 400
    together = bootstrap.estimates(nominal_coefficients(unit_sums(kinds)), copies, {})
    alone = bootstrap.estimates(nominal_coefficients(unit_sums(counts)), np.ones(400, dtype=np.int64), {})
    for name, one in together.items():
        assert one.value == pytest.approx(alone[name].value, abs=1e-12)
        assert (one.low, one.high) == pytest.approx((alone[name].low, alone[name].high), abs=0.004)
        assert one.low < one.value < one.high
    assert together == bootstrap.estimates(nominal_coefficients(unit_sums(kinds)), copies, {})


def test_an_interval_says_on_how_many_resamples_it_is_not_defined():
    counts = np.array([[2, 0], [0, 2], [1, 0]])
    found = ItemBootstrap(500, 0.95, 1).estimates(nominal_coefficients(unit_sums(counts)), np.array([1, 1, 1]), {})
    alpha = found["krippendorff_alpha"]
    assert alpha.value == 1.0 and alpha.reason.endswith("of 500 resamples, which are left out")


def test_one_class_leaves_kappa_and_alpha_undefined_for_the_reason_given():
    counts, reasons = np.array([[3, 0]]), {"fleiss_kappa": "one class"}
    found = ItemBootstrap(10, 0.95, 1).estimates(nominal_coefficients(unit_sums(counts)), np.array([7]), reasons)
    assert found["fleiss_kappa"].as_json() == {"value": None, "low": None, "high": None, "reason": "one class"}
    assert found["observed_agreement"].value == 1.0


def test_pairs_of_annotators_are_counted_where_both_answered():
    items, annotators, values = np.array(
        [(0, 0, 1), (0, 1, 1), (0, 2, 0), (1, 1, 0), (1, 0, 1), (2, 2, 1), (3, 0, 0), (3, 1, 1)]
    ).T
    found = pair_counts(items, annotators, values)
    assert [tuple(int(cell) for cell in row) for row in zip(*found, strict=True)] == [
        (0, 1, 0, 1, 1),
        (0, 1, 1, 0, 1),
        (0, 1, 1, 1, 1),
        (0, 2, 1, 0, 1),
        (1, 2, 1, 0, 1),
    ]
    assert len(pair_counts(items[:1], annotators[:1], values[:1]).items) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40), st.sampled_from([0, 1, 2]))
def test_cohens_kappa_is_scikit_learns(pairs, power):
    first, second = np.array(pairs).T
    apart = np.abs(np.arange(4.0)[:, None] - np.arange(4)) ** power * (1 - np.eye(4))
    found = value(cohen_coefficients(first, second, 4, apart), len(first), "cohen_kappa")
    if len(set(first) | set(second)) > 1:
        weights = {0: None, 1: "linear", 2: "quadratic"}[power]
        expected = cohen_kappa_score(first, second, labels=range(4), weights=weights)
        assert found == pytest.approx(expected, abs=1e-12)
    else:
        assert np.isnan(found)
    assert value(mean_difference(np.array([0.5, 1.5])), 2, "mean_absolute_difference") == 1.0


def test_distances_of_sets_are_those_of_their_papers():
    sets = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=bool)
    jaccard = jaccard_distances(sets)
    assert jaccard[1:, 1:] == pytest.approx(np.array([[0, 1 / 2, 1], [1 / 2, 0, 2 / 3], [1, 2 / 3, 0]]))
    assert jaccard[0].tolist() == [0, 1, 1, 1]
    masi = masi_distances(sets)
    assert masi[1, 2] == pytest.approx(1 - 1 / 2 * 2 / 3)  # one holds the other
    assert masi[2, 3] == pytest.approx(1 - 1 / 3 * 1 / 3)  # they overlap
    assert masi[1, 3] == masi[0, 1] == 1.0 and masi[0, 0] == masi[3, 3] == 0.0


def test_spans_agree_where_type_and_both_ends_do_whichever_annotator_is_first():
    one = frozenset({Span("PER", 0, 2), Span("LOC", 4, 5)})
    two = frozenset({Span("PER", 0, 2), Span("LOC", 4, 6)})
    three = frozenset({Span("PER", 0, 2)})
    for order in itertools.permutations([one, two, three]):
        counted = span_agreement([order, [three]], ["PER", "LOC"])
        # pairs: one-two 2*1/4, one-three 2*1/3, two-three 2*1/3
        assert value(span_f1(counted), 2, "span_f1") == pytest.approx(6 / 10)
    assert np.isnan(value(span_f1(span_agreement([[frozenset(), frozenset()]], ["PER"])), 1, "span_f1"))
    assert word_classes(two, 7, ["PER", "LOC"]).tolist() == [1, 1, 0, 0, 2, 2, 0]
    assert word_classes(frozenset({Span("LOC", 1, 4), Span("PER", 0, 3)}), 4, ["PER", "LOC"]).tolist() == [1, 1, 1, 2]


@needs_mirror
@pytest.mark.mirror
def test_hatechecks_annotators_agree_as_its_authors_publish():
    folder = Path(os.environ["DATA_MIRROR"]) / "hatecheck"
    if not folder.exists():
        pytest.skip("the mirror has no hatecheck")
    every = pd.read_csv(folder / "all_annotations.csv", index_col=0)
    suite = pd.read_csv(folder / "test_suite_cases.csv", index_col=0)["case_id"]
    for cases, fleiss, ac1, differ in [
        (every[every["case_id"].isin(suite)], 0.939, 0.954, 0),
        (every, 0.929, 0.946, 5),
    ]:
        wide = cases[[f"label_{number}" for number in range(1, 11)]]
        counts = np.stack([wide.eq(label).sum(axis=1) for label in ("hateful", "non-hateful")], axis=1)
        kinds, copies = kinds_of_items(counts)
        found = ItemBootstrap(1000, 0.95, 1).estimates(nominal_coefficients(unit_sums(kinds)), copies, {})
        assert [round(found[name].value, 3) for name in ("fleiss_kappa", "gwet_ac1")] == [fleiss, ac1]
        assert found["fleiss_kappa"].low < fleiss < found["fleiss_kappa"].high
        assert ((counts[:, 0] > counts[:, 1]) != cases["label_gold"].eq("hateful")).sum() == differ
    assert len(every) == 3901 and len(suite) == 3728
