"""A document's id leads back to the file, the member of an archive and the line that it was read from."""

import gzip
import hashlib
import json
import zipfile

import pandas as pd
import pytest
import yaml

from commands.rows import trace_row
from stages.common.core.messages import UserError
from stages.common.documents.table import read_documents, write_documents, write_rejected
from stages.download.__main__ import main
from tests.imports import ROOT

TEXTS = [f"number {count} of the texts" for count in range(6)]


def as_csv(folder):
    """Texts over several lines, so that a record's number is not its line."""
    lines = ["text,label"] + [f'"{text},\nand more","{"ab"[count % 2]}"' for count, text in enumerate(TEXTS)]
    (folder / "texts.csv").write_text("\n".join(lines) + "\n")
    places = [f"texts.csv:{2 + 2 * count}" for count in range(6)]
    return "texts.csv", {"format": "csv", "text": ["text"], "label": "label"}, places


def as_json_in_a_zip(folder):
    lines = [json.dumps({"text": text, "label": "ab"[count % 2]}) for count, text in enumerate(TEXTS)]
    with zipfile.ZipFile(folder / "texts.zip", "w") as archive:
        archive.writestr("inside/rows.jsonl", "\n".join(lines) + "\n")
        archive.writestr("inside/README", "nothing")
    reader = {"format": "jsonl", "member": "*.jsonl", "text": ["text"], "label": "label"}
    return "texts.zip", reader, [f"texts.zip: rows.jsonl:{1 + count}" for count in range(6)]


def as_a_compressed_table(folder):
    lines = ["label\ttext"] + [f"{'ab'[count % 2]}\t{text}" for count, text in enumerate(TEXTS)]
    with gzip.open(folder / "texts.tsv.gz", "wt") as file:
        file.write("\r\n".join(lines) + "\r\n")
    reader = {"format": "csv", "delimiter": "\t", "text": ["text"], "label": "label"}
    return "texts.tsv.gz", reader, [f"texts.tsv.gz:{2 + count}" for count in range(6)]


def as_files_in_a_zip(folder):
    with zipfile.ZipFile(folder / "texts.zip", "w") as archive:
        for count, text in enumerate(TEXTS):
            archive.writestr(f"top/{'ab'[count % 2]}/{count}.txt", text)
    places = [f"texts.zip: top/{'ab'[count % 2]}/{count}.txt" for count in range(6)]
    return "texts.zip", {"format": "folder", "members": "top/*/*.txt"}, places


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a file into data/raw, as the stage does; gives what is expected of each text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)

    def make(write):
        name, reader, places = write(tmp_path)
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        entry = {
            **dict.fromkeys(("title", "licence", "citation"), "none"),
            **{"task": "text-classification", "language": "en", "known_faults": []},
            "labels": [{"name": label, "definition": "One of two."} for label in "ab"],
            "files": [{"name": name, "sha256": digest, "sources": [{"url": name}]}],
            "parts": [{"file": name, "reader": reader}],
        }
        (tmp_path / "catalog/datasets").mkdir(parents=True)
        (tmp_path / "catalog/datasets/mine.yaml").write_text(yaml.safe_dump(entry))
        download = yaml.safe_load((ROOT / "params.yaml").read_text())["download"]
        (tmp_path / "params.yaml").write_text(yaml.safe_dump({"dataset": "mine", "download": download}))
        main()
        return dict(zip(TEXTS, places, strict=True))

    return make


@pytest.mark.parametrize("write", [as_csv, as_json_in_a_zip, as_a_compressed_table, as_files_in_a_zip])
def test_an_id_leads_back_to_file_and_line(read, write):
    places = read(write)
    documents = read_documents("data/raw/documents.parquet")
    assert len(documents) == 6
    for row_id, text in zip(documents["id"], documents["text"], strict=True):
        place = places[text.partition(",")[0].strip()]
        assert trace_row(row_id)[0] == f"{row_id}: {place}"


def test_repeats_are_all_named(read, tmp_path):
    def twice(folder):
        name, reader, places = as_csv(folder)
        with (folder / name).open("a") as file:
            file.write(f'"{TEXTS[2]},\nand more","a"\n')
        return name, reader, places

    read(twice)
    documents = read_documents("data/raw/documents.parquet")
    repeats = documents[documents["text"].str.startswith(TEXTS[2])]["id"].tolist()
    assert len(repeats) == 2
    for row_id in repeats:
        said = trace_row(row_id)
        assert said[:2] == [f"{row_id}: texts.csv:6", f"{row_id}: texts.csv:14"]
        assert "these records are the same" in said[2]


def test_a_variant_leads_to_its_origin_and_a_dropped_document_to_the_rule(read, tmp_path):
    read(as_csv)
    documents = read_documents("data/raw/documents.parquet")
    (tmp_path / "data/augmented").mkdir()
    one, other = documents["id"][:2]
    variant = documents[:1].assign(id="v1", method="deletion", derived_from=[[one]])
    write_documents(variant, tmp_path / "data/augmented/variants.parquet")
    (tmp_path / "data/clean").mkdir()
    dropped = documents[1:2].assign(rule="too_short", reason="has 2 words", place=None)
    write_rejected(dropped, tmp_path / "data/clean/rejected.parquet")
    said = trace_row("v1")
    assert said[0] == f"v1: made from {one}"
    assert said[1].startswith(f"{one}: texts.csv:")
    assert f"data/augmented/variants.parquet: label {variant['label'][0]}, method deletion" in said
    assert "data/clean/rejected.parquet: dropped by too_short: has 2 words" in trace_row(other)


def test_what_is_not_known_ends_in_one_line(read, tmp_path):
    with pytest.raises(UserError, match="there is no run here"):
        trace_row("x")
    read(as_csv)
    with pytest.raises(UserError, match="no table has the id 'x'"):
        trace_row("x")
    row_id = pd.read_parquet("data/raw/documents.parquet")["id"][0]
    path = tmp_path / "catalog/datasets/mine.yaml"
    pinned = yaml.safe_load(path.read_text())["files"][0]["sha256"]
    path.write_text(path.read_text().replace(pinned, "f" * 64))
    with pytest.raises(UserError, match=r"mine.yaml: names other files than data/raw was read from"):
        trace_row(row_id)
