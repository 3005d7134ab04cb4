"""Which documents are trained on without a label, and that nothing held out is among them."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from stages.common.documents.table import read_rejected
from stages.common.documents.unlabelled import read_unlabelled
from stages.split.__main__ import main
from tests.split.test_stage import place, run_and_read_error, save, set_parameters

__all__ = ["place"]  # a fixture
SPLITS = ["train", "validation", "test"]
# Texts without a label: a copy of a test text but for case, space and entities, one in its group, and others.
COPY, NEAR, EMOJI, CHINESE = (
    "TEXT  number\t2 &amp; more",
    "text number 2, nearly",
    "what a day 🌞🌧️",
    "今天天气很好，我们去公园吧。",
)


@pytest.fixture
def corpus(make_documents, add_variants):
    """Forty labelled documents in three splits, four without a label, and a variant of each."""
    texts = [f"text number {number} & more" for number in range(40)]
    splits = ["train", "validation", "test", "train"] * 10
    labelled = make_documents(texts, label=["a", "b"] * 20, published_split=splits)
    ids, groups = ["u-copy", "u-near", "u-emoji", "u-chinese"], ["u-copy", "d2", "u-emoji", "u-chinese"]
    alone = make_documents([COPY, NEAR, EMOJI, CHINESE], id=ids, label=None, published_split="unlabelled", group=groups)
    documents = pd.concat([labelled, alone.astype({"label": "str"})], ignore_index=True)
    donors = [[name] for name in documents["id"] if documents.set_index("id")["published_split"][name] in SPLITS[:1]]
    return add_variants(add_variants(documents, *donors), *[[name] for name in ids], published_split="unlabelled")


def read(place, name="documents"):
    return pq.read_table(place / f"data/unlabelled/{name}.parquet")


def test_a_run_without_unlabelled_documents_writes_two_empty_tables(place):
    main()
    assert read(place).schema.names == ["id", "text", "group", "derived_from", "method"]
    assert read(place, "rejected").schema.names == ["rule", "reason", "id", "text", "group", "derived_from", "method"]
    assert len(read(place)) == len(read(place, "rejected")) == len(read_unlabelled()) == 0
    assert "unlabelled" not in json.loads((place / "reports/split/summary.json").read_text())


def test_where_they_are_off_they_are_listed_and_change_no_split(place, corpus):
    has_label = ~corpus["published_split"].eq("unlabelled")
    written = []
    for documents in (corpus[has_label], corpus):
        save(place, documents)
        main()
        written.append([(place / f"data/splits/{split}.parquet").read_bytes() for split in SPLITS])
    assert written[0] == written[1]
    rejected = read_rejected(place / "data/splits/rejected.parquet")
    off = rejected[rejected["rule"].eq("unlabelled")]
    assert sorted(off["id"]) == sorted(corpus.loc[~has_label, "id"]) and off["label"].isna().all()
    assert len(read(place)) == len(read(place, "rejected")) == 0


def test_copies_and_near_copies_of_test_documents_are_left_out_with_their_variants(place, capsys, corpus):
    save(place, corpus)
    set_parameters(place, unlabelled=True)
    main()
    kept = read_unlabelled().set_index("id")
    assert kept["text"].to_dict() == {
        "u-emoji": EMOJI, "u-chinese": CHINESE, "u-emoji#swap-2": "variant 2 of u-emoji",
        "u-chinese#swap-3": "variant 3 of u-chinese",
    }  # fmt: skip
    assert kept["derived_from"]["u-emoji#swap-2"] == ["u-emoji"]
    left_out = read(place, "rejected").to_pandas().set_index("id")
    assert left_out[["rule", "reason"]].to_dict("index") == {
        "u-copy": {"rule": "equals_held_out", "reason": "the same text as the test document d2"},
        "u-near": {"rule": "group_held_out", "reason": "in one group with the test document d2"},
        "u-copy#swap-0": {"rule": "origin_not_used", "reason": "derived from u-copy, which is not trained on"},
        "u-near#swap-1": {"rule": "group_held_out", "reason": "held-out documents are in its group, d2"},
    }
    assert not read_rejected(place / "data/splits/rejected.parquet")["rule"].eq("unlabelled").any()
    assert json.loads((place / "reports/split/summary.json").read_text())["unlabelled"] == {
        "originals": 2, "variants": 2, "rejected": {"equals_held_out": 1, "group_held_out": 2, "origin_not_used": 1},
    }  # fmt: skip
    assert "test 10, 2 unlabelled with 2 variants, " in capsys.readouterr().out


def test_training_documents_that_are_left_out_are_unlabelled_too(place, capsys, corpus):
    save(place, corpus)
    set_parameters(place, unlabelled=True, train_per_class=9)
    main()
    train = pd.read_parquet(place / "data/splits/train.parquet")
    kept, rejected = read_unlabelled(), read_rejected(place / "data/splits/rejected.parquet").set_index("id")
    of_train = kept[kept["id"].str.startswith("d")]
    assert of_train["method"].value_counts().to_dict() == {"original": 2, "swap": 2}
    assert set(of_train["id"]) == set(rejected.index[rejected["rule"].isin(["train_per_class", "origin_not_used"])])
    assert rejected.loc[of_train["id"], "label"].notna().all()  # which the accounting alone reads
    assert not set(kept["id"]) & set(train["id"])
    assert "fewer than" not in capsys.readouterr().out


def test_classes_with_fewer_documents_than_asked_for_are_named(place, capsys, make_documents):
    labels = ["a"] * 6 + ["b"] * 8 + ["a", "b"] * 2
    splits = ["train"] * 14 + ["validation"] * 2 + ["test"] * 2
    save(place, make_documents([f"text {n}" for n in range(18)], label=labels, published_split=splits))
    set_parameters(place, train_per_class=8)
    main()
    assert capsys.readouterr().out.rstrip().endswith("0 rejected; fewer than 8 documents: a 6")


def test_only_copies_of_test_documents_are_an_error(place, capsys, corpus):
    save(place, corpus[~corpus["id"].str.contains("emoji|chinese")])
    set_parameters(place, unlabelled=True)
    assert run_and_read_error(place, capsys) == (
        "error: data/augmented: all 2 documents without a label are validation or test documents, or nearly so, such "
        "as 'u-copy': the same text as the test document d2. "
        "Name another file under the parts with `split: unlabelled`, or set split.unlabelled to false."
    )


def test_no_document_without_a_label_is_an_error(place, capsys):
    set_parameters(place, unlabelled=True)
    assert "split.unlabelled is on, but cleaning left no document without a label" in run_and_read_error(place, capsys)


def test_a_train_split_of_one_class_is_an_error(place, capsys, make_documents):
    splits = ["train"] * 4 + ["validation", "test"]
    save(place, make_documents([f"t{n}" for n in range(6)], label=["a"] * 4 + ["b"] * 2, published_split=splits))
    assert "all documents of the train split have the label 'a', and a model needs two" in run_and_read_error(
        place, capsys
    )
