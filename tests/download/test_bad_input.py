"""Bad files: what is wrong with the whole ends in one line that names it, what is wrong with a row is set aside."""

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.common.core.messages import UserError
from stages.common.fetching import archives
from stages.download import __main__ as download
from tests.download.conftest import CSV, ENTRY

HEAD = "text,label\n"
GOOD = "one,a\ntwo,b\n"
LONG = HEAD + GOOD * 20_000
CONLL = {"format": "conll", "columns": 3, "scheme": "BIO"}
SENTENCES = "EU N B-a\nsays V O\n\nRome N B-b\n\n"


@pytest.mark.parametrize(
    ("content", "rule", "line"),
    [
        (HEAD + "one,a\nx\ntwo,b\n", "ragged", 3),
        (HEAD + "one,a\nx,a,more\ntwo,b\n", "ragged", 3),
        (HEAD + '"one\nmore",a\n"x,a\ntwo,b\n', "quotes", 4),
        (HEAD + 'one,a\n"x,a\n"two",b\n', "quotes", 3),
        (HEAD + 'one,a\n5" pipe,a\ntwo,b\n', "quotes", 3),
        (HEAD + "one,a\nx\0y,a\ntwo,b\n", "nul", 3),
        ((HEAD + "one,a\nbléu,a\ntwo,b\n").encode("latin-1"), "undecodable", 3),
        (HEAD + "one,a\n" + "x" * 10_000_000 + ",a\ntwo,b\n", "too_large", 3),
        (HEAD + 'one,a\n"' + "x" * 10_000_000 + '",a\ntwo,b\n', "too_large", 3),
        (HEAD + "one,a\nx,\ntwo,b\n", "incomplete", 3),
        (HEAD + "one,a\nx\ry,a\ntwo,b\n", "line_break", 3),
    ],
    ids=["short", "long", "unclosed", "open", "stray", "NUL", "Latin-1", "10 MB", "quoted 10 MB", "no label", "CR"],
)
def test_a_bad_row_of_csv_is_set_aside_with_its_line(workbench, content, rule, line):
    workbench.write("rows.csv", content)
    assert [label for _, label in workbench.texts()] == ["a", "b"]
    assert workbench.rejected() == [(rule, f"rows.csv:{line}")]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ('{"text": "x", "label": "a"', "json"),
        ('["x", "a"]', "json"),
        ('{"text": "x"}', "json"),
        ('{"text": 1, "label": "a"}', "json"),
        ('{"text": "x", "label": 1.5}', "json"),
        ('{"text": "x", "label": null}', "incomplete"),
        ('{"text": null, "label": "a"}', "incomplete"),
    ],
)
def test_a_bad_line_of_json_is_set_aside_with_its_line(workbench, rows, rule):
    good = '{"text": "one", "label": "a"}\n', '\n{"text": "two", "label": "b"}\n'
    workbench.write("rows.jsonl", good[0] + rows + good[1], {**CSV, "format": "jsonl"})
    assert workbench.texts() == [("one", "a"), ("two", "b")]
    assert workbench.rejected() == [(rule, "rows.jsonl:2")]


@pytest.mark.parametrize(
    ("rows", "rule", "line"),
    [
        ("EU B-a\n", "ragged", 6),
        ("the D O\nEU N I-a\n", "tag", 7),
        ("EU N B-b\nUS N I-a\n", "tag", 7),
        ("EU N a\n", "tag", 6),
        ("E\0U N O\n", "undecodable", 6),
    ],
    ids=["too few columns", "I- after O", "I- after another type", "no tag", "NUL"],
)
def test_a_bad_sentence_is_set_aside_with_its_line(workbench, rows, rule, line):
    workbench.write("rows.txt", SENTENCES + rows, CONLL, task="token-classification")
    assert set(workbench.read()["text"]) == {"EU says", "Rome"}
    assert workbench.rejected() == [(rule, f"rows.txt:{line}")]


@pytest.mark.parametrize(
    ("name", "content", "reader", "said"),
    [
        ("rows.csv", "", {}, "rows.csv: is empty."),
        ("rows.csv", HEAD, {}, "Tiny: there is not one document in it."),
        ("rows.csv", HEAD + "one,a\ntwo,a\n", {}, "Tiny: all documents have the label 'a'."),
        ("rows.csv", HEAD + GOOD + "x,c\n", {}, "rows.csv:4: label 'c' is not in the catalog entry. Known are: a, b."),
        ("rows.csv", HEAD.upper() + GOOD, {}, "rows.csv:1: there is no column 'text'; it has 'TEXT', 'LABEL'."),
        ("rows.csv", (HEAD + GOOD).replace(",", ";"), {}, "correct `delimiter`"),
        ("rows.csv", GOOD.replace(",", ";"), {"columns": ["text", "label"]}, "rows.csv:1: has 1 fields, not 2"),
        ("rows.csv", "text,label,label\n", {}, "rows.csv:1: 2 columns are named 'label'."),
        ("rows.csv", (HEAD + GOOD).encode("utf-16"), {}, "rows.csv:1: is UTF-16, not utf-8. Set `encoding: utf-16`"),
        ("rows.csv", (HEAD + GOOD).encode("utf-16-le"), {}, "rows.csv:1: there is no column 'text'"),
        ("rows.csv", (HEAD + "é,a\ný,b\n").encode("latin-1"), {}, "rows.csv:2: is not UTF-8; if the file is in"),
        ("rows.csv", HEAD + "é,a\n", {"encoding": "ascii"}, "rows.csv:2: is not ascii (ordinal not in range(128))."),
        ("rows.csv", HEAD + "x\ny\nz\n", {}, "rows.csv:2: has 1 fields, not 2; with this, more than 1 records"),
        ("rows.csv", '"text,label\none,a\n', {}, "rows.csv:1: a quote"),
        ("rows.csv", "a\rb,c\rd,e", {}, "line 1 cannot be split into fields"),
        ("rows.csv", "k,text,label\n7,one,a\n8,x,a\n7,two,b\n", {"id": "k"}, "rows.csv:2 and rows.csv:4: the id '7'"),
        ("rows.csv", b"\x1f\x8b\x08\0\0\0\0\0\0\0cut", {}, "rows.csv: cannot be unpacked"),
        ("rows.jsonl", "x\ny\n", {"format": "jsonl"}, "rows.jsonl:1: unexpected character"),
        ("rows.parquet", HEAD + GOOD, {"format": "parquet"}, "rows.parquet: is no parquet file"),
        ("rows.tab", "text\tlabel\n", {"format": "orange"}, "rows.tab:1: ends before the rows begin."),
        ("rows.tab", "x\ty\ns\ts\n\tclass\n", {"format": "orange"}, "rows.tab:1: there is no column 'text'"),
        ("rows.csv", HEAD + GOOD, {"member": "*.csv"}, "rows.csv: not a zip or tar archive."),
    ],
)  # fmt: skip
def test_a_bad_file_ends_in_one_line_and_leaves_nothing(workbench, name, content, reader, said):
    workbench.write(name, content, {**CSV, **reader})
    assert_refused(said)


def assert_refused(said):
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        download.main()
    assert "\n" not in str(caught.value)
    assert not Path("data/raw").exists()
    assert not Path("reports/download/summary.json").exists()
    assert not list(Path("data").iterdir())


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"text": [1, 2], "label": ["a", "b"]}, "rows.parquet: column 'text' holds int64, not strings."),
        ({"text": ["x", "y"], "label": [0.5, 1.5]}, "rows.parquet: row 1: label '0.5' is not in the catalog entry."),
        ({"text": [["x"], ["y"]], "label": ["a", "b"]}, "column 'text' holds list<"),
        ({"label": ["a", "b"]}, "rows.parquet: there is no column 'text'; it has 'label'."),
        ({"text": ["x", "y"], "label": ["a", "c"]}, "rows.parquet: row 2: label 'c' is not in the catalog entry."),
    ],
)
def test_a_parquet_file_of_wrong_types_is_named(workbench, columns, said):
    pq.write_table(pa.table(columns), "rows.parquet")
    workbench.entry("rows.parquet", {**CSV, "format": "parquet"})
    assert_refused(said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "rows.txt: is empty."),
        (SENTENCES.replace("B-b", "B-c"), "rows.txt:4: tag 'B-c' is of no type in the catalog entry."),
        (SENTENCES.encode("utf-16"), "rows.txt:1: is not utf-8. Set `encoding`"),
    ],
)
def test_a_bad_conll_file_is_named(workbench, content, said):
    workbench.write("rows.txt", content, CONLL, task="token-classification")
    assert_refused(said)


def packed_zip(name, content=b"", **attributes):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        archive.writestr(info, content)
    return packed.getvalue()


def packed_tar(kind):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo("rows.csv")
        info.type = kind
        archive.addfile(info)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed_zip("../rows.csv", HEAD + GOOD), "member '../rows.csv' leads outside the archive."),
        (packed_zip("rows.csv", "/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link or a device."),
        (packed_zip("rows.csv", LONG), "rows.csv: unpacks to more than 100,000 bytes. It looks like a bomb."),
        (packed_tar(tarfile.CHRTYPE), "member 'rows.csv' is a link or a device."),
        (packed_tar(tarfile.BLKTYPE), "member 'rows.csv' is a link or a device."),
        (packed_zip("other.txt"), "rows.bin: has no member *.csv."),
    ],
    ids=["../", "symlink", "bomb", "character device", "block device", "no such member"],
)
def test_an_archive_that_cannot_be_trusted_is_refused(workbench, monkeypatch, content, said):
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED_BYTES", 100_000)
    monkeypatch.setattr(archives, "MOST_EXPANSION", 1)
    workbench.write("rows.bin", content, {**CSV, "member": "*.csv"}, most_rejected=10**9)
    assert_refused(said)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_bomb_is_stopped(workbench, monkeypatch, pack):
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED_BYTES", 100_000)
    monkeypatch.setattr(archives, "MOST_EXPANSION", 1)
    workbench.write("rows.csv.x", pack(LONG.encode()))
    assert_refused("rows.csv.x: unpacks to more than 100,000 bytes.")


def test_a_directory_in_place_of_a_file_is_named(workbench):
    workbench.write("rows.csv", HEAD + GOOD)
    Path("rows.csv").unlink()
    Path("rows.csv").mkdir()
    assert_refused("rows.csv: cannot be opened ([Errno 21] Is a directory")


def test_every_record_is_a_document_or_rejected(workbench):
    bad = ["x", '"y', "z,a,b", "n\0,a", "w,"]
    rows = [f"text {number},{'ab'[number % 2]}" for number in range(50)]
    for place, row in enumerate(bad):
        rows.insert(place * 11, row)
    workbench.write("rows.csv", HEAD + "\n".join(rows), most_rejected=5)
    assert len(workbench.read()) + len(workbench.rejected()) == 55
    assert ENTRY["title"] in Path("data/raw/card.json").read_text()
