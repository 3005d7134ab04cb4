"""Files that are no labelled text, and files and members that are splits.

Each kind has three files or more, each made here; what is expected is what was written.
"""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from commands.drafts import describe
from stages.common.core.messages import UserError
from tests.commands.drafting import NUMBERS, ROWS, TEXTS, Draft, as_lines, as_parquet, table

NAMED = list(enumerate(NUMBERS))
SWAPS = [("actor", "actress"), *((word, word[::-1]) for word in NUMBERS)]
BARE = [text.replace(",", "") for text in TEXTS]
REFUSED = {
    "a table of labels": [
        ("mine.json", as_lines([{"label": str(n), "label_des": word} for n, word in NAMED])),
        ("mine.csv", table([(str(n), f"about {word}") for n, word in NAMED], names=("class", "name"))),
        ("mine.tsv", table([(word, f"c{n}") for n, word in NAMED], "\t", names=("category", "label"))),
    ],
    "write no texts": [
        ("mine.jsonl", as_lines([{"question": f"{t}?", "answer": f"#### {n} {t}"} for n, t in enumerate(TEXTS)])),
        ("mine.csv", table([(f"{t}?", t) for t in TEXTS], names=("question", "answer"))),
        ("mine.parquet", as_parquet([{"query": t, "passage": t[::-1]} for t in TEXTS])),
    ],
    "nothing in it to train on": [
        ("mine.json", json.dumps({"nouns": ["nurse", "farmer"], "female": [["aunt", "aunts"]]}, indent=1)),
        ("mine.json", json.dumps({"ability": {"deaf": ["Deaf"], "able": [1, 2]}, "age": {}}, indent=1)),
        ("mine.json", json.dumps({"seed": 1, "rate": 0.5}, indent=1)),
    ],
    "those under 'data'": [("mine.json", json.dumps({"version": 1, "data": [{"text": "a", "label": "b"}]}, indent=1))],
    "to_json": [
        ("mine.json", json.dumps({"text": {"0": "a", "1": "b"}, "label": {"0": "c", "1": "d"}}, indent=1)),
        ("mine.json", json.dumps({"text": ["a", "b", "c"], "label": ["c", "d", "c"]}, indent=1)),
    ],
    "a list of words": [
        ("swaps.txt", table(SWAPS, "\t", names=None)),
        ("pairs.csv", table(SWAPS, names=None)),
        ("pairs.jsonl", as_lines([{"one": a, "other": b} for a, b in SWAPS])),
    ],
    "lines of a few words without labels": [
        ("words.txt", "\n".join(NUMBERS)),
        ("en", "\n".join(f"{word} thing" for word in NUMBERS)),
        ("words.csv", "\r\n".join(NUMBERS)),
    ],
    "lines of text without labels": [
        ("mine.txt", "\n".join(BARE)),
        ("mine.txt.dev", "\n".join(f"{n} [The nurse] met {text}" for n, text in enumerate(BARE))),
        ("mine.csv", "text\n" + "\n".join(BARE)),
    ],
    "is no text": [
        ("mine.pickle", bytes(range(256)) * 9),
        ("model.bin", b"\x80\x04\x95" + bytes(500)),
        ("mine.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(1, 200)) * 5),
    ],
    "is a workbook": [
        ("mine.ods", b"PK\x03\x04" + bytes(500)),
        ("mine.xls", b"\xd0\xcf\x11\xe0" + bytes(500)),
        ("mine.xlsx", b"PK\x03\x04" + bytes(500)),
    ],
}
WRONG = [pytest.param(*case, said, id=f"{said} {n}") for said, cases in REFUSED.items() for n, case in enumerate(cases)]


@pytest.mark.parametrize(("name", "content", "said"), WRONG)
def test_what_is_no_labelled_text_is_called_what_it_is(drafted, name, content, said):
    with pytest.raises(UserError, match=said):
        drafted(content, name)


def packed(members, name="mine.zip"):
    """An archive of some members."""
    written = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(written, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
    else:
        with tarfile.open(fileobj=written, mode="w:xz") as archive:
            for member, content in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(content.encode())
                archive.addfile(info, io.BytesIO(content.encode()))
    return written.getvalue()


def in_folders(rows, above):
    return {f"{above}/{label}/{place}.txt": text for place, (text, label) in enumerate(rows)}


PARTS = {"train": ROWS[:24], "dev": ROWS[24:28], "test": ROWS[28:]}
FIRST, LAST = ROWS[:18], ROWS[18:]
SPLITS = {
    "files": {f"{split}.csv": table(rows) for split, rows in PARTS.items()},
    "files in several dialects": {
        "train.csv": table(PARTS["train"], ";"),
        "news-dev.tsv": table(PARTS["dev"], "\t", names=("text", "label")),
        "test.csv": table(PARTS["test"], quote="'", every=True),
    },
    "lines of objects": {
        f"mine.{split}.jsonl": as_lines([{"text": text, "label": label} for text, label in rows])
        for split, rows in PARTS.items()
    },
    "members of an archive": {
        "mine.zip": packed({f"data/{split}.csv": table(rows) for split, rows in PARTS.items()} | {"README": "words"})
    },
    "folders in an archive": {
        "mine.tar.xz": packed(
            {name: text for split, rows in PARTS.items() for name, text in in_folders(rows, f"c/{split}").items()},
            "mine.tar.xz",
        )
    },
    "archives of one class": {
        f"c-{split}-{label}.zip": packed(in_folders([row for row in rows if row[1] == label], f"c/{split}"))
        for split, rows in PARTS.items()
        for label in ("calm", "busy")
    },
}


@pytest.mark.parametrize("kind", SPLITS)
def test_several_files_or_members_are_the_published_splits(drafted, capsys, kind):
    for name, content in SPLITS[kind].items():
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    describe([Path(name) for name in SPLITS[kind]])
    draft = Draft(capsys.readouterr().out)
    assert draft.marked == []
    assert [label["name"] for label in draft.card["labels"]] == ["busy", "calm"]
    documents = draft.documents()
    for split, rows in PARTS.items():
        found = documents[documents["published_split"] == {"dev": "validation"}.get(split, split)]
        assert sorted(found[["text", "label"]].itertuples(index=False, name=None)) == sorted(rows)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("id,text\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(TEXTS)), "test.csv: has no column of labels"),
        (table([(text, str(place / 7)) for place, text in enumerate(TEXTS)]), "look like several tasks"),
        ("", "test.csv: is empty"),
    ],
)
def test_files_that_do_not_belong_together_are_named(drafted, second, said):
    Path("train.csv").write_text(table())
    Path("test.csv").write_text(second)
    with pytest.raises(UserError, match=said):
        describe([Path("train.csv"), Path("test.csv")])


def test_files_of_which_none_has_labels_are_called_what_they_are(drafted):
    for name in ("train.csv", "test.csv"):
        Path(name).write_text(table([(f"{text}?", text) for text in TEXTS], names=("question", "answer")))
    with pytest.raises(UserError, match="write no texts"):
        describe([Path("train.csv"), Path("test.csv")])
