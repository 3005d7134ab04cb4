import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.augment.variants import augmentable, make_variants

TEXTS = [
    "The quick company saw a film, and the film was truly happy.",
    "Turkey: a company with a happy service film",
    "quick film",
    "film",
    "...",
    "Nothing here has any",
]
ALL = {"synonym": (2, 0.2), "insertion": (2, 0.2), "swap": (2, 0.2), "deletion": (2, 0.2)}


def texts_by_id(variants):
    return dict(zip(variants["id"], variants["text"].fillna("none"), strict=True))


def test_a_variant_names_its_origin_and_takes_its_label_split_and_group(make_documents, settings, lexicon):
    documents = make_documents(TEXTS[:1], id=["x/1"], label="business", published_split="train", group=["g"])
    variants = make_variants(documents, settings(**ALL), lexicon)
    assert sorted(variants["id"]) == [f"x/1#{name}-{number}" for name in sorted(ALL) for number in (1, 2)]
    expected = {"origin": "x/1", "label": "business", "published_split": "train", "group": "g"}
    for column, value in expected.items():
        assert set(variants[column]) == {value}


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.permutations(TEXTS), st.integers(1, 3), st.sampled_from(list(ALL)), st.integers(0, 3))
def test_variants_depend_on_their_document_alone_and_more_keep_the_earlier_ones(
    make_documents, settings, lexicon, order, count, name, seed
):
    everything = make_documents(TEXTS, id=TEXTS)
    full = texts_by_id(make_variants(everything, settings(seed, **{**ALL, name: (4, 0.2)}), lexicon))
    part = make_variants(make_documents(order[:3], id=order[:3]), settings(seed, **{name: (count, 0.2)}), lexicon)
    assert len(part) == 3 * count
    for variant, text in texts_by_id(part).items():
        assert text == full[variant]


def test_a_higher_count_takes_back_no_variant_that_was_kept(make_documents, settings, lexicon):
    documents = make_documents(TEXTS)
    kept = {}
    for count in (1, 2, 5, 9):
        variants = make_variants(documents, settings(**dict.fromkeys(ALL, (count, 0.1))), lexicon)
        now = texts_by_id(variants[variants["rule"].isna()])
        assert kept.items() <= now.items()
        kept = now
    assert len(kept) > 40


def test_documents_with_the_same_text_get_variants_of_their_own(make_documents, settings, lexicon):
    variants = make_variants(make_documents(TEXTS[:1] * 2), settings(swap=(1, 0.5)), lexicon)
    assert variants["text"].nunique() == 2


def test_another_seed_makes_other_variants(make_documents, settings, lexicon):
    documents = make_documents(TEXTS[:2])
    one, other = (texts_by_id(make_variants(documents, settings(seed, **ALL), lexicon)) for seed in (1, 2))
    assert one != other


def test_a_variant_like_its_origin_or_another_variant_is_rejected_with_the_reason(make_documents, settings, lexicon):
    documents = make_documents(["Happy happy HAPPY", "quick film"], id=["same", "two"])
    variants = make_variants(documents, settings(swap=(2, 1.0)), lexicon).set_index("id")
    assert set(variants.loc[["same#swap-1", "same#swap-2"], "rule"]) == {"equals_origin"}
    assert variants["text"]["two#swap-1"] == "film quick"
    assert variants["rule"].isna()["two#swap-1"]
    assert variants["rule"]["two#swap-2"] == "equals_variant"
    assert "two#swap-1" in variants["reason"]["two#swap-2"]


def test_a_rate_of_zero_makes_only_copies_and_none_is_kept(make_documents, settings, lexicon):
    off = dict.fromkeys(ALL, (1, 0.0))
    variants = make_variants(make_documents(TEXTS[:2]), settings(**off), lexicon)
    assert set(variants["rule"]) == {"equals_origin"}


@pytest.mark.parametrize("text", ["...", "word", ""])
def test_a_text_with_nothing_to_change_is_counted_and_makes_no_variant(make_documents, settings, lexicon, text):
    variants = make_variants(make_documents([text]), settings(**ALL), lexicon)
    assert len(variants) == 8
    assert set(variants["rule"]) == {"nothing_to_change"}
    assert variants["text"].isna().all()


def test_published_test_and_validation_rows_and_tagged_sentences_get_no_variants(make_documents):
    documents = make_documents(
        ["text"] * 5,
        published_split=[None, "train", "validation", "test", None],
        tokens=[None, None, None, None, ["text"]],
    )
    assert augmentable(documents).tolist() == [True, True, False, False, False]
