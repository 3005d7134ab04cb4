"""From a file that this repository has never seen, through commands.describe and its card, to documents."""

import csv
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from commands.drafts import describe
from stages.common.core.messages import UserError
from stages.download import __main__ as download
from tests.corpus import run
from tests.imports import ROOT

TEXTS = [(f"The {word} came in on day {number}, late as ever.", label) for number, (word, label) in enumerate(
    [("ship", "harbour"), ("train", "station"), ("boat", "harbour"), ("tram", "station")] * 10)]  # fmt: skip
TEXTS[7] = TEXTS[3]


def as_csv(rows, delimiter=",", head=True):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    if head:
        writer.writerow(["number", "kind", "message"])
    writer.writerows([number, label, text] for number, (text, label) in enumerate(rows))
    return written.getvalue()


def as_parquet(rows):
    written = io.BytesIO()
    columns = {"body": [text for text, _ in rows], "class": [int(label == "station") for _, label in rows]}
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def in_zip(rows):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for number, (text, label) in enumerate(rows):
            archive.writestr(f"corpus/{label}/{number}.txt", text)
    return written.getvalue()


def in_tar(content):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:xz") as archive:
        info = tarfile.TarInfo("inside/rows.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


INCHES = "".join(f"{label}\t{text.replace('late', '5' + chr(34) + ' late')}\n" for text, label in TEXTS)
FILES = {
    "mine.csv": as_csv(TEXTS).encode(),
    "mine.csv.gz": gzip.compress(as_csv(TEXTS).encode()),
    "no_names.csv": as_csv(TEXTS, head=False).encode(),
    "semicolons.csv": as_csv(TEXTS, ";").encode("utf-16"),
    "mine.tsv": ("kind\ttext\n" + INCHES).encode(),
    "mine.jsonl": "".join(json.dumps({"label": label, "text": text}) + "\n" for text, label in TEXTS).encode(),
    "mine.parquet": as_parquet(TEXTS),
    "mine.tab": ("kind\ttext\nd\tstring\nclass\t\n" + "".join(f"{label}\t{text}\n" for text, label in TEXTS)).encode(),
    "texts.zip": in_zip(TEXTS),
    "packed.tar.xz": in_tar(as_csv(TEXTS).encode()),
}  # fmt: skip


def decided(draft):
    """The draft, after a person filled in what only a person knows; a reader that is not sure stays as it is."""
    card = yaml.safe_load(draft)
    known = {"licence": "none", "citation": "none"}
    if card["language"].startswith("EDIT "):
        known["language"] = "en"
    for label in card["labels"]:
        label["definition"] = label["name"]
    return yaml.safe_dump(card | known)


def run_draft(path, capsys):
    describe([Path(path)])
    said = capsys.readouterr().out
    Path("catalog/datasets").mkdir(parents=True)
    Path("catalog/datasets/mine.yaml").write_text(decided(said))
    Path("params.yaml").write_text("dataset: mine\ndownload: {most_rejected: 0}\n")
    download.main()
    documents = pq.read_table("data/raw/documents.parquet").to_pandas()
    return said, documents


@pytest.mark.parametrize("name", FILES)
def test_a_draft_reads_the_file_that_it_describes(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(FILES[name])
    said, documents = run_draft(name, capsys)
    assert len(documents) == len(TEXTS)
    assert documents["label"].value_counts().tolist() == [20, 20]
    assert documents["text"].str.startswith("The ").all()
    assert "# Drafted from" in said
    assert "0 of them without text" in said
    card = yaml.safe_load(said)
    assert {label["definition"].split()[0] for label in card["labels"]} == {"EDIT"}
    assert card["files"][0]["sources"] == [{"url": name}]


def test_a_folder_of_texts_is_described_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(io.BytesIO(in_zip(TEXTS))) as archive:
        archive.extractall("texts")
    said, documents = run_draft("texts", capsys)
    assert "tree:" in said
    assert len(documents) == len(TEXTS)


@pytest.mark.parametrize("first", ["B", "I"])
def test_conll_columns_are_described_with_their_scheme(tmp_path, monkeypatch, capsys, first):
    monkeypatch.chdir(tmp_path)
    Path("mine.txt").write_text("".join(f"Rome{n} N {first}-LOC\nis V O\n\nAnn N {first}-PER\n\n" for n in range(9)))
    said, documents = run_draft("mine.txt", capsys)
    assert f"scheme: {'BIO' if first == 'B' else 'IOB1'}" in said
    assert len(documents) == 18


def test_what_is_wrong_with_a_file_is_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(as_csv([*TEXTS, ("", "harbour"), ("", "harbour"), TEXTS[0]]) + "ragged\n")
    describe([Path("mine.csv")])
    said = capsys.readouterr().out
    assert "43 records, 2 of them without text, 3 repeats; 1 unreadable" in said
    assert "# Unreadable: mine.csv:45: has 1 fields, not 3" in said
    assert "# Labels: 'harbour' 23, 'station' 20" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"just some words\nand more of them\n", "does not look like labelled text"),
        ("".join(f"{n},text {n}\n" for n in range(99)).encode(), "no column looks like labels"),
    ],
)
def test_what_is_no_labelled_text_is_named(tmp_path, monkeypatch, content, said):
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(content)
    with pytest.raises(UserError, match=said):
        describe([Path("file")])
    with pytest.raises(UserError, match=r"nothing: there is no such file"):
        describe([Path("nothing")])


def test_the_command_line_describes_and_lists(tmp_path):
    (tmp_path / "mine.csv").write_bytes(FILES["mine.csv"])
    assert "title: mine" in run(ROOT, "python", "-m", "commands.describe", str(tmp_path / "mine.csv")).stdout
    assert "| bbc_news " in run(ROOT, "python", "-m", "commands.datasets").stdout
