"""The stage as a program: what it reads, writes and says."""

import csv
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from stages.common.core.entry import run_program
from stages.common.documents.card import Card, Label, read_card, write_card
from stages.common.documents.consensus import CONSENSUS, no_consensus, write_consensus
from stages.common.documents.table import read_documents, read_rejected, write_documents
from stages.split.__main__ import main
from tests.split.conftest import DEFAULTS

CARD = Card(
    name="tiny",
    title="Tiny",
    task="text-classification",
    language="en",
    licence="none",
    citation="none",
    known_faults=[],
    labels=[Label(name=name, definition=name) for name in ("b", "a")],
    sources=[],
    rows=40,
)


@pytest.fixture
def place(tmp_path, monkeypatch, make_documents, add_variants):
    """A folder with the stage's inputs, made the current one."""
    monkeypatch.chdir(tmp_path)
    documents = make_documents([f"text number {number}" for number in range(40)], label=["a", "b"] * 20)
    save(tmp_path, add_variants(documents, *[[f"d{number}"] for number in range(40)]))
    write_card(CARD, tmp_path / "data/augmented")
    (tmp_path / "data/annotated").mkdir()
    write_consensus(no_consensus(), tmp_path / CONSENSUS)
    set_parameters(tmp_path)
    return tmp_path


def save(place, documents):
    (place / "data/augmented").mkdir(parents=True, exist_ok=True)
    write_documents(documents, place / "data/augmented/documents.parquet")


def set_parameters(place, **changes):
    (place / "params.yaml").write_text(yaml.safe_dump({"split": {**DEFAULTS, "augmented": 0.5, **changes}}))


def run_and_read_error(place, capsys):
    with pytest.raises(SystemExit) as ended:
        run_program(main, debug=False)
    assert ended.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert not (place / "data/splits").exists()
    return lines[0]


def test_the_splits_and_what_is_said_of_them_agree(place, capsys):
    main()
    summary = json.loads((place / "reports/split/summary.json").read_text())
    splits = {s: read_documents(place / f"data/splits/{s}.parquet") for s in ("train", "validation", "test")}
    rejected = read_rejected(place / "data/splits/rejected.parquet")
    assert sum(map(len, splits.values())) + len(rejected) == summary["originals"] + summary["variants"] == 80
    assert summary["splits"] == {
        "train": {"originals": 28, "variants": 14, "share": 0.7},
        "validation": {"originals": 6, "variants": 0, "share": 0.15},
        "test": {"originals": 6, "variants": 0, "share": 0.15},
    }
    assert summary["rejected"] == {"augmented": 14, "origin_held_out": 12}
    assert len(splits["train"]) == 42
    with (place / "reports/split/class_counts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[:2] == [
        {"split": "train", "label": "b", "documents": "14", "variants": "7"},
        {"split": "train", "label": "a", "documents": "14", "variants": "7"},
    ]
    assert len(rows) == 6
    assert read_card(place / "data/splits") == CARD
    assert "train 28 documents and 14 variants, validation 6, test 6, 26 rejected" in capsys.readouterr().out


def test_the_same_bytes_for_any_order_of_the_rows(place):
    made = []
    table = pq.read_table(place / "data/augmented/documents.parquet")
    for step in (1, -1, 7):
        order = [number * step % 80 for number in range(80)]
        pq.write_table(table.take(order), place / "data/augmented/documents.parquet")
        main()
        made.append(
            {path: path.read_bytes() for path in (*place.glob("data/splits/*"), *place.glob("reports/split/*"))}
        )
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 7


def test_ratios_that_leave_nothing_to_train_on_are_named(place, capsys):
    set_parameters(place, validation=0.6, test=0.4)
    assert run_and_read_error(place, capsys) == (
        "error: params.yaml: split: validation (0.6) and test (0.4) must sum to less than 1, "
        "for the rest is trained on. Change that value. See line 1."
    )


@pytest.mark.parametrize(
    "change", [{"test": 0.0}, {"augmented": 1.1}, {"train_per_class": 0}, {"seed": -1}, {"validation": 1.0}]
)
def test_a_value_out_of_range_is_named(place, capsys, change):
    set_parameters(place, **change)
    assert f"params.yaml: split.{next(iter(change))}: input should be" in run_and_read_error(place, capsys)


def test_all_classes_with_fewer_groups_than_splits_are_named_at_once(place, capsys, make_documents):
    documents = make_documents([f"t{number}" for number in range(30)], label=["rare"] * 4 + ["b"] * 25 + ["single"])
    documents.loc[:2, "group"] = "one"
    save(place, documents)
    assert "Classes with fewer groups of documents than the 3 splits: 'rare' (2), 'single' (1)." in run_and_read_error(
        place, capsys
    )


def test_a_single_class_is_named(place, capsys, make_documents):
    save(place, make_documents(["one", "two", "three"], label="only"))
    assert "data/augmented/documents.parquet: all documents have the label 'only'." in run_and_read_error(place, capsys)


def test_an_empty_corpus_is_an_error(place, capsys, make_documents):
    save(place, make_documents(["one"])[:0])
    assert "data/augmented/documents.parquet: holds no document." in run_and_read_error(place, capsys)


def test_a_corpus_that_its_publisher_holds_out_whole_is_an_error(place, capsys, make_documents):
    save(place, make_documents(["one", "two"], label=["a", "b"], published_split=["test", "validation"]))
    assert "no document is left for the train split" in run_and_read_error(place, capsys)


def test_the_truth_of_the_test_split_is_gold_where_there_is_gold(place):
    main()
    test = read_documents(place / "data/splits/test.parquet")
    train = read_documents(place / "data/splits/train.parquet")
    told, other = test["id"].iloc[0], test["id"].iloc[1]
    swap = {"a": "b", "b": "a"}
    golden = [told, train["id"].iloc[0]]
    rows = pd.DataFrame({"id": golden, "label": "a", "confidence": 1.0, "probabilities": None, "seen": False})
    both = pd.concat([test, train]).drop_duplicates("id").set_index("id")["label"]
    gold = [swap[both[name]] for name in golden]
    write_consensus(rows.assign(gold=gold, left_out=False), place / CONSENSUS)
    main()
    again = read_documents(place / "data/splits/test.parquet").set_index("id")["label"]
    assert again[told] == swap[both[told]]
    assert again[other] == both[other]
    assert read_documents(place / "data/splits/train.parquet").equals(train)


@pytest.mark.parametrize("kind, texts", [("names", ["b", "a"]), ("definitions", ["b: What b is.", "a: What a is."])])
def test_labels_are_trained_on_by_name_or_definition(place, capsys, kind, texts):
    labels = [Label(name=name, definition=f"What {name} is.") for name in ("b", "a")]
    write_card(CARD.model_copy(update={"labels": labels}), place / "data/augmented")
    main()
    without = read_documents(place / "data/splits/train.parquet")
    set_parameters(place, label_texts=kind)
    main()
    train = read_documents(place / "data/splits/train.parquet")
    added = train[train["method"].eq("label_text")]
    assert sorted(added["text"]) == sorted(texts) and added["text"].str[0].eq(added["label"]).all()
    pd.testing.assert_frame_equal(train.drop(added.index).reset_index(drop=True), without)
    summary = json.loads((place / "reports/split/summary.json").read_text())
    assert summary["label_texts"] == 2 and summary["splits"]["train"]["variants"] == 14  # they are no variants


def test_the_text_of_a_label_that_is_held_out_is_not_trained_on(place, make_documents):
    splits = ["train", "train", "test", "validation"] * 10
    texts = [f"text number {number}" for number in range(39)]
    save(place, make_documents([*texts, "A"], label=["a", "b"] * 20, published_split=splits))
    set_parameters(place, label_texts="names")
    main()
    rejected = read_rejected(place / "data/splits/rejected.parquet").set_index("id")
    assert rejected.loc["label_text/a", ["rule", "reason"]].tolist() == [
        "equals_held_out",
        "the same text as the validation document d39",
    ]
    train = read_documents(place / "data/splits/train.parquet")
    assert train.loc[train["method"].eq("label_text"), "label"].tolist() == ["b"]


def test_labels_that_read_alike_have_no_texts(place, capsys):
    labels = [Label(name=name, definition="What it is.") for name in ("a", "A")]
    write_card(CARD.model_copy(update={"labels": labels}), place / "data/augmented")
    set_parameters(place, label_texts="names")
    assert "split.label_texts: the labels 'a' and 'A' read alike." in run_and_read_error(place, capsys)


def test_documents_without_one_label_have_no_texts_of_labels(place, capsys):
    write_card(CARD.model_copy(update={"task": "token-classification"}), place / "data/augmented")
    set_parameters(place, label_texts="names")
    assert "goes with one text and one label a document; the task is token-classification." in run_and_read_error(
        place, capsys
    )
