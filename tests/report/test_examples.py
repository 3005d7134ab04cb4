"""Which documents are shown as examples."""

import pandas as pd

from stages.report.examples import by_changing_rule, by_method, by_rule, some
from stages.report.excerpts import shown_answers
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


def test_rules_that_changed_texts_are_listed_by_how_many_with_the_changes_marked():
    rows = [("1", "tags", "a <b>word</b>", "a word"), ("1", "entities", "a &amp; b", "a & b"), ("2", "tags", "<i>", "")]
    changes = pd.DataFrame(rows, columns=["id", "rule", "before", "after"])
    counts, labels = {"tags": 2, "entities": 5, "whitespace": 1}, pd.Series({"1": "tech", "2": None})
    entities, tags, spaces = by_changing_rule(changes, counts, labels, 1, 80)
    assert [(rule.rule, rule.count, len(rule.examples)) for rule in (entities, tags, spaces)] == [
        ("entities", 5, 1),
        ("tags", 2, 1),
        ("whitespace", 1, 0),
    ]
    assert entities.examples[0].answer == "tech"
    assert [(piece.kind, piece.text) for piece in entities.examples[0].passage] == [
        ("same", "a &"),
        ("deleted", "amp;"),
        ("same", " b"),
    ]


def test_both_texts_of_a_pair_are_shown():
    pair = rejected(("a", "empty", None)).assign(text_pair="another text")
    (rule,) = by_rule(pair, count=2, characters=80, seed=1)
    assert (rule.examples[0].texts, rule.examples[0].answer) == (["some text", "another text"], "tech")


def test_a_variant_of_a_pair_shows_the_text_that_was_changed():
    origin = {"id": "1", "text": "the cat sat", "text_pair": "it sat", "label": "yes", "derived_from": ["1"]}
    variant = origin | {"id": "1#swap-1", "text_pair": "sat it"}
    pairs = pd.DataFrame([origin, variant]).assign(method=["original", "swap"])
    (method,) = by_method(pairs, 5, 80, seed=1)
    shown = [piece.text for piece in method.examples[0].passage if piece.kind != "inserted"]
    assert "".join(shown) == "it sat"


def test_an_answer_may_be_several_labels_or_a_number():
    assert list(shown_answers(pd.DataFrame({"labels": [["b", "a"], [], None]}))) == ["a + b", "(none)", ""]
    assert list(shown_answers(pd.DataFrame({"value": [12.5, None, 3.0]}))) == ["12.5", "", "3"]


def test_a_variant_is_shown_beside_its_origin():
    origin = document("1", "the cat sat", "tech")
    variant = document("1#swap-1", "the sat cat", "tech", derived_from=["1"], method="swap")
    (method,) = by_method(pd.DataFrame([origin, variant]), 5, 80, seed=1)
    assert (method.rule, method.count, method.examples[0].id) == ("swap", 1, "1#swap-1")
    shown = [piece.text for piece in method.examples[0].passage if piece.kind != "inserted"]
    assert "".join(shown) == "the cat sat"
