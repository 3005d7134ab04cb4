"""What holds of the splits of any corpus."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.common.core.messages import UserError
from stages.split.checks import check_splits
from stages.split.dividing import divide

HELD_OUT = ["validation", "test"]


def ids(splits):
    return {split: set(rows["id"]) for split, rows in splits.items()}


def rules(rejected):
    return dict(zip(rejected["id"], rejected["rule"], strict=True))


def plain_corpus(make_documents, size=100, classes="ab"):
    return make_documents(
        [f"text number {number}" for number in range(size)], label=[classes[n % len(classes)] for n in range(size)]
    )


@st.composite
def corpora(draw):
    """Labels, groups and published splits of a corpus, and the donors of its variants."""
    rows = draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 25)), min_size=20, max_size=60))
    labels, groups = ["a"] * 4 + ["b"] * 4, [f"g{n}" for n in (*range(100, 104), *range(200, 204))]
    for label, group in rows:
        labels.append(label)
        groups.append(f"{label}{group}" if draw(st.booleans()) else f"g{group}")
    published = draw(
        st.sampled_from(
            [[None], ["train", "test"], ["train", "validation", "test"], [None, "train", "test"], ["train"]]
        )
    )
    splits = [draw(st.sampled_from(published)) for _ in labels]
    numbers = st.integers(0, len(labels) - 1)
    donors = draw(st.lists(st.lists(numbers, min_size=1, max_size=3, unique=True), min_size=1, max_size=20))
    return labels, groups, splits, [[f"d{number}" for number in chosen] for chosen in donors]


def build(corpus, make_documents, add_variants):
    labels, groups, published, donors = corpus
    texts = [f"text {number % 50}" for number in range(len(labels))]
    documents = make_documents(texts, label=labels, group=groups, published_split=published)
    return add_variants(documents, *donors)


def divide_if_possible(documents, parameters):
    try:
        return divide(documents, parameters)
    except UserError:
        return None


@hypothesis_settings(max_examples=50, deadline=None)
@given(corpora(), st.integers(0, 3), st.sampled_from([None, 1, 5]), st.sampled_from([0.0, 0.4, 1.0]))
def test_no_row_is_lost_no_group_torn_no_publisher_overruled(
    make_documents, add_variants, settings, corpus, seed, per_class, augmented
):
    documents = build(corpus, make_documents, add_variants)
    parameters = settings(seed=seed, train_per_class=per_class, augmented=augmented)
    divided = divide_if_possible(documents, parameters)
    if divided is None:
        return
    splits, rejected = divided
    check_splits(splits, rejected, documents)
    placed = ids(splits)
    assert sorted([*rejected["id"], *(i for names in placed.values() for i in names)]) == sorted(documents["id"])
    assert rejected["rule"].notna().all()
    assert rejected["reason"].notna().all()
    for split in HELD_OUT:
        published = documents[documents["published_split"].eq(split) & documents["method"].eq("original")]
        assert set(published["id"]) <= placed[split]
    held_out_groups = {group for split in HELD_OUT for group in splits[split]["group"]}
    assert not held_out_groups & set(splits["train"]["group"])
    held_out_texts = {text for split in HELD_OUT for text in splits[split]["text"]}
    assert not held_out_texts & set(splits["train"]["text"])
    originals = set(splits["train"].loc[splits["train"]["method"] == "original", "id"])
    for donors in splits["train"]["derived_from"]:
        assert set(donors) <= originals
    for split in HELD_OUT:
        assert set(splits[split]["method"]) <= {"original"}


@hypothesis_settings(max_examples=15, deadline=None)
@given(corpora(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(make_documents, add_variants, settings, corpus, shuffled):
    documents = build(corpus, make_documents, add_variants)
    order = list(documents.index)
    shuffled.shuffle(order)
    parameters = settings(augmented=0.5, train_per_class=6)
    one, other = (divide_if_possible(d, parameters) for d in (documents, documents.loc[order]))
    assert (one is None) == (other is None)
    if one and other:
        assert ids(one[0]) == ids(other[0])
        reasons = [rejected.set_index("id")[["rule", "reason"]].sort_index() for _, rejected in (one, other)]
        assert reasons[0].equals(reasons[1])


@hypothesis_settings(max_examples=12, deadline=None)
@given(corpora(), st.integers(1, 8), st.integers(0, 20), st.integers(0, 20))
def test_more_of_the_training_set_contains_less(
    make_documents, add_variants, settings, corpus, per_class, share, more_share
):
    documents = build(corpus, make_documents, add_variants)
    low, high = sorted([share / 20, more_share / 20])
    sizes = (settings(train_per_class=n) for n in (per_class, per_class + 1, None))
    shares = (settings(augmented=part) for part in (low, high))
    for family in (sizes, shares):
        divided = [divide_if_possible(documents, parameters) for parameters in family]
        if None in divided:
            return
        placed = [ids(splits) for splits, _ in divided]
        for smaller, larger in pairwise(placed):
            assert smaller["train"] <= larger["train"]
            assert all(smaller[split] == larger[split] for split in HELD_OUT)


def test_without_groups_the_shares_of_each_class_are_exact(make_documents, settings):
    documents = plain_corpus(make_documents, 200)
    splits, rejected = divide(documents, settings())
    assert rejected.empty
    for split, size in (("train", 140), ("validation", 30), ("test", 30)):
        assert splits[split]["label"].value_counts().to_dict() == {"a": size // 2, "b": size // 2}


def test_with_groups_the_shares_are_off_by_half_a_group_at_most(make_documents, settings):
    groups = [f"g{number // 3}" if number % 2 else f"h{number // 8}" for number in range(300)]
    documents = make_documents(
        [f"t{n}" for n in range(300)], group=groups, label=["a" if g[0] == "g" else "b" for g in groups]
    )
    splits, _ = divide(documents, settings())
    for split in HELD_OUT:
        for size in splits[split]["label"].value_counts():
            assert abs(size - 22.5) <= 2.5  # 22 or 23 are wanted


@pytest.mark.parametrize("shares", [{"test": 0.49, "validation": 0.5}, {"test": 0.01, "validation": 0.01}])
@pytest.mark.parametrize("group_size", [1, 7])
def test_a_class_of_three_groups_is_in_each_split(make_documents, settings, shares, group_size):
    rare = [f"r{number // group_size}" for number in range(3 * group_size)]
    groups = rare + [f"c{number}" for number in range(40)]
    labels = ["rare"] * len(rare) + ["common"] * 40
    documents = make_documents([f"t{n}" for n in range(len(groups))], group=groups, label=labels)
    splits, _ = divide(documents, settings(**shares))
    assert {split: sum(rows["label"] == "rare") for split, rows in splits.items()} == dict.fromkeys(splits, group_size)


def test_another_validation_share_leaves_the_test_split_as_it_is(make_documents, settings):
    documents = plain_corpus(make_documents)
    small, large = (divide(documents, settings(validation=share))[0] for share in (0.1, 0.3))
    assert set(small["test"]["id"]) == set(large["test"]["id"])
    assert set(small["validation"]["id"]) < set(large["validation"]["id"])


def test_the_place_of_a_class_does_not_depend_on_the_others(make_documents, settings):
    documents = plain_corpus(make_documents, 120, "abc")
    both = divide(documents, settings())[0]
    fewer = divide(documents[documents["label"] != "b"], settings())[0]
    for split, rows in both.items():
        assert set(fewer[split]["id"]) == set(rows.loc[rows["label"] != "b", "id"])


def test_another_seed_divides_differently(make_documents, settings):
    documents = plain_corpus(make_documents)
    assert ids(divide(documents, settings(seed=1))[0]) != ids(divide(documents, settings(seed=2))[0])


def test_all_published_splits_are_taken_as_they_are(make_documents, settings):
    published = ["train", "train", "validation", "test"] * 25
    documents = plain_corpus(make_documents).assign(published_split=published)
    splits, rejected = divide(documents, settings(validation=0.4))
    assert rejected.empty
    assert {split: set(rows["published_split"]) for split, rows in splits.items()} == {s: {s} for s in splits}


@pytest.mark.parametrize("rest", ["train", None])
def test_where_only_test_is_published_validation_comes_from_the_rest(make_documents, settings, rest):
    documents = plain_corpus(make_documents).assign(published_split=["test"] * 20 + [rest] * 80)
    splits, rejected = divide(documents, settings(validation=0.25))
    assert rejected.empty
    assert ids(splits)["test"] == {f"d{number}" for number in range(20)}
    assert splits["validation"]["label"].value_counts().to_dict() == {"a": 10, "b": 10}


def test_a_class_too_rare_for_the_publishers_splits_is_trained_on_whole(make_documents, settings):
    documents = plain_corpus(make_documents, 40).assign(published_split=["test"] * 10 + ["train"] * 30)
    documents.loc[[5, 20], "label"] = "rare"
    splits, _ = divide(documents, settings())
    assert {split: sum(rows["label"] == "rare") for split, rows in splits.items()} == {
        "train": 1,
        "validation": 0,
        "test": 1,
    }


def test_the_publishers_own_group_on_two_held_out_sides_stays_and_its_training_rows_go(make_documents, settings):
    documents = plain_corpus(make_documents).assign(published_split=["test", "validation", "train", None] * 25)
    documents.loc[:3, "group"] = "same"
    splits, rejected = divide(documents, settings())
    check_splits(splits, rejected, documents)
    assert "d0" in ids(splits)["test"]
    assert "d1" in ids(splits)["validation"]
    assert rules(rejected) == {"d2": "group_held_out", "d3": "group_held_out"}
    assert set(rejected["reason"]) == {"in one group with the test document d0"}


def test_a_group_with_two_labels_counts_for_the_commoner_one_and_stays_whole(make_documents, settings):
    documents = plain_corpus(make_documents)
    documents["group"] = [f"g{number // 4}" for number in range(100)]
    splits, _ = divide(documents, settings())
    sides = [set(rows["group"]) for rows in splits.values()]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 25


def test_a_limit_for_each_class_takes_that_many_originals(make_documents, settings, add_variants):
    documents = add_variants(plain_corpus(make_documents), *[[f"d{number}"] for number in range(100)])
    splits, rejected = divide(documents, settings(train_per_class=8))
    train = splits["train"]
    originals = train[train["method"] == "original"]
    assert originals["label"].value_counts().to_dict() == {"a": 8, "b": 8}
    assert set(train[train["method"] == "swap"]["group"]) == set(originals["id"])
    assert len(splits["test"]) == 15
    assert sum(rule == "train_per_class" for rule in rules(rejected).values()) == 70 - 16


def test_the_share_of_variants_is_that_of_each_class(make_documents, settings, add_variants):
    documents = add_variants(plain_corpus(make_documents), *[[f"d{number}"] for number in range(100)] * 4)
    splits, _ = divide(documents, settings(augmented=0.1))
    train = splits["train"]
    assert train[train["method"] == "swap"]["label"].value_counts().to_dict() == {"a": 14, "b": 14}
    none, _ = divide(documents, settings(augmented=0.0))
    assert set(none["train"]["method"]) == {"original"}


def test_documents_without_a_label_are_one_class(make_documents, settings):
    documents = make_documents([f"t{number}" for number in range(40)], label=None)
    splits, rejected = divide(documents, settings())
    assert rejected.empty
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 28, "validation": 6, "test": 6}


def test_a_document_whose_gold_was_looked_at_is_trained_on_with_its_group(make_documents, settings):
    documents = plain_corpus(make_documents)
    groups = [f"g{number // 2}" for number in range(100)]
    documents["group"] = groups
    everywhere = divide(documents, settings())[0]
    seen = set(everywhere["test"]["id"].iloc[:4])
    splits, _ = divide(documents, settings(), seen=seen)
    with_group = set(documents.loc[documents["group"].isin(documents.loc[documents["id"].isin(seen), "group"]), "id"])
    assert with_group <= set(splits["train"]["id"])
    assert len(splits["test"]) > 10


def test_a_label_that_is_too_unsure_is_not_trained_on_but_may_be_tested_on(make_documents, settings):
    documents = plain_corpus(make_documents)
    before = divide(documents, settings())[0]
    left_out = {*before["train"]["id"].iloc[:5], *before["test"]["id"]}
    splits, rejected = divide(documents, settings(), left_out=left_out)
    assert ids(splits)["test"] == ids(before)["test"]
    assert set(rejected["id"]) == left_out - ids(before)["test"]
    assert set(rejected["rule"]) == {"unsure_label"}
