"""Planted leaks: what is held out, or was made of it, never reaches training."""

import html

import pandas as pd
import pytest

from stages.split.checks import check_splits
from stages.split.dividing import divide

TEXT = "Shares rose 5% \u2013 R&D paid off, said the firm\u2019s caf\u00e9 owner"
DRESSES = {
    "as it is": TEXT,
    "other case": TEXT.upper(),
    "other spaces": "\n " + TEXT.replace(" ", " \t\u00a0"),
    "entities": html.escape(TEXT).replace("\u2013", "&ndash;").replace("\u2019", "&#8217;"),
    "entities of entities": html.escape(html.escape(TEXT)),
    "entities in capitals": TEXT.replace("\u2013", "&ndash;").replace("\u00e9", "&eacute;").upper(),
    "another Unicode form": TEXT.replace("\u00e9", "e\u0301").replace("5%", "\uff15\uff05"),
}


def corpus(make_documents, published):
    documents = make_documents(
        [f"text number {number}" for number in range(60)], label=["a", "b"] * 30, published_split=published
    )
    return documents


@pytest.mark.parametrize("held_out", ["test", "validation"])
@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("published", ["train", None])
def test_a_copy_of_a_held_out_document_is_not_trained_on(make_documents, settings, held_out, dress, published):
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    documents = corpus(make_documents, [published if split == "train" else split for split in splits])
    twin = 55 if held_out == "test" else 45
    documents.loc[twin, "text"] = TEXT
    documents.loc[3, "text"] = DRESSES[dress]
    divided, rejected = divide(documents, settings())
    assert "d3" not in set(divided["train"]["id"])
    assert rejected[["id", "rule", "reason"]].to_numpy().tolist() == [
        ["d3", "equals_held_out", f"the same text as the {held_out} document d{twin}"]
    ]
    assert f"d{twin}" in set(divided[held_out]["id"])


@pytest.mark.parametrize("dress", DRESSES)
def test_of_two_copies_on_different_sides_the_training_one_goes(make_documents, settings, dress):
    documents = corpus(make_documents, None)
    documents.loc[0, "text"], documents.loc[1, "text"] = TEXT, DRESSES[dress]
    seen = set()
    for seed in range(10):
        divided, rejected = divide(documents, settings(seed=seed))
        sides = {row: split for split, rows in divided.items() for row in rows["id"]}
        pair = sorted(sides.get(row, "rejected") for row in ("d0", "d1"))
        assert pair not in (["test", "train"], ["train", "validation"])
        assert ("rejected" in pair) == (len(rejected) == 1)
        seen.add(tuple(pair))
    assert ("rejected", "test") in seen
    assert ("train", "train") in seen


def test_variants_of_held_out_documents_are_not_trained_on(make_documents, settings, add_variants):
    documents = corpus(make_documents, None)
    for seed in range(5):
        divided, _ = divide(documents, settings(seed=seed))
        test, validation, *train = [divided[split]["id"].tolist() for split in ("test", "validation", "train")]
        (train,) = train
        donors = [[test[0]], [validation[0]], [train[0], test[1]], [test[2], train[1]], [train[2], train[3]]]
        planted = add_variants(documents, *donors)
        divided, rejected = divide(planted, settings(seed=seed))
        variants = divided["train"][divided["train"]["method"] == "swap"]
        assert variants["derived_from"].tolist() == [[train[2], train[3]]]
        said = rejected.set_index("id")["reason"].to_dict()
        assert said == {
            f"{test[0]}#swap-0": f"derived from the test document {test[0]}",
            f"{validation[0]}#swap-1": f"derived from the validation document {validation[0]}",
            f"{train[0]}#swap-2": f"derived from the test document {test[1]}",
            f"{test[2]}#swap-3": f"derived from the test document {test[2]}",
        }


def test_a_variant_is_held_back_by_its_text_and_by_its_group_too(make_documents, settings, add_variants):
    documents = corpus(make_documents, ["train"] * 40 + ["validation"] * 10 + ["test"] * 10)
    planted = add_variants(documents, ["d0"], text="TEXT  number 55")
    planted = add_variants(planted, ["d2"], ["d4"])
    planted.loc[planted["id"] == "d4#swap-1", "group"] = "d56"
    divided, rejected = divide(planted, settings())
    assert set(divided["train"]["id"]) & set(planted.loc[planted["method"] == "swap", "id"]) == {"d2#swap-0"}
    assert dict(zip(rejected["id"], rejected["rule"], strict=True)) == {
        "d0#swap-0": "equals_held_out",
        "d4#swap-1": "group_held_out",
    }


def test_a_variant_of_a_document_that_is_not_used_is_not_used(make_documents, settings, add_variants):
    documents = corpus(make_documents, ["train"] * 40 + ["validation"] * 10 + ["test"] * 10)
    documents.loc[0, "text"] = "Text number 55"
    planted = add_variants(documents, ["d0"], ["d2"], ["nowhere", "d4"][::-1])
    _, rejected = divide(planted, settings())
    assert dict(zip(rejected["id"], rejected["reason"], strict=True)) == {
        "d0": "the same text as the test document d55",
        "d0#swap-0": "derived from d0, which is not trained on",
        "d4#swap-2": "derived from nowhere, which is not trained on",
    }


@pytest.fixture
def divided(make_documents, settings, add_variants):
    documents = add_variants(corpus(make_documents, ["train"] * 40 + ["validation"] * 10 + ["test"] * 10), ["d0"])
    splits, rejected = divide(documents, settings())
    return splits, rejected, documents


def test_the_self_check_passes_what_is_right(divided):
    check_splits(*divided)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: {**s, "train": s["train"][1:]}, "was lost"),
        (lambda s: {**s, "train": pd.concat([s["train"], s["train"][:1]])}, "in two places"),
        (lambda s: {**s, "train": s["train"].assign(group=["d55", *s["train"]["group"][1:]])}, "'d55' is on two sides"),
        (lambda s: {**s, "test": s["validation"], "validation": s["test"]}, "publisher"),
        (
            lambda s: {**s, "train": s["train"].assign(derived_from=[["d55"]] * len(s["train"]))},
            "'d0#swap-0' is derived from a document that is not trained on",
        ),
    ],
)
def test_the_self_check_stops_what_is_wrong(divided, spoil, said):
    splits, rejected, documents = divided
    with pytest.raises(RuntimeError, match=said):
        check_splits(spoil(splits), rejected, documents)
