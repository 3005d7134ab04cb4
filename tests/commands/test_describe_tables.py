"""Tables that programs write: dialects, encodings and labels, from the file to the documents.

Each kind has three files or more, each made here; what is expected is what was written.
"""

import json
from pathlib import Path

import pytest

from stages.common.documents.table import read_rejected
from tests.commands.drafting import LABELS, ROWS, SENTENCES, TEXTS, as_lines, as_parquet, each, indexed, table

SAID = [(f'{text}; "{label}", they said', label) for text, label in ROWS]
APOSTROPHES = [(text.replace("My aunt", "It's the sailor's wife who"), label) for text, label in ROWS]
INCHES = [(f'A {place}" pipe: {text}' if place % 5 == 0 else text, lab) for place, (text, lab) in enumerate(ROWS)]
FEET = [(f"{text}, 6'{place % 9}\" long" if place % 4 else text, lab) for place, (text, lab) in enumerate(ROWS)]
UNCLOSED = [(f'"{text}' if place == 7 else text.replace(",", ""), lab) for place, (text, lab) in enumerate(INCHES)]
VERSES = [(f'{text},\n"{label}, again"\n\nYours', label) for text, label in ROWS]
MAILS = [(f"{text}\r\n\r\n> {label}\r\nBye", label) for text, label in ROWS]
DIALECTS = {
    "the index of pandas": [
        (table(indexed(ROWS), names=("", "text", "label")), ROWS),
        (table(indexed(row[::-1] for row in ROWS), "\t", names=("", "label", "message")), ROWS),
        (table(indexed(SAID, 100), ";", names=("", "body", "class")), SAID),
    ],
    "sep= of Excel": [
        ("\ufeff" + table(ROWS, ";", "\r\n", before="sep=;\r\n"), ROWS),
        (table(ROWS, "|", before="sep=|\n"), ROWS),
        (table(SAID, "\t", "\r\n", before='"sep=\t"\r\n'), SAID),
    ],
    "quotes after backslashes": [
        (table(SAID, inner="\\"), SAID),
        (table(SAID, "\t", inner="\\", every=True), SAID),
        (table(SAID, ";", "\r\n", inner="\\", every=True, names=("id", "text", "label")[1:]), SAID),
    ],
    "blanks after separators": [
        (table(ROWS, gap=" "), ROWS),
        (table(SAID, gap=" ", every=True), SAID),
        (table(ROWS, ";", gap="  ", every=True), ROWS),
    ],
    "single quotes": [
        (table(ROWS, quote="'", every=True), ROWS),
        (table(APOSTROPHES, ";", quote="'", every=True), APOSTROPHES),
        (table(ROWS, "|", "\r\n", quote="'", every=True), ROWS),
    ],
    "apostrophes": [
        (table(APOSTROPHES), APOSTROPHES),
        (table(APOSTROPHES, "\t", quote=None), APOSTROPHES),
        (table([(f"'{text}", label) for text, label in ROWS], "\t"), [(f"'{text}", label) for text, label in ROWS]),
    ],
    "carriage returns": [
        (table(ROWS, end="\r"), ROWS),
        (table(SAID, "\t", "\r"), SAID),
        (table(ROWS, ";", "\r", every=True), ROWS),
    ],
    "marks of inches": [
        (table(INCHES, "\t", quote=None), INCHES),
        (table(FEET, "\t", quote=None), FEET),
        (table(UNCLOSED, "|", quote=None), UNCLOSED),
    ],
    "line breaks in fields": [
        (table(VERSES), VERSES),
        (table(MAILS, end="\r\n"), MAILS),
        (table(VERSES, ";", every=True), VERSES),
    ],
    "no names": [
        (table(ROWS, names=None), ROWS),
        (table([row[::-1] for row in SAID], "\t", names=None), SAID),
        (table([row[::-1] for row in ROWS], names=None, every=True), ROWS),
    ],
}


@pytest.mark.parametrize("before", ["Exported in May", "Report\n2026", "a,b,c"])
def test_lines_before_the_table_are_marked(drafted, before):
    draft = drafted(f"{before}\n{table()}")
    assert draft.marked == ["skip"]
    lines = before.count("\n") + 1
    assert draft.reader["skip"].startswith(f"EDIT {lines}: the first lines")
    assert draft.records(skip=lines) == sorted(ROWS)


@pytest.mark.parametrize(("content", "rows"), each(DIALECTS))
def test_a_dialect_gives_the_records_that_were_written(drafted, content, rows):
    draft = drafted(content)
    decisions = {}
    if "quote" in draft.marked:  # a quote fails: both readings are counted, and a person says which holds
        assert "bad ones" in draft.reader["quote"]
        decisions["quote"] = None
    assert draft.records(**decisions) == sorted(rows)


ENCODINGS = [
    *(("fr", name) for name in ("cp1252", "iso8859-15", "mac-roman")),
    *(("es", name) for name in ("cp1252", "cp850")),
    *(("de", name) for name in ("cp1252", "utf-16", "utf-16-le", "utf-8-sig")),
    *(("pl", name) for name in ("cp1250", "iso8859-2", "utf-16-be")),
    ("cs", "cp1250"),
    *(("ru", name) for name in ("cp1251", "koi8-r", "cp866")),
    ("uk", "cp1251"),
    *(("tr", name) for name in ("cp1254", "iso8859-9", "utf-16")),
    ("el", "cp1253"),
    *(("zh", name) for name in ("gb18030", "big5", "utf-16-le")),
    ("ko", "euc-kr"),
    *(("ja", name) for name in ("shift_jis", "euc-jp")),
]
TRADITIONAL = {"big5": SENTENCES["zh"].translate(str.maketrans("们邻丢绿书车这兴", "們鄰丟綠書車這興"))}


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_an_encoding_comes_out_right(drafted, language, encoding):
    sentence = TRADITIONAL.get(encoding, SENTENCES[language])
    words = sentence.split() if " " in sentence else list(sentence)
    between = " " if " " in sentence else ""
    texts = [between.join(words[place % 3 :] + words[: place % 3]) + f" {place}" for place in range(12)]
    rows = list(zip(texts, LABELS, strict=False))
    draft = drafted(table(rows, "\t" if encoding.startswith("utf-16") else ",").encode(encoding))
    assert draft.marked == []
    assert draft.card["language"] == language
    assert draft.records() == sorted(rows)


@pytest.mark.parametrize("odd", [b"na\xefve", b"50 \xa4", b"\xc4pfel"])
def test_one_odd_byte_makes_one_bad_row_among_many_that_are_utf8(drafted, odd):
    rows = [(f"{SENTENCES['de']} {place}", label) for place, label in enumerate(LABELS)]
    draft = drafted(table(rows).encode() + b'"that is ' + odd + b'",calm\n')
    assert "encoding" not in draft.reader
    assert draft.records() == sorted(rows)
    rejected = read_rejected(Path("data/raw/rejected.parquet"))
    assert rejected[["rule", "place"]].to_numpy().tolist() == [["undecodable", f"mine.csv:{len(rows) + 2}"]]


def labelled(values, name="label", **beside):
    """Objects with some values as labels in turn, and more columns."""
    return [
        {
            "body": text,
            **{key: more[place % len(more)] for key, more in beside.items()},
            name: values[place % len(values)],
        }
        for place, text in enumerate(TEXTS)
    ]


FORMATS = {
    "mine.jsonl": as_lines,
    "mine.parquet": as_parquet,
    "mine.json": lambda rows: json.dumps(rows, indent=1),
}
VALUES = {
    "floats": (labelled([0.0, 1.0, 2.0]), {"0.0", "1.0", "2.0"}),
    "floats beside stars": (labelled([0.0, 1.0], stars=[1, 2, 3, 4, 5]), {"0.0", "1.0"}),
    "floats called target": (labelled([-1.0, 1.0], "target", length=[12, 40, 7]), {"-1.0", "1.0"}),
    "some floats are missing": (labelled([0.0, 1.0, 1.0, 0.0, 1.0, None]), {"0.0", "1.0"}),
    "truth values": (labelled([True, False]), {"true", "false"}),
    "truth values called class": (labelled([False, False, True], "class", source=["a", "b"]), {"true", "false"}),
    "truth values, some missing": (labelled([True, False, False, None]), {"true", "false"}),
    "whole numbers": (labelled([3, 7]), {"3", "7"}),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", VALUES)
def test_numbers_and_truth_values_are_labels(drafted, kind, name):
    rows, labels = VALUES[kind]
    draft = drafted(FORMATS[name](rows), name)
    column = list(rows[0])[-1]
    assert (draft.reader["text"], draft.reader["label"], draft.marked) == (["body"], column, [])
    missing = sum(row[column] is None for row in rows)
    records = draft.records()
    assert {label.lower() for _, label in records} == labels
    assert len(records) == len(rows) - missing
    assert len(read_rejected(Path("data/raw/rejected.parquet"))) == missing
    shown = {str(row["body"]): str(row[column]).lower() for row in rows}
    assert all(shown[text] == label.lower() for text, label in records)


ODD_LABELS = {
    "words for nothing": (["None", "NA", "N/A", "null", "nan", "-"], "looks like no label at all", 6),
    "numbers in other forms": (["1", "1.0", "01", "True", "2", "two"], None, 0),
    "blanks": (["bar", " bar", "bar ", "foo"], "by blanks", 3),
    "case": (["Café", "café", "CAFÉ", "tea"], "by case", 3),
    "Unicode forms": (["caf\u00e9", "cafe\u0301", "tea"], "by its Unicode form", 2),
    "invisible characters": (["tea", "te\u200ba", "tea\ufeff", "mate"], "by invisible characters", 3),
}


@pytest.mark.parametrize("kind", ODD_LABELS)
@pytest.mark.parametrize("name", ["mine.csv", "mine.jsonl", "mine.parquet"])
def test_odd_labels_stay_as_they_are_and_are_named(drafted, kind, name):
    labels, said, count = ODD_LABELS[kind]
    rows = [(text, labels[place % len(labels)]) for place, text in enumerate(TEXTS)]
    rows[3] = ("NA", rows[3][1])  # a text like any other
    written = table(rows) if name == "mine.csv" else FORMATS[name]([{"text": a, "label": b} for a, b in rows])
    draft = drafted(written, name)
    assert draft.records() == sorted(rows)
    named = [line for line in draft.said.splitlines() if line.startswith("# Label ") and said and said in line]
    assert len(named) == count


def test_labels_of_few_documents_are_all_kept(drafted):
    rows = [
        (f"{text} in the year {place}", "rare" if place == 9 else label) for place, (text, label) in enumerate(ROWS)
    ]
    draft = drafted(table(rows))
    assert [label["name"] for label in draft.card["labels"]] == ["busy", "calm", "rare"]
    assert draft.records("clean") == sorted(rows)
