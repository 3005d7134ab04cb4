import random
import re
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.clean import near_duplicates, parts
from stages.clean.duplicates import (
    find_contradictions,
    find_near_repeats,
    find_repeats,
    group_duplicates,
    list_leaks,
)
from stages.clean.minhash import band_keys, choose_bands
from stages.clean.parameters import Contradictions, Duplicates
from stages.clean.shingles import jaccard, make_shingles
from tests.clean.conftest import near

FIRST = Duplicates(enabled=True, keep="first")
WORDS = [f"w{number}" for number in range(3000)]


def story(words=100, seed=0):
    return random.Random(seed).sample(WORDS, words)


def alike(text, changed_words, seed=0):
    """The text with some words in the middle replaced by others."""
    middle = len(text) // 2
    new = [f"{word}x" for word in random.Random(seed).sample(WORDS, changed_words)]
    return [*text[:middle], *new, *text[middle + changed_words :]]


def join(*texts):
    return [" ".join(text) for text in texts]


def shingle_set(text, words=5):
    found = re.findall(r"中|[^\W中]+", text.lower())  # a Chinese character is a word
    return {tuple(found[start : start + words]) for start in range(len(found) - words + 1)}


def true_jaccard(one, other, words=5):
    one, other = shingle_set(one, words), shingle_set(other, words)
    return len(one & other) / len(one | other) if one | other else 0.0


def test_of_repeats_the_smallest_id_is_kept_and_named(make_documents, open_tables):
    tables = open_tables(make_documents(["Fish &amp; chips", "other", "FISH & chips "], id=["c", "b", "a"]))
    assert tables.named(find_repeats(tables.corpus, FIRST)) == {"c": "the same text as document a"}
    group_duplicates(tables.corpus)
    assert tables.groups() == {"a": "a", "b": "b", "c": "a"}


def test_the_longest_copy_or_all_copies_can_be_kept(make_documents, open_tables):
    tables = open_tables(make_documents(["same text", "same text &amp;ndash;", "same text &ndash;", "SAME TEXT"]))
    assert set(tables.named(find_repeats(tables.corpus, FIRST))) == {"d2", "d3"}
    longer = open_tables(make_documents(["ffi text", "\ufb03 text", "other"]))
    assert set(longer.named(find_repeats(longer.corpus, Duplicates(enabled=True, keep="longest")))) == {"d1"}
    assert not longer.rows(find_repeats(longer.corpus, Duplicates(enabled=True, keep="all")))
    assert not longer.rows(find_repeats(longer.corpus, Duplicates(enabled=False, keep="first")))


@pytest.mark.parametrize("keep", ["first", "longest", "all"])
def test_the_training_copy_of_a_published_test_document_goes(make_documents, open_tables, keep):
    documents = make_documents(["same"] * 3, id=["a", "b", "c"], published_split=["train", "test", "validation"])
    tables = open_tables(documents)
    settings = Duplicates(enabled=True, keep=keep)
    assert tables.named(find_repeats(tables.corpus, settings))["a"] == "the same text as document b"
    assert tables.judged(lambda corpus: find_repeats(corpus, settings)) == [["a"], ["c"]]


def test_all_copies_of_a_contradiction_go_but_a_published_test_row(make_documents, open_tables):
    tables = open_tables(
        make_documents(
            ["same", "Same", "same", "other"], label=["a", "b", "a", "b"], published_split=[None, None, "test", None]
        )
    )
    settings = Contradictions(enabled=True, keep="none")
    assert set(tables.named(find_contradictions(tables.corpus, settings)).values()) == {
        "the same text is labelled a and b"
    }
    assert tables.judged(lambda corpus: find_contradictions(corpus, settings)) == [["d0", "d1"], ["d2"]]
    assert not tables.rows(find_contradictions(tables.corpus, Contradictions(enabled=False, keep="none")))


def test_the_majority_of_a_contradiction_can_be_kept_and_a_tie_has_none(make_documents, open_tables):
    tables = open_tables(
        make_documents(
            ["same"] * 3 + ["tie"] * 2 + ["vote"] * 3,
            label=["a", "a", "b", "a", "b", "a", "b", "b"],
            published_split=[None] * 6 + ["test", "test"],
        )
    )
    assert tables.named(find_contradictions(tables.corpus, Contradictions(enabled=True, keep="majority"))) == {
        "d2": "the same text is labelled a and b, mostly a",
        "d3": "the same text is labelled a and b",
        "d4": "the same text is labelled a and b",
        "d6": "the same text is labelled a and b, mostly a",
        "d7": "the same text is labelled a and b, mostly a",
    }


def test_near_duplicates_share_a_group_and_one_of_them_is_kept(make_documents, open_tables):
    text = story()
    texts = join(text, alike(text, 2), story(seed=1))
    tables = open_tables(make_documents(texts, id=["b", "a", "c"]))
    assert tables.pairs() == [("a", "b", pytest.approx(true_jaccard(*texts[:2])))]
    group_duplicates(tables.corpus)
    assert tables.groups() == {"a": "a", "b": "a", "c": "c"}
    faults = tables.named(find_near_repeats(tables.corpus, near()))
    assert faults == {"b": "0.88 of its word n-grams are shared with a"}


def test_a_chain_of_near_duplicates_is_one_group_but_only_what_is_like_a_kept_document_goes(
    make_documents, open_tables
):
    text = story()
    chain = [text, text[6:] + story(6, seed=5), text[12:] + story(6, seed=5) + story(6, seed=6)]
    tables = open_tables(make_documents(join(*chain)))
    assert [pair[:2] for pair in tables.pairs()] == [("d0", "d1"), ("d1", "d2")]
    group_duplicates(tables.corpus)
    assert set(tables.groups().values()) == {"d0"}
    assert list(tables.named(find_near_repeats(tables.corpus, near()))) == ["d1"]


def test_all_near_duplicates_can_be_kept_but_for_those_of_a_test_document(make_documents, open_tables):
    text = story()
    texts = join(text, alike(text, 1), alike(text, 2), story(seed=1))
    documents = make_documents(texts, published_split=["train", "train", "test", "test"])
    tables = open_tables(documents)
    faults = tables.named(find_near_repeats(tables.corpus, near(keep="all")))
    assert {name: reason.rpartition(" ")[2] for name, reason in faults.items()} == {"d0": "d2", "d1": "d2"}
    alone = open_tables(documents.assign(published_split=None))
    assert not alone.rows(find_near_repeats(alone.corpus, near(keep="all")))


def test_leaks_between_published_splits_are_listed_and_the_training_side_goes(make_documents, open_tables):
    text, other = story(), story(seed=1)
    texts = join(text, alike(text, 2), other, other, story(seed=2))
    tables = open_tables(make_documents(texts, published_split=["train", "test", "train", "test", None]))
    leaks = list_leaks(tables.corpus, tables.parts, shows_texts=True)
    assert leaks[["split", "other_split", "id", "other_id"]].to_numpy().tolist() == [
        ["train", "test", "d0", "d1"],
        ["train", "test", "d2", "d3"],
    ]
    assert leaks["similarity"].tolist() == [round(true_jaccard(*texts[:2]), 4), 1.0]
    assert leaks["excerpt"][0] == texts[0][:160]
    rejected, flagged = tables.judged(
        lambda corpus: find_repeats(corpus, FIRST), lambda corpus: find_near_repeats(corpus, near())
    )
    assert (rejected, flagged) == (["d0", "d2"], [])


def test_near_duplicates_within_a_published_test_split_are_only_flagged(make_documents, open_tables):
    text = story()
    tables = open_tables(make_documents(join(text, alike(text, 2)), published_split="test"))
    assert tables.judged(lambda corpus: find_near_repeats(corpus, near())) == [[], ["d1"]]


def test_texts_shorter_than_a_shingle_have_no_near_duplicate(make_documents, open_tables):
    assert not open_tables(make_documents(["one two three", "one two three!", "", "..."])).pairs()


def test_where_the_search_is_off_there_are_no_pairs(make_documents, open_tables):
    assert not open_tables(make_documents(join(story(), alike(story(), 1))), near(enabled=False)).pairs()


def test_the_order_of_rows_and_the_size_of_parts_change_nothing(make_documents, open_tables, monkeypatch):
    texts = []
    for seed in range(200):
        texts += [story(60, seed), alike(story(60, seed), seed % 3, seed)]
    documents = make_documents(join(*texts))
    pairs = open_tables(documents).pairs()
    assert len(pairs) >= 100
    monkeypatch.setattr(parts, "PART_ROWS", 30)
    monkeypatch.setattr(parts, "PIECE_ROWS", 30)
    monkeypatch.setattr(near_duplicates, "PART_PAIRS", 10)
    again = open_tables(documents.iloc[::-1])
    assert len(again.parts) == 14
    assert again.pairs() == pairs


def test_in_a_crowded_bucket_each_text_is_compared_with_the_first_and_with_its_neighbours(
    make_documents, open_tables, monkeypatch
):
    monkeypatch.setattr(near_duplicates, "FULL", 10)
    monkeypatch.setattr(near_duplicates, "NEIGHBOURS", 2)
    words = story(400)
    tables = open_tables(make_documents([" ".join([*words, f"end{n}"]) for n in range(30)]))
    found = set(tables.rows("SELECT one, other FROM pairs"))
    assert found >= {(a, b) for a in range(30) for b in range(a + 1, 30) if a == 0 or b - a <= 2}
    assert len(found) < 30 * 29 / 4


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("aAb ,É\n\0_1ßé中"), max_size=30), min_size=2, max_size=6),
    st.integers(1, 4),
    st.integers(1, 40),
)
def test_similarities_are_those_of_sets_of_word_n_grams(texts, words, piece):
    with patch("stages.clean.shingles.PIECE", piece):
        shingles = make_shingles(pd.Series(texts, dtype="str"), words)
    one, other = np.triu_indices(len(texts), 1)
    expected = [true_jaccard(texts[a], texts[b], words) for a, b in zip(one, other, strict=True)]
    assert jaccard(shingles, one, other).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.9])
def test_pairs_at_the_threshold_agree_in_a_band_as_often_as_was_asked_for(threshold):
    bands = choose_bands(threshold, 0.9)
    agree, pairs, size = 0, 1500, 90
    shared = round(2 * size * threshold / (1 + threshold))
    draw = np.random.default_rng(0)
    for _ in range(pairs // 500):
        both = []
        for _ in range(500):
            words = draw.integers(10**9, size=2 * size - shared)
            both += [" ".join(map(str, words[:size])), " ".join(map(str, words[-size:]))]
        keys = band_keys(make_shingles(pd.Series(both), 1), bands)
        agree += (keys[::2] == keys[1::2]).any(axis=1).sum()
    expected = 1 - (1 - (shared / (2 * size - shared)) ** bands.rows) ** bands.bands
    assert agree / pairs == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    "sentences",
    [
        "这家餐厅的服务态度非常热情，我们昨天晚上和朋友一起去吃饭，菜的味道很好，价格也不贵，下次还会再来。",
        "昨日は友達と一緒に新しいレストランへ行きました。料理はとてもおいしくて、店員さんも親切でした。また行きたいと思います。",
        "เมื่อวานนี้ฉันไปกินข้าวกับเพื่อนที่ร้านอาหารแห่งใหม่ อาหารอร่อยมากและพนักงานบริการดี ราคาไม่แพงเลย ครั้งหน้าจะไปอีก",
    ],
)
def test_near_copies_in_scripts_without_spaces_share_a_group(make_documents, open_tables, sentences):
    other = sentences[::-1]
    tables = open_tables(make_documents([sentences, sentences + "很", other]))
    find_near_repeats(tables.corpus, near())
    group_duplicates(tables.corpus)
    assert tables.groups()["d1"] == "d0"
    assert tables.groups()["d2"] == "d2"
