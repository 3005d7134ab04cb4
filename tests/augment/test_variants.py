import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.augment.methods import TAGGED_METHODS, TEXT_METHODS
from stages.augment.sentence import collect_donors
from stages.augment.variants import augmentable, make_variants

TEXTS = [
    "The quick company saw a film, and the film was truly happy.",
    "Turkey: a company with a happy service film",
    "quick film",
    "film",
    "...",
    "Nothing here has any",
]
ALL = dict.fromkeys(TEXT_METHODS, (2, 0.2))
SENTENCES = [
    (
        ["John", "Smith", "saw", "a", "happy", "film", "in", "Rome"],
        ["B-PER", "I-PER", "O", "O", "O", "O", "O", "B-LOC"],
    ),
    (["The", "company", "left", "New", "York"], ["O", "O", "O", "B-LOC", "I-LOC"]),
    (["Anna", "visits", "Paris", "."], ["B-PER", "O", "B-LOC", "O"]),
    (["a", "quick", "service", "and", "a", "film"], ["O"] * 6),
]
ALL_TAGGED = dict.fromkeys(TAGGED_METHODS, (2, 0.5))


def texts_by_id(variants):
    return dict(zip(variants["id"], variants["text"].fillna("none"), strict=True))


def make(documents, methods, lexicon, seed=1):
    return make_variants(documents, methods, seed, lexicon, None)


@pytest.fixture(scope="session")
def tagged(make_documents):
    def build(rows=(0, 1, 2, 3), **columns):
        chosen = [SENTENCES[row] for row in rows]
        columns = {"id": [f"s{row}" for row in rows], "label": None, **columns}
        texts = [" ".join(tokens) for tokens, _ in chosen]
        return make_documents(texts, tokens=[t for t, _ in chosen], tags=[t for _, t in chosen], **columns)

    return build


def test_a_variant_names_its_origin_and_takes_its_label_split_and_group(make_documents, settings, lexicon):
    documents = make_documents(TEXTS[:1], id=["x/1"], label="business", published_split="train", group=["g"])
    variants = make(documents, settings(**ALL), lexicon)
    assert sorted(variants["id"]) == [f"x/1#{name}-{number}" for name in sorted(ALL) for number in (1, 2)]
    expected = {"origin": "x/1", "label": "business", "published_split": "train", "group": "g"}
    for column, value in expected.items():
        assert set(variants[column]) == {value}
    assert set(map(tuple, variants["derived_from"])) == {("x/1",)}


@hypothesis_settings(max_examples=25)
@given(st.permutations(TEXTS), st.integers(1, 3), st.sampled_from(list(ALL)), st.integers(0, 3))
def test_variants_depend_on_their_document_alone_and_more_keep_the_earlier_ones(
    make_documents, settings, lexicon, order, count, name, seed
):
    everything = make_documents(TEXTS, id=TEXTS)
    full = texts_by_id(make(everything, settings(**{**ALL, name: (4, 0.2)}), lexicon, seed))
    part = make(make_documents(order[:3], id=order[:3]), settings(**{name: (count, 0.2)}), lexicon, seed)
    assert len(part) == 3 * count
    for variant, text in texts_by_id(part).items():
        assert text == full[variant]


@hypothesis_settings(max_examples=25)
@given(st.permutations(range(4)), st.integers(1, 3), st.sampled_from(list(ALL_TAGGED)), st.integers(0, 3))
def test_variants_of_sentences_do_not_depend_on_order_and_more_keep_the_earlier_ones(
    tagged, settings, lexicon, order, count, name, seed
):
    made = []
    for rows, methods in ((range(4), {**ALL_TAGGED, name: (4, 0.5)}), (order, {name: (count, 0.5)})):
        documents = tagged(rows)
        made.append(make_variants(documents, settings(**methods), seed, lexicon, collect_donors(documents)))
    full, part = (variants.set_index("id")[["text", "tags", "derived_from"]] for variants in made)
    assert len(part) == 4 * count
    assert part.map(str).equals(full.loc[part.index].map(str))


@hypothesis_settings(max_examples=25)
@given(st.sampled_from(list(ALL_TAGGED)), st.floats(0, 1), st.integers(0, 9))
def test_tags_stay_aligned_and_every_token_from_elsewhere_names_its_donor(tagged, settings, lexicon, name, rate, seed):
    documents = tagged()
    variants = make_variants(documents, settings(**{name: (2, rate)}), seed, lexicon, collect_donors(documents))
    tokens_of = dict(zip(documents["id"], documents["tokens"], strict=True))
    for variant in variants[variants["text"].notna()].to_dict("records"):
        assert len(variant["tokens"]) == len(variant["tags"])
        assert variant["text"] == " ".join(variant["tokens"])
        assert variant["derived_from"][0] == variant["origin"]
        given_by = {token for donor in variant["derived_from"] for token in tokens_of[donor]}
        if name != "synonym_outside_mentions":
            assert set(variant["tokens"]) <= given_by
        before = dict(zip(documents["id"], documents["tags"], strict=True))[variant["origin"]]
        assert [tag for tag in variant["tags"] if tag[0] == "B"] == [tag for tag in before if tag[0] == "B"]


def test_a_higher_count_takes_back_no_variant_that_was_kept(make_documents, settings, lexicon):
    documents = make_documents(TEXTS)
    kept = {}
    for count in (1, 2, 5, 9):
        variants = make(documents, settings(**dict.fromkeys(ALL, (count, 0.1))), lexicon)
        now = texts_by_id(variants[variants["rule"].isna()])
        assert kept.items() <= now.items()
        kept = now
    assert len(kept) > 60


def test_documents_with_the_same_text_get_variants_of_their_own(make_documents, settings, lexicon):
    variants = make(make_documents(TEXTS[:1] * 2), settings(swap=(1, 0.5)), lexicon)
    assert variants["text"].nunique() == 2


def test_another_seed_makes_other_variants(make_documents, settings, lexicon):
    documents = make_documents(TEXTS[:2])
    one, other = (texts_by_id(make(documents, settings(**ALL), lexicon, seed)) for seed in (1, 2))
    assert one != other


def test_a_variant_like_its_origin_or_another_variant_is_rejected_with_the_reason(make_documents, settings, lexicon):
    documents = make_documents(["Happy happy HAPPY", "quick film"], id=["same", "two"])
    variants = make(documents, settings(swap=(2, 1.0)), lexicon).set_index("id")
    assert set(variants.loc[["same#swap-1", "same#swap-2"], "rule"]) == {"equals_origin"}
    assert variants["text"]["two#swap-1"] == "film quick"
    assert variants["rule"].isna()["two#swap-1"]
    assert variants["rule"]["two#swap-2"] == "equals_variant"
    assert "two#swap-1" in variants["reason"]["two#swap-2"]


def test_a_rate_of_zero_makes_only_copies_and_none_is_kept(make_documents, tagged, settings, lexicon):
    variants = make(make_documents(TEXTS[:2]), settings(**dict.fromkeys(ALL, (1, 0.0))), lexicon)
    assert set(variants["rule"]) == {"equals_origin"}
    documents = tagged([0])
    methods = settings(**dict.fromkeys(ALL_TAGGED, (1, 0.0)))
    variants = make_variants(documents, methods, 1, lexicon, collect_donors(documents))
    assert set(variants["rule"]) == {"equals_origin"}


@pytest.mark.parametrize("text", ["...", "a", ""])
def test_a_text_with_nothing_to_change_is_counted_and_makes_no_variant(make_documents, settings, lexicon, text):
    variants = make(make_documents([text]), settings(**ALL), lexicon)
    assert len(variants) == 14
    assert set(variants["rule"]) == {"nothing_to_change"}
    assert variants["text"].isna().all()


def test_a_sentence_without_mentions_or_donors_is_counted_and_makes_no_variant(tagged, settings, lexicon):
    documents = tagged([3])
    methods = settings(mention_replacement=(2, 0.5))
    variants = make_variants(documents, methods, 1, lexicon, collect_donors(documents))
    assert variants["rule"].tolist() == ["nothing_to_change"] * 2
    alone = tagged([2])
    assert make_variants(alone, methods, 1, lexicon, collect_donors(alone))["rule"].eq("nothing_to_change").all()


def test_mentions_give_way_to_mentions_of_the_same_type_with_their_tags(tagged, settings, lexicon):
    documents = tagged([0, 2])
    methods = settings(mention_replacement=(9, 1.0))
    variants = make_variants(documents, methods, 1, lexicon, collect_donors(documents)).set_index("id")
    assert variants["text"]["s2#mention_replacement-1"] == "John Smith visits Rome ."
    assert variants["tags"]["s2#mention_replacement-1"] == ["B-PER", "I-PER", "O", "B-LOC", "O"]
    assert variants["derived_from"]["s2#mention_replacement-1"] == ["s2", "s0"]


def test_synonyms_are_put_outside_of_mentions_only(tagged, settings, lexicon, make_documents):
    tokens = ["happy", "film", "happy", "film", "company"]
    tags = ["B-MISC", "I-MISC", "O", "O", "O"]
    documents = make_documents(["x"], tokens=[tokens], tags=[tags])
    methods = settings(synonym_outside_mentions=(8, 1.0))
    variants = make_variants(documents, methods, 1, lexicon, collect_donors(documents))
    assert set(variants["text"]) == {f"happy film glad {film} firm" for film in ("movie", "moving picture")}
    assert {tuple(tags) for tags in variants["tags"]} == {("B-MISC", "I-MISC", *["O"] * n) for n in (3, 4)}


def test_published_test_and_validation_rows_get_no_variants(make_documents):
    documents = make_documents(["text"] * 4, published_split=[None, "train", "validation", "test"])
    assert augmentable(documents).tolist() == [True, True, False, False]
