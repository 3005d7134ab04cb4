"""Answers of several people beside the documents of a dataset."""

from pathlib import Path

import pandas as pd
import pytest
import xxhash

from stages.common.core.messages import UserError
from stages.common.documents.answers import read_answers
from stages.common.documents.table import read_documents
from tests.download.conftest import CSV

DOCUMENTS = "id,text,label\n1,one of them,a\n2,two of them,\n3,three of them,b\n"
LONG = "item,who,said,when,took\n1,x,yes,2026-01-01T10:00:00Z,2.5\n1,y,no,,\n2,x,yes,1767261600,\n3,y,no,2026-01-02,4\n"
TABLE = {
    "file": "answers.csv",
    "id": "item",
    "annotator": "who",
    "answer": "said",
    "time": "when",
    "seconds": "took",
    "label_names": {"yes": "a", "no": "b"},
}
WIDE = "item,ann,bob\n1,a,b\n2,,a\n3,b,\n"


@pytest.fixture
def answered(workbench):
    """Reads documents with a table of answers beside them; the table of answers, and what was left out."""

    def read(content, table=TABLE, documents=DOCUMENTS, **said):
        workbench.write("answers.csv", content)
        entry = workbench.pinned("answers.csv")
        reader = {**CSV, "id": "id"}
        workbench.write("x.csv", documents, reader, most_rejected=5, answers=[table], more_files=[entry], **said)
        workbench.read()
        answers = read_answers(Path("data/raw/answers.parquet"))
        return answers, workbench.rejected()

    return read


def test_a_row_an_answer(answered, workbench):
    answers, rejected = answered(LONG)
    assert answers[["id", "annotator", "answer"]].to_numpy().tolist() == [
        ["1", "x", "a"],
        ["1", "y", "b"],
        ["2", "x", "a"],
        ["3", "y", "b"],
    ]
    assert answers["time"].tolist()[2] == pd.Timestamp("2026-01-01T10:00:00Z")
    assert answers["seconds"].tolist()[0] == 2.5
    assert answers["seconds"].isna().tolist() == [False, True, True, False]
    assert rejected == []
    gold = workbench.read().set_index("id")["label"]
    assert gold["1"] == "a" and pd.isna(gold["2"])


def test_a_column_an_annotator(answered):
    answers, rejected = answered(WIDE, {"file": "answers.csv", "id": "item", "annotators": ["ann", "bob"]})
    assert answers[["id", "annotator", "answer"]].to_numpy().tolist() == [
        ["1", "ann", "a"],
        ["1", "bob", "b"],
        ["2", "bob", "a"],
        ["3", "ann", "b"],
    ]
    assert rejected == []


@pytest.mark.parametrize(
    ("line", "rule", "answer"),
    [
        ("4,x,yes,,", "unknown_document", "a"),
        ("1,x,yes,2026-01-01T10:00:00Z,9", "repeated", "a"),
        ("1,x,no,2026-01-01T09:00:00Z,", "replaced", "a"),
        ("1,,no,,", "incomplete", "a"),
        ("1,x,,,", "incomplete", "a"),
    ],
)
def test_an_answer_that_does_not_count_is_listed(answered, line, rule, answer):
    answers, rejected = answered(LONG + line + "\n")
    assert [found for found, _ in rejected] == [rule]
    assert len(answers) == 4
    assert answers.loc[answers["id"].eq("1") & answers["annotator"].eq("x"), "answer"].tolist() == [answer]


def test_two_answers_that_no_time_tells_apart_count_for_nothing(answered):
    answers, rejected = answered(LONG + "1,y,yes,,\n")
    assert rejected == [("answered_twice", "answers.csv:3"), ("answered_twice", "answers.csv:6")]
    assert answers["id"].tolist() == ["1", "2", "3"]


def test_the_later_answer_counts(answered):
    answers, rejected = answered(LONG + "1,x,no,2026-01-01T11:00:00Z,\n")
    assert rejected == [("replaced", "answers.csv:2")]
    assert answers["answer"].tolist()[0] == "b"


@pytest.mark.parametrize(
    ("content", "table", "said"),
    [
        (LONG.replace("3,y,no", "3,y,maybe"), TABLE, r"answers\.csv:5: the answer 'maybe' is not in the catalog entry"),
        (LONG.replace("2026-01-02", "tomorrow"), TABLE, r"answers\.csv:5: 'tomorrow' is no time"),
        (LONG.replace(",4\n", ",long\n"), TABLE, r"answers\.csv:5: 'long' is no seconds"),
        (LONG, {**TABLE, "annotator": "whom"}, "there is no column 'whom'"),
        (LONG, {**TABLE, "annotators": ["who"]}, "a table with a column an annotator has no column 'annotator'"),
        (LONG, {"file": "answers.csv", "id": "item"}, "give either 'annotator' and 'answer' or 'annotators'"),
        ("item,who,said,when,took\n8,x,yes,,\n9,x,no,,\n", TABLE, "no answer is about a document"),
        (LONG, {**TABLE, "file": "other.csv"}, "part of a file 'other.csv' that is not under files"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(answered, content, table, said):
    with pytest.raises(UserError, match=said):
        answered(content, table)


def test_documents_without_a_column_of_gold(answered):
    answers, _ = answered(LONG, parts=[{"file": "x.csv", "reader": {"format": "csv", "text": ["text"], "id": "id"}}])
    assert len(answers) == 4


def test_without_answers_a_label_is_needed(workbench):
    with pytest.raises(UserError, match="takes label, but this csv gives nothing"):
        workbench.write("x.csv", DOCUMENTS, {"format": "csv", "text": ["text"]})
        workbench.read()


def test_documents_of_one_template_are_in_one_group(workbench):
    rows = "id,text,label,template\n1,one,a,7\n2,two,b,7\n3,three,a,\n"
    workbench.write("x.csv", rows, {**CSV, "id": "id", "group": "template"})
    assert workbench.read()["group"].tolist() == ["template#7", "template#7", "3"]


def test_sets_of_labels_are_read_with_a_separator_or_as_arrays(answered):
    documents = "id,text,a,b\n1,one of them,0,1\n2,two of them,,\n3,three of them,1,1\n"
    reader = {"format": "csv", "text": ["text"], "id": "id", "labels": ["a", "b"]}
    said = {"documents": documents, "task": "multi-label", "parts": [{"file": "x.csv", "reader": reader}]}
    content = "item,who,said\n1,x,yes; no\n1,y,no\n2,x,[]\n2,y,\n"
    table = {**TABLE, "separator": ";", "time": None, "seconds": None}
    answers, rejected = answered(content, table, **said)
    assert answers["answer"].tolist() == ['["a", "b"]', '["b"]', "[]"]
    assert rejected == [("incomplete", "answers.csv:5")]
    content = 'item,who,said\n1,x,"[""no"", ""yes"", ""no""]"\n1,y,[]\n2,x,no\n3,x,[1]\n'
    answers, rejected = answered(content, {**table, "separator": None}, **said)
    assert answers["answer"].tolist() == ['["a", "b"]', "[]"]
    assert rejected == [("answer", "answers.csv:4"), ("answer", "answers.csv:5")]
    documents = read_documents(Path("data/raw/documents.parquet")).set_index("id")["labels"]
    assert documents["1"] == ["b"] and documents["2"] is None
    with pytest.raises(UserError, match=r"answers\.csv:2: the answer 'maybe' is not in the catalog entry"):
        answered("item,who,said\n1,x,maybe;no\n", table, **said)


def test_numbers_are_read_and_a_prefix_completes_the_ids(answered):
    documents = "id,text,value\nq-1,one of them,2.5\nq-2,two of them,\nq-3,three of them,many\n"
    reader = {"format": "csv", "text": ["text"], "id": "id", "value": "value"}
    said = {"documents": documents, "task": "regression", "labels": [], "parts": [{"file": "x.csv", "reader": reader}]}
    table = {"file": "answers.csv", "id": "item", "annotator": "who", "answer": "said", "prefix": "q-"}
    answers, rejected = answered("item,who,said\n1,x,2\n1,y,2.50\n2,x,1e1\n2,y,lots\n2,z,inf\n", table, **said)
    assert answers[["id", "answer"]].to_numpy().tolist() == [["q-1", "2"], ["q-1", "2.5"], ["q-2", "10"]]
    assert rejected == [("answer", "answers.csv:5"), ("answer", "answers.csv:6"), ("value", "x.csv:4")]
    values = read_documents(Path("data/raw/documents.parquet")).set_index("id")["value"]
    assert values["q-1"] == 2.5 and pd.isna(values["q-2"])


def test_spans_are_read_about_sentences_that_have_no_tags_yet(workbench):
    workbench.write("answers.csv", "")
    sentences = "Anna\nsleeps\n\nBob\nsees\nAnna\n"
    reader = {"format": "conll", "columns": 1, "scheme": "BIO", "tagged": False}
    more = {"task": "token-classification", "most_rejected": 9}
    table = {"file": "answers.csv", "id": "item", "annotator": "who", "answer": "said"}
    workbench.write("x.conll", sentences, reader, more_files=[workbench.pinned("answers.csv")], answers=[table], **more)
    with pytest.raises(UserError, match=r"answers\.csv"):
        workbench.read()
    Path("answers.csv").write_text("item,who,said\nnone,x,[]\n")
    workbench.write("x.conll", sentences, reader, more_files=[workbench.pinned("answers.csv")], answers=[table], **more)
    with pytest.raises(UserError, match="no answer is about a document"):
        workbench.read()
    ids = {text: conll_id(text.split(), "x.conll") for text in ("Anna sleeps", "Bob sees Anna")}
    one, other = ids["Anna sleeps"], ids["Bob sees Anna"]
    rows = [
        ("x", one, '[[0, 1, "a"]]'),
        ("y", one, "[]"),
        ("z", one, '[[0, 3, "a"]]'),
        ("x", other, '[[2, 3, "b"], [0, 1, "a"]]'),
        ("y", other, '[[0, 2, "a"], [1, 3, "a"]]'),
        ("z", other, '[[1.5, 2, "a"]]'),
    ]
    frame = pd.DataFrame(rows, columns=["who", "item", "said"])
    frame.to_csv("answers.csv", index=False)
    workbench.write("x.conll", sentences, reader, more_files=[workbench.pinned("answers.csv")], answers=[table], **more)
    workbench.read()
    answers = read_answers(Path("data/raw/answers.parquet")).set_index(["id", "annotator"])["answer"]
    assert answers.to_dict() == {
        (one, "x"): '[[0, 1, "a"]]',
        (one, "y"): "[]",
        (other, "x"): '[[0, 1, "a"], [2, 3, "b"]]',
    }
    assert [rule for rule, _ in workbench.rejected()] == ["answer"] * 3
    documents = read_documents(Path("data/raw/documents.parquet")).set_index("id")
    assert documents["tags"].tolist() == [None, None]
    assert documents.loc[other, "tokens"] == ["Bob", "sees", "Anna"]


def test_a_tagged_sentence_has_two_columns(workbench):
    workbench.write(
        "x.conll", "Anna\n", {"format": "conll", "columns": 1, "scheme": "BIO"}, task="token-classification"
    )
    with pytest.raises(UserError, match="a line with a tag has two columns or more"):
        workbench.read()


def conll_id(tokens, name):
    seed = xxhash.xxh3_64_intdigest(name.encode())
    return xxhash.xxh3_128_hexdigest("\n".join(tokens).encode(), seed)
