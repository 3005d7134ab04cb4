"""Cleaning where a document is a pair of texts, or the publisher says which documents belong together."""

from stages.clean.duplicates import find_near_repeats, find_repeats, group_duplicates
from stages.common.documents.table import read_documents, read_rejected
from tests.clean.conftest import near
from tests.clean.test_stage import clean, story, summary

__all__ = ["clean"]  # a fixture


def pairs(make_documents, texts, others, **columns):
    return make_documents(texts, **columns).drop(columns=["tokens", "tags"]).assign(text_pair=others)


def test_the_rules_repair_and_filter_both_texts(clean):
    texts = ["This one is fine &amp; good", "This one is fine", "Another good text here", "One more good text"]
    others = ["And this &lt;too&gt;", " so is  this one ", "...", "two words"]
    folder = clean(texts, task="pairs", text_pair=others)
    kept = read_documents(folder / "data/clean/documents.parquet")
    assert kept[["text", "text_pair"]].to_numpy().tolist() == [
        ["This one is fine & good", "And this <too>"],
        ["This one is fine", "so is this one"],
    ]
    rejected = read_rejected(folder / "data/clean/rejected.parquet")
    assert rejected[["id", "rule", "reason"]].to_numpy().tolist() == [
        ["d2", "empty", "its second text: has no letter and no digit"],
        ["d3", "too_short", "its second text: 2 words, fewer than 3"],
    ]
    assert summary(folder)["changed"] == {"entities": 1, "whitespace": 1}
    assert rejected["text_pair"].tolist() == ["...", "two words"]


def test_a_pair_is_a_copy_only_if_both_texts_are_and_a_first_text_is_on_one_side(make_documents, open_tables):
    texts = [story(1), story(1).upper(), story(1), story(2)]
    others = ["it was said today", "It was said  today", "nothing was said today", "it was said today"]
    tables = open_tables(pairs(make_documents, texts, others, label=["a", "a", "b", "a"]))
    group_duplicates(tables.corpus)
    assert tables.groups() == {"d0": "d0", "d1": "d0", "d2": "d0", "d3": "d3"}
    assert not tables.pairs()
    settings = near().model_copy(update={"keep": "first"})
    rejected, _ = tables.judged(lambda corpus: find_repeats(corpus, settings))
    assert rejected == ["d1"]


def test_pairs_are_nearly_the_same_only_if_both_texts_are(make_documents, open_tables):
    texts = [story(1), story(1) + " more", story(1) + " more", story(3)]
    others = [story(2), story(2) + " more", story(4), story(2)]
    tables = open_tables(pairs(make_documents, texts, others))
    assert [(one, other) for one, other, _ in tables.pairs()] == [("d0", "d1")]
    assert tables.rows(find_near_repeats(tables.corpus, near()))


def test_what_the_publisher_put_together_stays_and_is_on_one_side(make_documents, open_tables):
    texts = [f"joy: {story(1)}", f"fear: {story(1)}", f"fear: {story(2)}", f"joy: {story(3)}"]
    tables = open_tables(make_documents(texts, group=["h1", "h1", "h2", "h1"]))
    group_duplicates(tables.corpus)
    assert [(one, other) for one, other, _ in tables.pairs()] == [("d0", "d1")]
    assert not tables.rows(find_near_repeats(tables.corpus, near()))
    assert tables.groups() == {"d0": "d0", "d1": "d0", "d2": "d2", "d3": "d0"}
