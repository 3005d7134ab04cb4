"""Answers of several people beside the documents of a dataset."""

from pathlib import Path

import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.common.documents.answers import read_answers
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
