"""What is predicted in each task: pairs with a label, several labels, numbers; how they are read, and bad ones."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.common.core.messages import UserError
from stages.common.documents.card import read_labels
from tests.download.conftest import CSV

PAIRS = {**CSV, "text_pair": "other"}
MARKED = {"format": "csv", "text": ["text"], "labels": ["a", "b"]}
SEPARATED = {"format": "csv", "text": ["text"], "labels": {"column": "topics", "separator": ";"}}
NUMBERS = {"format": "csv", "text": ["text"], "value": "score"}
TOPICS = "text,topics\none,a;b\ntwo,\nthree, b \n"


def test_a_pair_has_two_texts_and_a_label(workbench):
    workbench.write("rows.csv", "text,other,label\none,1,a\ntwo,2,b\n", PAIRS, task="pairs")
    documents = workbench.read()
    read = sorted(documents[["text", "text_pair", "label"]].itertuples(index=False, name=None))
    assert read == [("one", "1", "a"), ("two", "2", "b")]
    assert not {"tokens", "tags"} & set(documents.columns)
    assert read_labels(Path("data/labels.json")).labels == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        (TOPICS, SEPARATED),
        ("text,a,b\none,1,1\ntwo,0,0\nthree,0,1\n", MARKED),
        ("text,a,b\none,True,true\ntwo,FALSE,0.0\nthree,false,1.0\n", MARKED),
        (
            "text,topics\none,x;y\ntwo,\nthree,y\n",
            {**SEPARATED, "label_names": {"x": "a", "y": "b"}},
        ),
        (
            "text,x,y\none,1,1\ntwo,0,0\nthree,0,1\n",
            {**MARKED, "labels": ["x", "y"], "label_names": {"x": "a", "y": "b"}},
        ),
        (
            '{"text": "one", "a": true, "b": 1}\n{"text": "two", "a": 0, "b": 0}\n{"text": "three", "a": 0, "b": 1}',
            {**MARKED, "format": "jsonl"},
        ),
        (
            '{"text": "one", "topics": [7, 8]}\n{"text": "two", "topics": []}\n{"text": "three", "topics": [8]}',
            {**SEPARATED, "format": "jsonl", "labels": {"column": "topics"}, "label_numbers_from": 7},
        ),
    ],
    ids=["separated", "0 and 1", "true and false", "other names", "other columns", "JSON", "JSON lists"],
)
def test_a_document_has_any_number_of_labels(workbench, content, reader):
    workbench.write("rows", content, reader, task="multi-label")
    documents = workbench.read()
    assert dict(zip(documents["text"], documents["labels"], strict=True)) == {
        "one": ["a", "b"],
        "two": [],
        "three": ["b"],
    }
    assert json.loads(Path("reports/download/summary.json").read_text())["labels"] == {"a": 1, "b": 2}


def test_lists_of_labels_are_read_from_parquet_and_nothing_else_is_taken_for_one(workbench):
    reader = {**SEPARATED, "format": "parquet", "labels": {"column": "topics"}}
    pq.write_table(pa.table({"text": ["one", "two", "three"], "topics": [["b", "a"], [], None]}), "rows")
    workbench.entry("rows", reader, task="multi-label")
    assert sorted(map(tuple, workbench.read()["labels"])) == [(), ("a", "b")]
    assert workbench.rejected() == [("incomplete", "rows: row 3")]
    pq.write_table(pa.table({"text": ["one", "two"], "topics": ["a", "b"]}), "rows")
    workbench.entry("rows", reader, task="multi-label")
    with pytest.raises(UserError, match="column 'topics' holds string, not lists of labels"):
        workbench.read()
    workbench.write(
        "rows", '{"text": "one", "topics": "a"}\n', {**reader, "format": "jsonl"}, task="multi-label", most_rejected=0
    )
    with pytest.raises(UserError, match="rows:1: 'topics' is no list of labels"):
        workbench.read()


@pytest.mark.parametrize("kind", [pa.float64(), pa.int8(), pa.string(), pa.bool_()])
def test_marks_and_numbers_of_parquet_may_be_of_any_type(workbench, kind):
    marks = pa.array([1, 0, 1] if kind != pa.string() else ["1", "0", "1"]).cast(kind)
    pq.write_table(pa.table({"text": ["one", "two", "three"], "a": marks, "b": [1, 1, 0]}), "rows")
    workbench.entry("rows", {**MARKED, "format": "parquet"}, task="multi-label")
    assert sorted(map(tuple, workbench.read()["labels"])) == [("a",), ("a", "b"), ("b",)]
    pq.write_table(pa.table({"text": ["one", "two"], "score": [0.1, 1e-3]}), "rows")
    workbench.entry("rows", {**NUMBERS, "format": "parquet"}, task="regression", labels=[])
    assert sorted(workbench.read()["value"]) == [0.001, 0.1]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_number_is_read_as_it_is_written(workbench, form):
    rows = [("one", "0.1"), ("two", "-3"), ("three", "1e3")]
    csv = "text,score\n" + "".join(f"{text},{score}\n" for text, score in rows)
    lines = "".join(f'{{"text": "{text}", "score": {score}}}\n' for text, score in rows)
    workbench.write("rows", csv if form == "csv" else lines, {**NUMBERS, "format": form}, task="regression", labels=[])
    documents = workbench.read()
    assert dict(zip(documents["text"], documents["value"], strict=True)) == {"one": 0.1, "two": -3.0, "three": 1000.0}
    said = json.loads(Path("reports/download/summary.json").read_text())
    assert said["values"] == {"least": -3.0, "mean": 332.366667, "most": 1000.0}
    assert said["labels"] == {}


@pytest.mark.parametrize("written", ["many", "nan", "inf", "1_000", "3,5", ""])
def test_what_is_no_number_is_set_aside_with_its_line(workbench, written):
    content = f'text,score\none,1\nbad,"{written}"\ntwo,2\n'
    workbench.write("rows.csv", content, NUMBERS, task="regression", labels=[])
    assert sorted(workbench.read()["value"]) == [1.0, 2.0]
    assert workbench.rejected() == [("value" if written else "incomplete", "rows.csv:3")]


@pytest.mark.parametrize(
    ("content", "reader", "task", "said"),
    [
        ("text,othr,label\none,1,a\n", PAIRS, "pairs", "rows.csv:1: there is no column 'other'"),
        ("text,a,c\none,1,0\n", MARKED, "multi-label", "rows.csv:1: there is no column 'b'"),
        (
            "text,a,b\none,1,0\ntwo,1,yes\n",
            MARKED,
            "multi-label",
            "rows.csv:3: column 'b' holds 'yes', which is neither",
        ),
        (
            "text,topics\none,a;b\ntwo,a;c\n",
            SEPARATED,
            "multi-label",
            "rows.csv:3: label 'c' is not in the catalog entry",
        ),
        ('text,topics\none,"a,b"\n', SEPARATED, "multi-label", "rows.csv:2: label 'a,b' is not in the catalog entry"),
        ("text,topics\none,a\ntwo,b\n", SEPARATED, "multi-label", "no document has two labels. Correct `separator`"),
        ("text,topics\none,a\ntwo,a\n", SEPARATED, "multi-label", "all documents have the label 'a'"),
        ("text,topics\none,\ntwo,\n", SEPARATED, "multi-label", "no document has a label"),
        ("text,score\none,2\ntwo,2.0\n", NUMBERS, "regression", "all documents have the value 2"),
        ("text,scor\none,2\n", NUMBERS, "regression", "there is no column 'score'; it has 'text', 'scor'"),
        ("text,score\none,a\ntwo,b\n", NUMBERS, "regression", "'a' is not a finite number; with this, more than 1"),
    ],
)
def test_a_file_that_cannot_be_right_ends_in_one_line(workbench, content, reader, task, said):
    workbench.write("rows.csv", content, reader, task=task, **({"labels": []} if task == "regression" else {}))
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        workbench.read()
    assert "\n" not in str(caught.value)
    assert not Path("data/raw").exists()
    assert not Path("data/labels.json").exists()


@pytest.mark.parametrize(
    ("reader", "task", "said"),
    [
        (CSV, "pairs", "the task pairs takes label and text_pair, but this csv gives label"),
        (
            PAIRS,
            "text-classification",
            "the task text-classification takes label, but this csv gives label and text_pair",
        ),
        (NUMBERS, "multi-label", "the task multi-label takes labels, but this csv gives value"),
        (NUMBERS, "regression", "a number has no labels: leave the list empty"),
        ({**NUMBERS, "label": "label"}, "regression", "give one of 'label', 'labels' and 'value'"),
        (CSV, "ranking", "there is no task 'ranking'"),
    ],
)
def test_a_reader_must_give_what_the_task_takes(workbench, reader, task, said):
    workbench.write("rows.csv", "text,label,other,score\none,a,1,2\n", reader, task=task)
    with pytest.raises(UserError, match=re.escape(said)):
        workbench.read()


RATINGS = {
    "format": "ratings",
    "texts": "texts.tsv",
    "id": "id",
    "text": "headline",
    "about": "item",
    "answer": "said",
    "annotations": {"gold": "text"},
}
TEXTS = 'id\theadline\n1\tA "good" day\n2\tA bad day\n3\tNobody was asked\n'
ANSWERS = "who\titem\tsaid\tgold\nx\t1\t10\t12\ny\t2\t0\t3\ny\t1\t25\t12\n"


def ratings(workbench, answers=ANSWERS, **reader):
    """Two questions about the same texts, with the same answers."""
    contents = {"texts.tsv": TEXTS, "joy.tsv": answers, "fear.tsv": ANSWERS}
    files = []
    for name, content in contents.items():
        Path(name).write_text(content)
        files.append({"name": name, "sha256": sha256(content.encode()).hexdigest(), "sources": [{"url": name}]})
    parts = [
        {"file": f"{question}.tsv", "reader": {**RATINGS, "question": question, **reader}}
        for question in ("joy", "fear")
    ]
    workbench.entry("texts.tsv", task="regression", labels=[], files=files, parts=parts)


def test_the_value_of_a_text_is_the_mean_of_its_ratings_and_its_questions_are_one_group(workbench):
    ratings(workbench)
    documents = workbench.read().set_index("id")
    assert documents["text"].to_dict() == {
        "fear-1": 'fear: A "good" day',
        "fear-2": "fear: A bad day",
        "joy-1": 'joy: A "good" day',
        "joy-2": "joy: A bad day",
    }
    assert documents["value"].tolist() == [17.5, 0.0, 17.5, 0.0]
    assert documents["group"].tolist() == ["texts.tsv#1", "texts.tsv#2"] * 2
    aside = pq.read_table("data/raw/annotations.parquet").to_pylist()
    assert aside[0] == {"id": "fear-1", "gold": "12"}


@pytest.mark.parametrize(
    ("answers", "rule"), [(ANSWERS + "z\t9\t5\t1\n", "unknown_text"), (ANSWERS + "z\t1\tmuch\t1\n", "value")]
)
def test_an_answer_that_cannot_be_used_is_set_aside_with_its_line(workbench, answers, rule):
    ratings(workbench, answers)
    assert len(workbench.read()) == 4
    assert workbench.rejected() == [(rule, "joy.tsv:5")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answers": ANSWERS + "z\t1\n"}, "joy.tsv:5: has 2 fields, not 4"),
        ({"answer": "sad"}, "joy.tsv:1: there is no column 'sad'. Did you mean 'said'?"),
        ({"text": "title"}, "texts.tsv:1: there is no column 'title'"),
        ({"texts": "other.tsv"}, "part of a file 'other.tsv' that is not under files"),
    ],
)
def test_files_of_ratings_that_do_not_fit_end_in_one_line(workbench, change, said):
    ratings(workbench, **change)
    with pytest.raises(UserError, match=re.escape(said)):
        workbench.read()
