import hashlib
import re
import zipfile
from pathlib import Path

import pytest
import yaml

from stages.common.card import read_card
from stages.common.catalog import entry_names, load_entry
from stages.common.documents import read_documents, read_rejected
from stages.common.messages import UserError
from stages.download import __main__ as download
from stages.download.assemble import assemble
from stages.download.entry import DatasetEntry
from stages.download.readers.record import Record
from tests.imports import ROOT

ENTRY = {
    "title": "Tiny",
    "task": "text-classification",
    "language": "en",
    "licence": "none",
    "citation": "none",
    "known_faults": [],
    "labels": [{"name": "a", "definition": "A."}, {"name": "b", "definition": "B."}],
    "parts": [
        {
            "file": "tiny.zip",
            "reader": {"format": "folder", "members": "*/*.txt", "encodings": ["utf-8", "windows-1252"]},
        }
    ],
}


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    """An empty repository; the returned function packs members into a dataset and names it in params.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)

    def pack(members, dataset="tiny", **said):
        with zipfile.ZipFile("tiny.zip", "w") as archive:
            for name, content in members:
                archive.writestr(name, content)
        digest = hashlib.sha256(Path("tiny.zip").read_bytes()).hexdigest()
        files = [{"name": "tiny.zip", "sha256": digest, "sources": [{"url": "tiny.zip"}]}]
        Path("catalog/datasets").mkdir(parents=True, exist_ok=True)
        Path("catalog/datasets/tiny.yaml").write_text(yaml.safe_dump({**ENTRY, "files": files, **said}))
        Path("params.yaml").write_text(yaml.safe_dump({"dataset": dataset, "download": {"most_rejected": 1}}))

    return pack


GOOD = [("a/1.txt", b"\xa315.8m"), ("b/1.txt", "£ and שלום".encode()), ("other/notes.md", b"x")]


def test_documents_come_with_id_label_and_true_characters(workbench):
    workbench(GOOD)
    download.main()
    documents = read_documents(Path("data/raw/documents.parquet"))
    assert documents[["id", "text", "label", "group", "method"]].to_numpy().tolist() == [
        ["a/1", "£15.8m", "a", "a/1", "original"],
        ["b/1", "£ and שלום", "b", "b/1", "original"],
    ]
    assert documents["derived_from"].tolist() == [["a/1"], ["b/1"]]
    card = read_card(Path("data/raw"))
    assert (card.name, card.rows, card.label_names) == ("tiny", 2, ["a", "b"])
    assert card.sources[0].hash.startswith("sha256:")


def test_the_order_of_the_members_does_not_matter(workbench):
    written = []
    for members in (GOOD, GOOD[::-1]):
        workbench(members)
        download.main()
        written.append(Path("data/raw/documents.parquet").read_bytes())
    assert written[0] == written[1]


def test_an_undecodable_file_is_rejected_up_to_the_limit(workbench):
    utf8_only = [{**ENTRY["parts"][0], "reader": {**ENTRY["parts"][0]["reader"], "encodings": ["utf-8"]}}]
    workbench([*GOOD, ("a/2.txt", b"fine")], parts=utf8_only)
    download.main()
    rejected = read_rejected(Path("data/raw/rejected.parquet"))
    assert rejected[["rule", "place", "text"]].to_numpy().tolist() == [["undecodable", "a/1.txt", r"\xa315.8m"]]
    workbench([*GOOD, ("a/2.txt", b"fine"), ("a/3.txt", b"\xff")], parts=utf8_only)
    with pytest.raises(UserError, match=r"tiny.zip: more than 1 unreadable records; at a/3.txt: its bytes are in none"):
        download.main()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": "tinny"}, "catalog/datasets has no entry 'tinny'. Did you mean 'tiny'? Known are: tiny."),
        ({"members": []}, "Tiny: there is not one document in it."),
        ({"members": [("a/1.txt", b"x")]}, "Tiny: all documents have the label 'a'."),
        ({"members": [("c/1.txt", b"x")]}, "tiny.zip: c/1.txt: label 'c' is not in the catalog entry."),
        ({"titel": "x"}, "catalog/datasets/tiny.yaml.titel: there is no such key. Did you mean 'title'?"),
        ({"labels": [{"name": "a", "definition": "A."}] * 2}, "a label is named twice"),
        ({"parts": [{**ENTRY["parts"][0], "file": "x.zip"}]}, "part of a file 'x.zip' that is not under files"),
    ],
)
def test_bad_input_ends_in_one_line_and_leaves_no_output(workbench, change, said):
    workbench(change.pop("members", GOOD), **change)
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        download.main()
    assert "\n" not in str(caught.value)
    assert not Path("data/raw").exists()


def test_a_corrupt_download_names_both_hashes_and_keeps_the_old_output(workbench):
    workbench(GOOD)
    download.main()
    before = Path("data/raw/documents.parquet").read_bytes()
    pinned = hashlib.sha256(Path("tiny.zip").read_bytes()).hexdigest()
    Path("tiny.zip").write_bytes(b"corrupt")
    with pytest.raises(UserError, match=rf"{hashlib.sha256(b'corrupt').hexdigest()}.*{pinned}"):
        download.main()
    assert Path("data/raw/documents.parquet").read_bytes() == before


def test_records_without_an_id_get_the_same_one_in_any_order():
    entry = DatasetEntry.model_validate({**ENTRY, "files": [{"name": "tiny.zip", "sha256": "0" * 64, "sources": []}]})
    records = [
        Record(f"line {n}", text, label, None) for n, (text, label) in enumerate([("x", "a"), ("x", "a"), ("y", "b")])
    ]
    found = [(entry.parts[0], record) for record in records]
    one, two = (assemble(rows, entry, 0)[0].sort_values("id") for rows in (found, found[::-1]))
    assert one.to_dict("list") == two.to_dict("list")
    assert one["id"].is_unique
    assert sum(row_id.endswith("-2") for row_id in one["id"]) == 1


@pytest.mark.parametrize("shelf", ["datasets", "models", "lexicons"])
def test_every_catalog_entry_can_be_read(monkeypatch, shelf):
    from stages.common.packed_files import PackedFiles

    monkeypatch.chdir(ROOT)
    for name in entry_names(shelf):
        load_entry(shelf, name, DatasetEntry if shelf == "datasets" else PackedFiles)
