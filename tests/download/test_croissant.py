"""croissant.json is valid by mlcroissant, which reads the same rows through it as this project does."""

import json
from pathlib import Path

import mlcroissant
import pytest

from tests.download.conftest import CSV
from tests.download.test_readers import CONLL

CASES = {
    "text": ("rows.csv", "text,label\none,a\ntwo,b\nשלום,a\n", CSV, "text-classification"),
    "token": ("rows.txt", CONLL, {"format": "conll", "columns": 3, "scheme": "IOB1"}, "token-classification"),
    "pairs": ("rows.csv", "text,other,label\none,1,a\ntwo,2,b\n", {**CSV, "text_pair": "other"}, "pairs"),
    "several": (
        "rows.csv",
        "text,topics\none,a b\ntwo,b\n",
        {"format": "csv", "text": ["text"], "labels": {"column": "topics", "separator": " "}},
        "multi-label",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_mlcroissant_finds_no_error_and_reads_the_same_rows(workbench, case):
    name, content, reader, task = CASES[case]
    workbench.write(name, content, reader, task=task)
    documents = workbench.read()
    dataset = mlcroissant.Dataset(Path("data/raw/croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    # Neither is known for a dataset in general, and neither is required.
    warned = {issue.partition("Property ")[2].split('"')[1] for issue in dataset.metadata.ctx.issues.warnings}
    assert warned <= {"https://schema.org/datePublished", "https://schema.org/version"}

    rows = {plain(row["documents/id"]): row for row in dataset.records("documents")}
    assert sorted(rows) == documents["id"].tolist()
    for document in documents.to_dict("records"):
        row = rows[document["id"]]
        assert plain(row["documents/text"]) == document["text"]
        for column in {"tags", "labels", "text_pair"} & document.keys():
            assert plain(row[f"documents/{column}"]) == document[column]
    labels = {plain(row["labels/name"]): plain(row["labels/definition"]) for row in dataset.records("labels")}
    assert labels == {"a": "A.", "b": "B."}


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return [plain(one) for one in value] if hasattr(value, "__len__") and not isinstance(value, str) else value


def test_the_files_that_were_read_are_named_with_their_hashes(workbench):
    workbench.write("rows.csv", "text,label\none,a\ntwo,b\n")
    workbench.read()
    files = json.loads(Path("data/raw/croissant.json").read_text())["distribution"]
    assert [file["name"] for file in files] == ["documents.parquet", "rows.csv"]
    assert all(len(file["sha256"]) == 64 for file in files)
