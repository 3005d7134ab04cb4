import random
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.clean.duplicates import (
    find_contradictions,
    find_near_repeats,
    find_repeats,
    group_duplicates,
    list_leaks,
    spread,
    text_keys,
)
from stages.clean.minhash import band_keys, choose_bands
from stages.clean.near_duplicates import candidate_pairs, find_near_duplicates
from stages.clean.parameters import Contradictions, Duplicates, NearDuplicates
from stages.clean.shingles import jaccard, make_shingles
from stages.clean.verdict import judge

FIRST = Duplicates(enabled=True, keep="first")
NO_PAIRS = pd.DataFrame({"one": [], "other": [], "similarity": []}).astype({"one": "str", "other": "str"})
WORDS = [f"w{number}" for number in range(3000)]


def near(**changed):
    section = {"enabled": True, "keep": "first", "threshold": 0.8, "shingle_words": 5, "recall": 0.9995}
    return NearDuplicates.model_validate(section | changed)


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
    found = re.findall(r"\w+", text.lower())
    return {tuple(found[start : start + words]) for start in range(len(found) - words + 1)}


def true_jaccard(one, other, words=5):
    one, other = shingle_set(one, words), shingle_set(other, words)
    return len(one & other) / len(one | other) if one | other else 0.0


def test_of_repeats_the_smallest_id_is_kept_and_named(make_documents):
    documents = make_documents(["Fish &amp; chips", "other", "FISH & chips "], id=["c", "b", "a"])
    keys = text_keys(documents)
    repeats = find_repeats(documents, keys, FIRST)
    assert repeats.to_dict("records") == [{"id": "c", "rule": "duplicates", "reason": "the same text as document a"}]
    assert group_duplicates(documents, keys, NO_PAIRS).tolist() == ["a", "b", "a"]


def test_the_longest_copy_or_all_copies_can_be_kept(make_documents):
    documents = make_documents(["same text", "same   text", "other"])
    keys = text_keys(documents)
    assert find_repeats(documents, keys, Duplicates(enabled=True, keep="longest"))["id"].tolist() == ["d0"]
    assert find_repeats(documents, keys, Duplicates(enabled=True, keep="all")).empty
    assert find_repeats(documents, keys, Duplicates(enabled=False, keep="first")).empty


@pytest.mark.parametrize("keep", ["first", "longest", "all"])
def test_the_training_copy_of_a_published_test_document_goes(make_documents, keep):
    documents = make_documents(["same"] * 3, id=["a", "b", "c"], published_split=["train", "test", "validation"])
    verdict = judge(documents, find_repeats(documents, text_keys(documents), Duplicates(enabled=True, keep=keep)))
    assert verdict.rejected[["id", "reason"]].to_numpy().tolist() == [["a", "the same text as document b"]]
    assert sorted(verdict.kept["id"]) == ["b", "c"]
    assert verdict.flags["id"].tolist() == ["c"]


def test_all_copies_of_a_contradiction_go_but_a_published_test_row(make_documents):
    documents = make_documents(
        ["same", "Same", "same", "other"], label=["a", "b", "a", "b"], published_split=[None, None, "test", None]
    )
    faults = find_contradictions(documents, text_keys(documents), Contradictions(enabled=True, keep="none"))
    verdict = judge(documents, faults)
    assert sorted(verdict.rejected["id"]) == ["d0", "d1"]
    assert verdict.flags["id"].tolist() == ["d2"]
    assert verdict.rejected["reason"].unique().tolist() == ["the same text is labelled a and b"]


def test_the_majority_of_a_contradiction_can_be_kept_and_a_tie_has_none(make_documents):
    documents = make_documents(
        ["same"] * 3 + ["tie"] * 2 + ["vote"] * 3,
        label=["a", "a", "b", "a", "b", "a", "b", "b"],
        published_split=[None] * 6 + ["test", "test"],
    )
    faults = find_contradictions(documents, text_keys(documents), Contradictions(enabled=True, keep="majority"))
    assert dict(zip(faults["id"], faults["reason"], strict=True)) == {
        "d2": "the same text is labelled a and b, mostly a",
        "d3": "the same text is labelled a and b",
        "d4": "the same text is labelled a and b",
        "d6": "the same text is labelled a and b, mostly a",
        "d7": "the same text is labelled a and b, mostly a",
    }


def test_near_duplicates_share_a_group_and_one_of_them_is_kept(make_documents):
    text = story()
    documents = make_documents(join(text, alike(text, 2), story(seed=1)), id=["b", "a", "c"])
    pairs = find_near_duplicates(documents, near())
    assert pairs[["one", "other"]].to_numpy().tolist() == [["a", "b"]]
    assert pairs["similarity"][0] == pytest.approx(true_jaccard(*documents["text"][:2]))
    assert group_duplicates(documents, text_keys(documents), pairs).tolist() == ["a", "a", "c"]
    faults = find_near_repeats(documents, pairs, near())
    assert faults["id"].tolist() == ["b"]
    assert faults["reason"][0] == "0.88 of its word n-grams are shared with a"


def test_a_chain_of_near_duplicates_is_one_group_but_only_what_is_like_a_kept_document_goes(make_documents):
    text = story()
    chain = [text, text[6:] + story(6, seed=5), text[12:] + story(6, seed=5) + story(6, seed=6)]
    documents = make_documents(join(*chain))
    pairs = find_near_duplicates(documents, near())
    assert pairs[["one", "other"]].to_numpy().tolist() == [["d0", "d1"], ["d1", "d2"]]
    assert group_duplicates(documents, text_keys(documents), pairs).tolist() == ["d0"] * 3
    assert find_near_repeats(documents, pairs, near())["id"].tolist() == ["d1"]
    assert find_near_repeats(documents, pairs, near(keep="all")).empty


def test_leaks_between_published_splits_are_listed_and_the_training_side_goes(make_documents):
    text, other = story(), story(seed=1)
    texts = join(text, alike(text, 2), other, other, story(seed=2))
    documents = make_documents(texts, published_split=["train", "test", "train", "test", None])
    keys = text_keys(documents)
    pairs = find_near_duplicates(documents[documents["id"].eq(keys)], near())
    leaks = list_leaks(documents, keys, pairs)
    assert leaks[["split", "other_split", "id", "other_id"]].to_numpy().tolist() == [
        ["train", "test", "d0", "d1"],
        ["train", "test", "d2", "d3"],
    ]
    assert leaks["similarity"].tolist() == [round(true_jaccard(*texts[:2]), 4), 1.0]
    once = judge(documents, find_repeats(documents, keys, FIRST))
    apart = judge(once.kept, find_near_repeats(once.kept, spread(pairs, keys, once.kept), near()))
    assert sorted(apart.kept["id"]) == ["d1", "d3", "d4"]


def test_near_duplicates_within_a_published_test_split_are_only_flagged(make_documents):
    text = story()
    documents = make_documents(join(text, alike(text, 2)), published_split="test")
    verdict = judge(documents, find_near_repeats(documents, find_near_duplicates(documents, near()), near()))
    assert verdict.rejected.empty
    assert verdict.flags["id"].tolist() == ["d1"]


def test_texts_shorter_than_a_shingle_have_no_near_duplicate(make_documents):
    documents = make_documents(["one two three", "one two three!", "", "..."])
    assert find_near_duplicates(documents, near()).empty
    assert find_near_duplicates(documents.iloc[:0], near()).empty


def test_the_order_of_rows_and_the_number_of_workers_change_nothing(make_documents):
    texts = []
    for seed in range(700):
        texts += [story(60, seed), alike(story(60, seed), seed % 3, seed)]
    documents = make_documents(join(*texts))
    pairs = find_near_duplicates(documents, near())
    assert len(pairs) >= 400
    pd.testing.assert_frame_equal(pairs, find_near_duplicates(documents.iloc[::-1], near()))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab ,É\n"), max_size=30), min_size=2, max_size=6), st.integers(1, 4))
def test_similarities_are_those_of_sets_of_word_n_grams(texts, words):
    shingles = make_shingles(pd.Series(texts, dtype="str"), words)
    one, other = np.triu_indices(len(texts), 1)
    expected = [true_jaccard(texts[a], texts[b], words) for a, b in zip(one, other, strict=True)]
    assert jaccard(shingles, one, other).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.9])
def test_pairs_at_the_threshold_are_found_as_often_as_was_asked_for(threshold):
    bands = choose_bands(threshold, 0.9)
    agree, pairs, size = 0, 1500, 90
    shared = round(2 * size * threshold / (1 + threshold))
    draw = np.random.default_rng(0)
    for _ in range(pairs // 500):
        both = []
        for _ in range(500):
            words = draw.integers(10**9, size=2 * size - shared)
            both += [" ".join(map(str, words[:size])), " ".join(map(str, words[-size:]))]
        found = candidate_pairs(band_keys(make_shingles(pd.Series(both), 1), bands))
        agree += sum(one % 2 == 0 and other == one + 1 for one, other in zip(*found, strict=True))
    expected = 1 - (1 - (shared / (2 * size - shared)) ** bands.rows) ** bands.bands
    assert agree / pairs == pytest.approx(expected, abs=0.03)
