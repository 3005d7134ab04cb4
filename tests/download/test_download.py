"""The stage on a folder of text files in an archive, and what every dataset goes through."""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from stages.common.core.messages import UserError
from stages.common.documents.card import read_card
from stages.download import __main__ as download
from tests.download.conftest import CSV, LABELS

FOLDER = {"format": "folder", "members": "*/*.txt", "encodings": ["utf-8", "windows-1252"]}
GOOD = [("a/1.txt", b"\xa315.8m"), ("b/1.txt", "£ and שלום".encode()), ("other/notes.md", b"x")]


def pack(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def test_documents_come_with_id_label_and_true_characters(workbench):
    workbench.write("tiny.zip", pack(GOOD), FOLDER)
    documents = workbench.read()
    assert documents[["id", "text", "label", "group", "method"]].to_numpy().tolist() == [
        ["a/1", "£15.8m", "a", "a/1", "original"],
        ["b/1", "£ and שלום", "b", "b/1", "original"],
    ]
    assert documents["derived_from"].tolist() == [["a/1"], ["b/1"]]
    card = read_card(Path("data/raw"))
    assert (card.name, card.rows, card.label_names) == ("tiny", 2, ["a", "b"])
    assert card.sources[0].hash.startswith("sha256:")
    summary = json.loads(Path("reports/download/summary.json").read_text())
    assert summary["labels"] == {"a": 1, "b": 1}


def test_the_order_of_the_members_does_not_matter(workbench):
    written = []
    for members in (GOOD, GOOD[::-1]):
        workbench.write("tiny.zip", pack(members), FOLDER)
        download.main()
        written.append(Path("data/raw/documents.parquet").read_bytes())
    assert written[0] == written[1]


def test_a_folder_on_the_disk_is_read_like_an_archive_and_pinned_by_its_tree(workbench):
    for name, content in GOOD:
        Path("texts", name).parent.mkdir(parents=True, exist_ok=True)
        Path("texts", name).write_bytes(content)
    lines = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(GOOD, key=lambda pair: pair[0])
    )
    tree = hashlib.sha256(lines.encode()).hexdigest()
    files = [{"name": "texts", "tree": tree, "sources": [{"url": "texts"}]}]
    Path("any").touch()
    workbench.entry("any", FOLDER, files=files, parts=[{"file": "texts", "reader": FOLDER}])
    assert workbench.read()["id"].tolist() == ["a/1", "b/1"]
    Path("texts/a/1.txt").write_text("changed")
    with pytest.raises(UserError, match=r"its tree is .* is pinned"):
        download.main()


def test_an_undecodable_file_is_rejected_up_to_the_limit(workbench):
    utf8_only = {**FOLDER, "encodings": ["utf-8"]}
    workbench.write("tiny.zip", pack([*GOOD, ("a/2.txt", b"fine")]), utf8_only)
    assert workbench.read()["id"].tolist() == ["a/2", "b/1"]
    assert workbench.rejected() == [("undecodable", "a/1.txt")]
    workbench.write("tiny.zip", pack([*GOOD, ("a/2.txt", b"fine"), ("a/3.txt", b"\xff")]), utf8_only)
    with pytest.raises(UserError, match=r"a/1.txt: its bytes are in none .* more than 1 records cannot be used"):
        download.main()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": "tinny"}, "catalog/datasets has no entry 'tinny'. Did you mean 'tiny'? Known are: tiny."),
        ({"members": []}, "Tiny: there is not one document in it."),
        ({"members": [("a/1.txt", b"x")]}, "Tiny: all documents have the label 'a'."),
        ({"members": [("c/1.txt", b"x")]}, "c/1.txt: label 'c' is not in the catalog entry."),
        ({"titel": "x"}, "catalog/datasets/tiny.yaml.titel: there is no such key. Did you mean 'title'?"),
        ({"labels": LABELS[:1] * 2}, "a label is named twice"),
        ({"labels": LABELS[:1]}, "the task text-classification needs 2 labels or more"),
        (
            {"task": "token-classification"},
            "the task token-classification takes tags and tokens, but this folder gives label",
        ),
        ({"parts": [{"file": "x.zip", "reader": FOLDER}]}, "part of a file 'x.zip' that is not under files"),
        ({"reader": {**CSV, "delimeter": ";"}}, "delimeter: there is no such key. Did you mean 'delimiter'?"),
        (
            {"reader": {**CSV, "format": "jsonl", "memer": "x"}},
            "jsonl.memer: there is no such key. Did you mean 'member'",
        ),
        ({"reader": {**CSV, "format": "xml"}}, "input tag 'xml' found using 'format' does not match"),
        ({"reader": {**CSV, "encoding": "utf-9"}}, "there is no encoding 'utf-9'"),
        ({"reader": {**CSV, "columns": ["text"]}}, "columns: there is no column 'label'"),
        ({"reader": {**CSV, "label_names": {}, "label_numbers_from": 0}}, "give either 'label_names' or"),
        ({"files": [{"name": "tiny.zip", "sources": []}]}, "give 'sha256' (or 'md5'"),
    ],
)
def test_bad_entries_end_in_one_line_and_leave_no_output(workbench, change, said):
    workbench.write("tiny.zip", pack(change.pop("members", GOOD)), change.pop("reader", FOLDER), **change)
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        download.main()
    assert "\n" not in str(caught.value)
    assert not Path("data/raw").exists()


def test_a_corrupt_download_names_both_hashes_and_keeps_the_old_output(workbench):
    workbench.write("tiny.zip", pack(GOOD), FOLDER)
    download.main()
    before = Path("data/raw/documents.parquet").read_bytes()
    pinned = hashlib.sha256(Path("tiny.zip").read_bytes()).hexdigest()
    Path("tiny.zip").write_bytes(b"corrupt")
    with pytest.raises(UserError, match=rf"{hashlib.sha256(b'corrupt').hexdigest()}.*{pinned}"):
        download.main()
    assert Path("data/raw/documents.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("labels", "split", "small"),
    [("aab", None, "'a' (2), 'b' (1)"), ("aaab", None, "'b' (1)"), ("aaabbb", None, ""), ("aab", "validation", "")],
)
def test_small_classes_are_named_long_before_split_stops_at_them(workbench, capsys, labels, split, small):
    lines = [f"text number {number},{label}" for number, label in enumerate(labels)]
    workbench.write("tiny.csv", "\n".join(["text,label", *lines]) + "\n")
    if split:
        entry = Path("catalog/datasets/tiny.yaml")
        entry.write_text(entry.read_text().replace("- file: tiny.csv\n", f"- file: tiny.csv\n  split: {split}\n"))
    workbench.read()
    said = capsys.readouterr().out
    named = said.partition("fewer documents than the 3 splits: ")[2].partition(". ")[0]
    assert f"{len(labels)} documents, 0 rejected" in said
    assert named == small
