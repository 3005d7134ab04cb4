"""What each reader makes of good files: formats, dialects, compression, labels, ids."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.common.documents.table import read_documents
from stages.download import sorting
from stages.download.readers import blocks
from stages.download.readers.conll import iob1_to_bio
from tests.download.conftest import CSV

ROWS = 'text,label\n"one, ""1""\nmore",a\ntwo,b\n'
READ = [('one, "1"\nmore', "a"), ("two", "b")]


def in_zip(content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data/rows.csv", content)
        archive.writestr("readme.txt", "x")
    return packed.getvalue()


def in_tar(content):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("data/rows.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("pack", "member"),
    [
        (bytes, None),
        (gzip.compress, None),
        (bz2.compress, None),
        (lzma.compress, None),
        (lambda content: pa.Codec("zstd").compress(content, asbytes=True), None),
        (in_zip, "data/*.csv"),
        (lambda content: in_zip(gzip.compress(content)), "data/*.csv"),
        (in_tar, "data/rows.csv"),
        (in_tar, None),
    ],
    ids=["plain", "gz", "bz2", "xz", "zst", "zip", "gz in zip", "tar.gz", "tar.gz with one member"],
)
def test_a_file_is_read_through_what_it_is_packed_in(workbench, pack, member):
    workbench.write("rows", pack(ROWS.encode()), {**CSV, "member": member})
    assert workbench.texts() == READ


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        (ROWS.replace("\n", "\r\n"), {}),
        ("\ufeff" + ROWS, {}),
        (ROWS.rstrip("\n"), {}),
        ("\n\n" + ROWS.replace("two", "\n\ntwo"), {}),
        (ROWS.replace(",", ";").replace("one;", "one,"), {"delimiter": ";"}),
        (ROWS.encode("utf-16"), {"encoding": "utf-16"}),
        ("label,id,text\n" + 'a,1,"one, \\"1\\"\nmore"\nb,2,two\n', {"escape": "\\"}),
        (ROWS.partition("\n")[2], {"columns": ["text", "label"]}),
        (ROWS.replace(",a", ",3").replace(",b", ",4"), {"label_numbers_from": 3}),
        (ROWS.replace(",a", ",+").replace(",b", ",-"), {"label_names": {"+": "a", "-": "b"}}),
        ('first,last,label\n"one","""1""\nmore",a\n,two,b\n', {"text": ["first", "last"], "join": ", "}),
    ],
    ids=["CRLF", "BOM", "no end", "blanks", "semicolon", "UTF-16", "escape", "no names", "numbers", "names", "joined"],
)
def test_csv_in_many_dialects(workbench, content, reader):
    workbench.write("rows.csv", content, {**CSV, **reader})
    expected = READ
    if "\r" in str(content):
        expected = [('one, "1"\r\nmore', "a"), ("two", "b")]
    if reader.get("text"):
        expected = [(", two", "b"), ('one, "1"\nmore', "a")]
    assert workbench.texts() == expected


def test_tsv_without_quoting_keeps_quotes(workbench):
    workbench.write("rows.tsv", 'text\tlabel\n5" pipe\ta\n"two\tb\n', {**CSV, "delimiter": "\t", "quote": None})
    assert workbench.texts() == [('"two', "b"), ('5" pipe', "a")]


def test_json_lines(workbench):
    rows = '{"text": "one\\n1", "label": 0, "more": [1]}\n\n{"label": 1, "text": "שתיים"}'
    workbench.write("rows.jsonl", rows, {**CSV, "format": "jsonl", "label_numbers_from": 0})
    assert workbench.texts() == [("one\n1", "a"), ("שתיים", "b")]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_parquet(workbench, kind):
    table = pa.table({"label": pa.array(["a", "b"]).cast(kind), "text": pa.array(["one", "two"]).cast(kind)})
    pq.write_table(table, "rows.parquet")
    workbench.entry("rows.parquet", {**CSV, "format": "parquet"})
    assert workbench.texts() == [("one", "a"), ("two", "b")]


def test_parquet_inside_an_archive_with_numbers_for_labels(workbench):
    packed = io.BytesIO()
    pq.write_table(pa.table({"label": [0, 1], "text": ["one", "two"]}), packed)
    reader = {**CSV, "format": "parquet", "label_numbers_from": 0, "member": "*.csv"}
    workbench.write("rows.zip", in_zip(packed.getvalue()), reader)
    assert workbench.texts() == [("one", "a"), ("two", "b")]


def test_orange_files(workbench):
    rows = 'label\ttext\nd\tstring\nclass\t\na\tone "1"\nb\ttwo\n'
    workbench.write("rows.tab", rows.replace(' "1"', ""), {**CSV, "format": "orange"})
    assert workbench.texts() == [("one", "a"), ("two", "b")]


CONLL = "-DOCSTART- -X- O\n\nEU NNP I-a\nUS NNP B-a\nsays V O\n\nRome NNP I-b\n\n-DOCSTART- -X- O\n\nRome NNP I-b\n"


def test_conll_columns_become_tokens_with_bio_tags(workbench):
    reader = {"format": "conll", "columns": 3, "scheme": "IOB1"}
    workbench.write("rows.txt", CONLL, reader, task="token-classification")
    documents = workbench.read().sort_values("text")
    assert documents["text"].tolist() == ["EU US says", "Rome", "Rome"]
    assert documents["tokens"].tolist()[0] == ["EU", "US", "says"]
    assert documents["tags"].tolist() == [["B-a", "B-a", "O"], ["B-b"], ["B-b"]]
    assert documents["label"].isna().all()


TAGS = st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), max_size=8)


@given(TAGS)
def test_iob1_turned_into_bio_keeps_the_entities(tags):
    def entities(sequence, begins):
        found, current = [], None
        for place, tag in enumerate([*sequence, "O"]):
            if current and (tag == "O" or tag[2:] != current[0] or begins(tag)):
                found.append((*current, place))
                current = None
            if tag != "O" and current is None:
                current = (tag[2:], place)
        return found

    def is_b(tag):
        return tag.startswith("B-")

    assert entities(iob1_to_bio(tags), is_b) == entities(tags, is_b)
    assert iob1_to_bio(iob1_to_bio(tags)) == iob1_to_bio(tags)


def test_annotations_are_kept_aside(workbench):
    reader = {**CSV, "annotations": {"gt": "label", "group": "text"}, "label_numbers_from": 0}
    workbench.write("rows.csv", "text,label,gt,group\none,0,1,x\ntwo,1,1,y\n", reader)
    documents = workbench.read()
    aside = pq.read_table("data/raw/annotations.parquet").to_pylist()
    assert [row["id"] for row in aside] == documents["id"].tolist()
    by_text = dict(zip(documents["id"], documents["text"], strict=True))
    assert {by_text[row["id"]]: (row["gt"], row["group"]) for row in aside} == {"one": ("b", "x"), "two": ("b", "y")}


def test_ids_are_the_publishers_or_hashes_that_do_not_depend_on_the_order(workbench):
    workbench.write("rows.csv", "key,text,label\nk1,one,a\nk2,two,b\n", {**CSV, "id": "key"})
    assert workbench.read()["id"].tolist() == ["k1", "k2"]
    tables = []
    for rows in ("one,a\none,a\ntwo,b\n", "two,b\none,a\none,a\n"):
        workbench.write("rows.csv", f"text,label\n{rows}")
        tables.append(workbench.read())
    assert tables[0].to_dict("list") == tables[1].to_dict("list")
    ids = tables[0]["id"].tolist()
    assert sum(row_id.endswith("-0000002") for row_id in ids) == 1
    assert {len(row_id.partition("-")[0]) for row_id in ids} == {32}


FIELD = st.text(st.sampled_from('a,"\n \r\\é'), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(FIELD, st.sampled_from("ab")), min_size=1, max_size=30), st.integers(1, 40))
def test_any_csv_that_pandas_writes_is_read_back_whatever_the_size_of_the_blocks(workbench, monkeypatch, rows, size):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    monkeypatch.setattr(blocks, "PIECE_BYTES", 7)
    rows = [("first", "a"), *rows, ("last", "b")]
    content = pd.DataFrame(rows, columns=["text", "label"]).to_csv(index=False, lineterminator="\n", quoting=1)
    workbench.write("rows.csv", content, most_rejected=0)
    assert workbench.texts() == sorted(rows)


def test_long_files_keep_their_line_numbers(workbench, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    good = [f'"text\n{number}",{"ab"[number % 2]}\n' for number in range(300)]
    content = "text,label\n" + "".join(good[:200]) + "ragged\n" + "".join(good[200:])
    workbench.write("rows.csv", content)
    assert len(workbench.read()) == 300
    assert workbench.rejected() == [("ragged", f"rows.csv:{2 + 2 * 200}")]


def test_a_wide_sort_gives_the_same_file_as_a_small_one(workbench, monkeypatch):
    content = "text,label\n" + "".join(f"text {number % 700},{'ab'[number % 2]}\n" for number in range(2_000))
    written = []
    for size in (sorting.RUN_BYTES, 5_000):
        monkeypatch.setattr(sorting, "RUN_BYTES", size)
        monkeypatch.setattr(sorting, "PIECE_BYTES", size // 10)
        monkeypatch.setattr(blocks, "BLOCK_BYTES", size // 5)
        workbench.write("rows.csv", content)
        assert workbench.read()["id"].is_unique
        written.append(Path("data/raw/documents.parquet").read_bytes())
    assert written[0] == written[1]
    assert read_documents(Path("data/raw/documents.parquet"))["id"].is_monotonic_increasing
