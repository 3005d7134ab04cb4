"""Which documents are shown as examples."""

import pandas as pd

from stages.report.examples import by_method, by_rule, changed_by_cleaning, some
from tests.report.conftest import document


def rejected(*rows):
    return pd.DataFrame(rows, columns=["id", "rule", "place"]).assign(reason="why", text="some text", label="tech")


def test_rules_are_listed_by_how_many_documents_they_concern_with_a_few_examples_each():
    table = rejected(*[(f"a{n}", "empty", None) for n in range(3)], *[(f"b{n}", "duplicates", None) for n in range(9)])
    found = by_rule(table, count=2, characters=80, seed=1)
    assert [(rule.rule, rule.count, len(rule.examples)) for rule in found] == [("duplicates", 9, 2), ("empty", 3, 2)]


def test_a_row_that_never_became_a_document_is_named_by_its_place():
    found = by_rule(rejected((None, "undecodable", "news.csv:17")), count=2, characters=80, seed=1)
    assert found[0].examples[0].id == "news.csv:17"


def test_no_rule_is_listed_where_nothing_was_dropped():
    assert by_rule(rejected(), count=2, characters=80, seed=1) == []


def test_examples_do_not_depend_on_the_order_of_rows_but_on_the_seed():
    rows = pd.DataFrame({"id": [f"d{n}" for n in range(50)]})
    chosen = list(some(rows, 5, seed=1)["id"])
    assert list(some(rows.iloc[::-1], 5, seed=1)["id"]) == chosen
    assert list(some(rows, 5, seed=2)["id"]) != chosen


def test_changes_of_words_and_of_white_space_are_shown_apart():
    raw = pd.DataFrame([document("1", "a &amp; b", "tech"), document("2", "c  d", "tech"), document("3", "e", "tech")])
    clean = raw.assign(text=["a & b", "c d", "e"])
    words, spaces = changed_by_cleaning(raw, clean, 5, 80, seed=1)
    assert [change.id for change in words] == ["1"]
    assert [change.id for change in spaces] == ["2"]
    assert changed_by_cleaning(raw, raw, 5, 80, seed=1) == ([], [])


def test_a_variant_is_shown_beside_its_origin():
    origin = document("1", "the cat sat", "tech")
    variant = document("1#swap-1", "the sat cat", "tech", derived_from=["1"], method="swap")
    (method,) = by_method(pd.DataFrame([origin, variant]), 5, 80, seed=1)
    assert (method.method, method.count, method.examples[0].id) == ("swap", 1, "1#swap-1")
    shown = [piece.text for piece in method.examples[0].passage if piece.kind != "inserted"]
    assert "".join(shown) == "the cat sat"
