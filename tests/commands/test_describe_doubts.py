"""What commands.describe makes of the dialects, encodings, labels and tags that people export; and what it marks."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from commands.drafts import describe
from stages.common.core.catalog import load_entry
from stages.common.core.messages import UserError
from stages.download import __main__ as download
from stages.download.entry import DatasetEntry
from tests.commands.test_describe import decided

TEXTS = [
    f"{who} carried {what} to the {where}, once more"
    for who in ("The pilot", "A driver", "My cousin")
    for what in ("a ladder", "the key", "two boxes", "a letter")
    for where in ("house", "yard", "shop")
]
LABELS = ["home" if place % 3 else "work" for place in range(len(TEXTS))]
ROWS = list(zip(TEXTS, LABELS, strict=True))
SAID = [text.replace("once", 'he said "yes" and') for text in TEXTS]


@pytest.fixture
def drafted(tmp_path, monkeypatch, capsys):
    """Writes files, drafts their entry; the entry and the comments."""
    monkeypatch.chdir(tmp_path)

    def draft(**files):
        paths = []
        for name, content in files.items():
            stem, _, ending = name.rpartition("_")
            paths.append(Path(f"{stem}.{ending}"))
            paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        describe(paths)
        said = capsys.readouterr().out
        return yaml.safe_load(said), said

    return draft


def records(entry_text):
    """What the stage reads by a draft."""
    Path("catalog/datasets").mkdir(parents=True)
    Path("catalog/datasets/mine.yaml").write_text(decided(entry_text))
    Path("params.yaml").write_text("dataset: mine\ndownload: {most_rejected: 0}\n")
    download.main()
    frame = pq.read_table("data/raw/documents.parquet").to_pandas()
    return sorted(zip(frame["text"], frame["label"], strict=True))


def escaped(text):
    return text.replace('"', '\\"')


SPOKEN = list(zip(SAID, LABELS, strict=True))
DIALECTS = {
    "pandas index": (",text,label\n" + "".join(f'{n},"{t}",{lab}\n' for n, (t, lab) in enumerate(ROWS)), ROWS),
    "excel": ("sep=;\r\ntext;label\r\n" + "".join(f"{t};{lab}\r\n" for t, lab in ROWS), ROWS),
    "spark": ("text,label\n" + "".join(f'"{escaped(t)}",{lab}\n' for t, lab in SPOKEN), SPOKEN),
    "mysql": ('"text"\t"label"\n' + "".join(f'"{escaped(t)}"\t"{lab}"\n' for t, lab in SPOKEN), SPOKEN),
    "blanks": ("text, label\n" + "".join(f'"{t}", "{lab}"\n' for t, lab in ROWS), ROWS),
    "single quotes": ("text,label\n" + "".join(f"'{t}','{lab}'\n" for t, lab in ROWS), ROWS),
    "old Mac": ("text,label\r" + "".join(f'"{t}",{lab}\r' for t, lab in ROWS), ROWS),
    "R": ('"text","label"\n' + "".join(f'"{n}","{t}","{lab}"\n' for n, (t, lab) in enumerate(ROWS)), ROWS),
    "no names": ("".join(f'"{t}",{lab}\n' for t, lab in ROWS), ROWS),
    "quoted at the end": ("text,label\r\n" + "".join(f'"{t}","{lab}"\r\n' for t, lab in ROWS), ROWS),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_draft_reads_the_records_that_the_program_wrote(drafted, name):
    content, expected = DIALECTS[name]
    entry, said = drafted(mine_csv=content)
    assert not [value for value in entry["parts"][0]["reader"].values() if str(value).startswith("EDIT")]
    assert records(said) == sorted(expected)


def test_a_quote_that_fails_is_counted_both_ways_and_marked(drafted):
    rows = [(text.replace("key", '3" key') if n % 2 else f'"{text}"', lab) for n, (text, lab) in enumerate(ROWS)]
    entry, said = drafted(mine_tsv="text\tlabel\n" + "".join(f"{text}\t{lab}\n" for text, lab in rows))
    quote = entry["parts"][0]["reader"]["quote"]
    assert quote.startswith("EDIT ")
    assert "with double quotes" in quote
    assert "without quotes 37 good records and 0 bad ones" in quote
    assert "# Not sure: quote" in said


SENTENCES = {
    ("fr", "cp1252"): "L'élève reçoit un gâteau après la fête de Noël à côté de sa sœur",
    ("es", "cp1252"): "El niño comió una manzana en el jardín ayer por la mañana con su compañero español",
    ("pl", "cp1250"): "Młody człowiek zgubił źle dwa łóżka późno, a mój sąsiad znalazł książkę",
    ("pl", "iso8859-2"): "Młody człowiek zgubił źle dwa łóżka późno, a mój sąsiad znalazł książkę",
    ("ru", "cp1251"): "Водитель потерял зелёную дверь сегодня, а Сосед быстро открыл старый ключ",
    ("ru", "koi8-r"): "Водитель потерял зелёную дверь сегодня, а Сосед быстро открыл старый ключ",
    ("tr", "cp1254"): "Öğretmen dün akşam güzel şarkıyı unuttu ve komşumuz İstanbul'da ışığı gördü",
    ("de", "utf-16"): "Die Köchin öffnete heute früh einen schönen Mantel obwohl es draußen stürmte",
}


@pytest.mark.parametrize(("language", "encoding"), SENTENCES)
def test_encodings_come_out_right_or_are_marked(drafted, language, encoding):
    sentence = SENTENCES[language, encoding]
    rows = [(f"{sentence} {number}", label) for number, label in enumerate(LABELS)]
    content = "text;label\n" + "".join(f"{text};{label}\n" for text, label in rows)
    entry, said = drafted(mine_csv=content.encode(encoding))
    written = entry["parts"][0]["reader"]["encoding"]
    if written.startswith("EDIT "):
        odd = next(word for word in sentence.split() if not word.isascii())
        assert repr(odd) in written
    else:
        assert entry["language"] == language
        assert records(said) == sorted(rows)


def test_one_bad_byte_makes_a_bad_row_and_not_another_encoding(drafted):
    rows = "".join(f"Die Köchin öffnete früh die Tür {n},{label}\n" for n, label in enumerate(LABELS))
    entry, said = drafted(mine_csv=f"text,label\n{rows}".encode() + b"caf\xe9 noir,home\n")
    assert "encoding" not in entry["parts"][0]["reader"]
    assert f"# Unreadable: mine.csv:{len(LABELS) + 2}: is not UTF-8" in said
    assert entry["language"] == "de"


def test_one_odd_byte_is_marked_with_what_each_encoding_makes_of_it(drafted):
    rows = "".join(f'"{text}",{label}\n' for text, label in ROWS)
    entry, _ = drafted(mine_csv=f"text,label\n{rows}".encode() + b"the caf\xe9 was closed,home\n")
    encoding = entry["parts"][0]["reader"]["encoding"]
    assert encoding.startswith("EDIT ")
    assert "cp1252 makes 'café'" in encoding


@pytest.mark.parametrize("values", [(0.0, 1.0), (False, True)])
@pytest.mark.parametrize("kind", ["jsonl", "parquet", "json"])
def test_floats_and_truth_values_are_labels(drafted, values, kind):
    rows = [{"text": text, "stars": n % 5, "label": values[n % 2]} for n, text in enumerate(TEXTS)]
    content = {
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "json": json.dumps(rows, indent=1).encode(),
    }
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), "rows")
        content["parquet"] = Path("rows").read_bytes()
        Path("rows").unlink()
    entry, said = drafted(**{f"mine_{kind}": content[kind]})
    assert entry["parts"][0]["reader"]["label"] == "label"
    assert len(records(said)) == len(TEXTS)
    assert len(entry["labels"]) == 2


def test_labels_that_differ_by_little_are_named(drafted):
    labels = ["café", "cafe\u0301", "Café", "café ", "caf\u200bé", "N/A"] * 6
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, labels, strict=True)]
    _, said = drafted(mine_jsonl="".join(json.dumps(row) + "\n" for row in rows))
    for difference in ("by blanks", "by case", "by its Unicode form", "by invisible characters", "no label at all"):
        assert difference in said


@pytest.mark.parametrize(
    ("name", "task", "marked", "key"),
    [
        ("pairs", "pairs", False, "text_pair"),
        ("several", "multi-label", False, "labels"),
        ("number", "regression", True, "value"),
        ("annotators", "text-classification", False, "text"),
        ("titles", "text-classification", True, "text"),
    ],
)
def test_the_columns_make_the_task(drafted, name, task, marked, key):
    lines = {
        "pairs": ["premise,hypothesis,label", *(f'"{t}","{TEXTS[-n]}",{lab}' for n, (t, lab) in enumerate(ROWS))],
        "several": ["text,label", *(f'"{t}","{n % 5},{5 + n % 7},{12 + n % 3}"' for n, t in enumerate(TEXTS))],
        "number": ["text,label", *(f'"{t}",{n / 7:.3f}' for n, t in enumerate(TEXTS))],
        "annotators": [
            "text,ann_1,ann_2,ann_3",
            *(f'"{t}",{"ab"[n % 2]},{"ab"[n % 3 % 2]},a' for n, t in enumerate(TEXTS)),
        ],
        "titles": [
            "title,text,label",
            *(f'"On day {n} there was this","{t} {t}",{lab}' for n, (t, lab) in enumerate(ROWS)),
        ],
    }
    entry, _ = drafted(mine_csv="\n".join(lines[name]) + "\n")
    assert entry["task"] == task
    assert str(entry["parts"][0]["reader"][key]).startswith("EDIT ") == marked


SENTENCE = ["Anna", "Maria", "Roth", "left", "Rome", "."]
SCHEMES = {
    "BIO": ["B-PER", "I-PER", "I-PER", "O", "B-LOC", "O"],
    "IOB1": ["I-PER", "I-PER", "I-PER", "O", "I-LOC", "O"],
    "BIOES": ["B-PER", "I-PER", "E-PER", "O", "S-LOC", "O"],
    "BILOU": ["B-PER", "I-PER", "L-PER", "O", "U-LOC", "O"],
    "BMES": ["B-PER", "M-PER", "E-PER", "O", "S-LOC", "O"],
}


def tagged(scheme, line):
    lines = (
        line.format(n=n, token=t, tag=g) for n, (t, g) in enumerate(zip(SENTENCE, SCHEMES[scheme], strict=True), 1)
    )
    return "".join(lines) + "\n"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("line", ["{token}\t{tag}\n", "{n}\t{token}\t{tag}\n", "{token}7 {tag}\n"])
def test_schemes_counters_comments_and_positions_are_told_apart(drafted, scheme, line):
    content = "".join(f"# sent_id = {n}\n" + tagged(scheme, line) for n in range(6))
    entry, said = drafted(mine_conll=content)
    assert entry["parts"][0]["reader"]["scheme"] == scheme
    Path("catalog/datasets").mkdir(parents=True)
    Path("catalog/datasets/mine.yaml").write_text(decided(said))
    Path("params.yaml").write_text("dataset: mine\ndownload: {most_rejected: 0}\n")
    download.main()
    row = pq.read_table("data/raw/documents.parquet").to_pylist()[0]
    assert row["tokens"] == SENTENCE
    assert row["tags"] == SCHEMES["BIO"]


@pytest.mark.parametrize(("tags", "said"), [(("X-LOC", "O"), "begin with X"), (("NN", "DT"), "in no scheme known")])
def test_a_scheme_that_is_not_known_is_refused_by_name(drafted, tags, said):
    with pytest.raises(UserError, match=said):
        drafted(mine_conll=f"Rome {tags[0]}\nis {tags[1]}\n\n" * 20)


def test_several_files_are_the_splits_of_one_entry(drafted):
    content = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS)
    entry, _ = drafted(train_csv=content, dev_csv=content, test_csv=content)
    assert [part["split"] for part in entry["parts"]] == ["train", "validation", "test"]


def test_texts_and_labels_may_lie_in_two_files(drafted):
    _, said = drafted(a_txt="\n".join(LABELS), b_txt="\n".join(TEXTS))
    assert records(said) == sorted(ROWS)


def test_lines_that_begin_with_their_label_are_read(drafted):
    entry, _ = drafted(mine_txt="".join(f"{'DESC:manner' if n % 2 else 'HUM:ind'} {t}\n" for n, t in enumerate(TEXTS)))
    assert entry["parts"][0]["reader"]["label_until"].startswith("EDIT ")
    assert [label["name"] for label in entry["labels"]] == ["DESC", "HUM"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mine_xlsx", b"PK\x03\x04 and more", "is a workbook"),
        ("mine_json", json.dumps({"text": {"0": "a"}, "label": {"0": "b"}}), "is one JSON object"),
    ],
)
def test_what_no_reader_takes_is_named(drafted, name, content, said):
    with pytest.raises(UserError, match=said):
        drafted(**{name: content})


def test_lists_of_labels_are_several_labels(drafted):
    rows = [{"text": text, "labels": [label, str(n % 4)]} for n, (text, label) in enumerate(ROWS)]
    entry, _ = drafted(mine_jsonl="".join(json.dumps(row) + "\n" for row in rows))
    assert entry["task"] == "multi-label"
    assert len(entry["labels"]) == 6


def test_a_mark_that_is_left_stops_a_run_in_one_line(drafted):
    _, said = drafted(mine_csv=DIALECTS["pandas index"][0])
    Path("catalog/datasets").mkdir(parents=True)
    Path("catalog/datasets/mine.yaml").write_text(said)
    with pytest.raises(UserError, match=r"licence still says 'EDIT the terms of use' \(and 3 more\)"):
        load_entry("datasets", "mine", DatasetEntry)


def test_the_language_is_marked_where_the_texts_do_not_tell_it(drafted):
    entry, _ = drafted(mine_csv="text,label\n" + "".join(f"{n} {n} - {n},{lab}\n" for n, lab in enumerate(LABELS)))
    assert entry["language"].startswith("EDIT ")


@pytest.mark.parametrize("name", ["bls_year", "verdict"])
def test_a_lone_column_whose_name_does_not_say_label_is_marked(drafted, name):
    lines = "".join(f'"{text}",{place / 7:.3f},{label}\n' for place, (text, label) in enumerate(ROWS))
    entry, _ = drafted(mine_csv=f"text,place,{name}\n{lines}")
    assert entry["parts"][0]["reader"]["label"].startswith(f"EDIT {name}: the only column that may be labels")


@pytest.mark.parametrize("name", ["stars", "Rating"])
def test_ratings_are_classes_with_a_mark(drafted, name):
    lines = "".join(f'"{text}",{place % 5 + 1}\n' for place, text in enumerate(TEXTS))
    entry, _ = drafted(mine_csv=f"text,{name}\n{lines}")
    assert entry["parts"][0]["reader"]["label"] == (
        f"EDIT {name}: the whole numbers 1 to 5 are read as classes without an order; or name it as `value`"
    )


@pytest.mark.parametrize("template", ["item_{}", "{}", "2_{}"])
def test_a_table_of_ids_without_texts_is_refused(drafted, template):
    lines = "".join(f"{template.format(place)}\t{place % 2}\n" for place in range(40))
    with pytest.raises(UserError, match="holds no texts, only numbers or ids"):
        drafted(mine_tsv=f"orig_id\tlabel\n{lines}")


def test_a_record_without_a_label_is_counted(drafted):
    rows = [{"text": text, "label": None if n == 3 else label} for n, (text, label) in enumerate(ROWS)]
    entry, said = drafted(mine_jsonl="".join(json.dumps(row) + "\n" for row in rows))
    assert "1 records have no label." in entry["known_faults"]
    assert "# 1 records have no label." in said


def test_a_class_alone_is_marked(drafted):
    entry, _ = drafted(mine_csv="text,label\n" + "".join(f'"{text}",home\n' for text in TEXTS))
    assert [label["definition"][:40] for label in entry["labels"]] == ["EDIT it is the only one here; a classifi"]


@pytest.mark.parametrize("name", ["is_classification", "subclass", "topicality"])
def test_a_word_inside_a_name_makes_no_label(drafted, name):
    rows = [f'{n},"{text}","{text[::-1]}",{label}\n' for n, (text, label) in enumerate(ROWS)]
    entry, _ = drafted(mine_csv=f"id,text,other,{name}\n" + "".join(rows))
    assert str(entry["parts"][0]["reader"]["label"]).startswith(f"EDIT {name}: the only column")


@pytest.mark.parametrize("name", ["true_label", "spamClass"])
def test_a_word_of_a_name_does(drafted, name):
    rows = [f'"{text}",{n % 5},{label}\n' for n, (text, label) in enumerate(ROWS)]
    entry, _ = drafted(mine_csv=f"text,length,{name}\n" + "".join(rows))
    assert entry["parts"][0]["reader"]["label"] == name


def test_the_truth_beside_an_answer_is_marked(drafted):
    rows = [f'"{text}",{label},{LABELS[n - 1]}\n' for n, (text, label) in enumerate(ROWS)]
    entry, _ = drafted(mine_csv="text,label,gt\n" + "".join(rows))
    assert entry["parts"][0]["reader"]["label"].startswith("EDIT label, or gt: the values are the same")


def test_columns_of_0_and_1_are_several_labels(drafted):
    rows = [f'"{text}",{n % 2},{n % 3 // 2},{int(n == 5)}\n' for n, text in enumerate(TEXTS)]
    entry, _ = drafted(mine_csv="text,toxic,obscene,threat\n" + "".join(rows))
    assert entry["task"] == "multi-label"
    assert entry["parts"][0]["reader"]["labels"].startswith("EDIT toxic, obscene, threat: columns of 0 and 1")
    assert [label["name"] for label in entry["labels"]] == ["obscene", "threat", "toxic"]


def test_labels_of_fasttext_lose_what_stands_before_them(drafted):
    entry, said = drafted(mine_txt="".join(f"__label__{label} {text}\n" for text, label in ROWS))
    assert [label["name"] for label in entry["labels"]] == ["home", "work"]
    assert records(said) == sorted(ROWS)
