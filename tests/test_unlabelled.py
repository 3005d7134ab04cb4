"""Documents without a label on their way from a file to what may be trained on."""

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
import yaml

from commands.annotation.corpus import Corpus
from stages.annotate import __main__ as annotate
from stages.augment import __main__ as augment
from stages.clean import __main__ as clean
from stages.clean.filters import outlying
from stages.common.core.messages import UserError
from stages.common.documents.table import read_documents, read_rejected
from stages.common.documents.unlabelled import UNLABELLED, read_unlabelled
from stages.download import __main__ as download
from stages.split import __main__ as split
from tests.test_data_stages import NO_LEXICON, PARAMS

TOPICS = {
    "sport": "The {n} team won the {m} match after a late goal by its captain in the old stadium of the town",
    "money": "The {n} bank raised the {m} rate again although prices fell in most shops of the country last month",
}
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ROWS = [
    (TOPICS[topic].format(n=n, m=m), topic, part)
    for number, n in enumerate(NUMBERS)
    for topic, m in (("sport", NUMBERS[-number - 1]), ("money", NUMBERS[(number * 5) % 12]))
    for part in [("train", "train", "train", "validation", "test", "test")[number % 6]]
]
SAID = dict.fromkeys(("title", "licence", "citation"), "x") | {"language": "en", "known_faults": []}
LABELS = [{"name": name, "definition": f"It is {name}."} for name in TOPICS]
CSV = {"format": "csv", "text": ["text"], "label": "label"}
LINES = {"format": "lines", "labelled": False}
ANY_LANGUAGE = PARAMS["clean"]["language"] | {"enabled": False}


def text_of(part, topic):
    return next(text for text, label, where in ROWS if (label, where) == (topic, part))


TEST, TRAIN = text_of("test", "sport"), text_of("train", "money")
COPY_OF_TEST = TEST.upper().replace(" AND ", " &amp; ").replace(" THE ", "  The\t")
NEAR_TEST = f"{TEST} yesterday"
CHINESE = "今天的比赛非常精彩，主队在最后一分钟打进了关键的一球，全场观众都站起来欢呼。"
EMOJI = "What a match today 🎉⚽ the whole street was singing until the morning and nobody slept 🌙"
OWN = "Nobody in the village remembers who planted the tall cherry trees along the river but everybody likes them"


def write(folder, files, parts, **said):
    """Files by name, an entry of their parts, and params.yaml, in a folder that becomes the current one."""
    pinned = []
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
        digest = sha256(content.encode()).hexdigest()
        pinned.append({"name": name, "sha256": digest, "sources": [{"url": name}]})
    pinned += said.pop("more_files", [])
    entry = {**SAID, "task": "text-classification", "labels": LABELS, "files": pinned, "parts": parts, **said}
    (folder / "catalog/datasets").mkdir(parents=True, exist_ok=True)
    (folder / "catalog/datasets/tiny.yaml").write_text(yaml.safe_dump(entry, allow_unicode=True))
    functions = folder / PARAMS["annotate"]["functions"]
    functions.parent.mkdir(parents=True, exist_ok=True)
    functions.write_text("")
    set_parameters(folder)


def set_parameters(folder, **changes):
    params = {name: PARAMS[name] for name in ("download", "annotate", "clean", "augment", "split")}
    params |= {"dataset": "tiny", "augment": params["augment"] | NO_LEXICON}
    params["clean"] = params["clean"] | {"most_dropped": 1.0} | changes.pop("clean", {})
    params["split"] = params["split"] | changes
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


def table(rows):
    return "text,label\n" + "".join(f"{text},{label}\n" for text, label, _ in rows)


def labelled(parts=("train", "validation", "test")):
    """The files and parts of the labelled documents."""
    files = {f"{part}.csv": table([row for row in ROWS if row[2] == part]) for part in parts}
    return files, [{"file": name, "split": name[:-4], "reader": CSV} for name in files]


def with_unlabelled(folder, *texts, reader=LINES, name="unlabelled.txt", content=None, **said):
    files, parts = labelled()
    files[name] = "\n".join([*texts, ""]) if content is None else content
    write(folder, files, [*parts, {"file": name, "split": "unlabelled", "reader": reader}], **said)


def run(*stages):
    for stage in stages or (download, annotate, clean, augment, split):
        stage.main()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    return tmp_path


def summary(stage):
    return json.loads(Path(f"reports/{stage}/summary.json").read_text())


def test_unlabelled_documents_are_read_cleaned_varied_and_kept_apart(place, capsys):
    texts = [COPY_OF_TEST, NEAR_TEST, TRAIN, CHINESE, EMOJI, OWN, OWN, "x"]
    with_unlabelled(place, *texts)
    set_parameters(place, unlabelled=True, clean={"language": ANY_LANGUAGE})
    run()
    said = capsys.readouterr().out
    assert "download: x, 32 documents (8 of them unlabelled), 0 rejected" in said
    assert summary("download")["published_splits"]["unlabelled"] == 8
    raw = read_documents(Path("data/raw/documents.parquet"))
    alone = raw[raw["published_split"].eq("unlabelled")]
    assert sorted(alone["text"]) == sorted(texts) and alone["label"].isna().all() and raw["id"].is_unique
    assert Path("data/annotated/documents.parquet").read_bytes() == Path("data/raw/documents.parquet").read_bytes()

    dropped = read_rejected(Path("data/clean/rejected.parquet"))
    assert dropped["published_split"].eq("unlabelled").all()  # what has a label is the copy that stays
    rules = dict(zip(dropped["text"], dropped["rule"], strict=True))
    assert rules.pop("x") in ("too_short", "empty", "letters")
    assert set(rules.values()) == {"duplicates", "near_duplicates"} and len(rules) == 4
    by_text = raw.drop_duplicates("text").set_index("text")["id"]
    reason = dropped.set_index("text")["reason"]
    assert reason[TRAIN] == f"the same text as document {by_text[TRAIN]}"
    assert reason[NEAR_TEST].endswith(f"are shared with {by_text[TEST]}")
    leaks = pd.read_csv("reports/clean/leaks.csv")
    assert leaks[["split", "other_split", "other_id"]].drop_duplicates().to_numpy().tolist() == [
        ["unlabelled", "test", by_text[TEST]]
    ]
    assert len(leaks) == 2

    kept = read_unlabelled()
    originals = kept[kept["method"].eq("original")]
    assert sorted(originals["text"]) == sorted([CHINESE, EMOJI, OWN])
    variants = kept.drop(originals.index)
    assert len(variants) and variants["derived_from"].str[0].isin(originals["id"]).all()
    pool = read_documents(Path("data/augmented/documents.parquet"))
    assert pool.loc[pool["published_split"].eq("unlabelled"), "label"].isna().all()
    parts = [len(read_documents(Path(f"data/splits/{name}.parquet"))) for name in ("train", "validation", "test")]
    assert sum(parts) + len(read_rejected(Path("data/splits/rejected.parquet"))) + len(kept) == len(pool)


def test_they_change_nothing_of_the_labelled_documents(place):
    files, parts = labelled()
    write(place, files, parts)
    run()
    names = [f"data/splits/{name}.parquet" for name in ("train", "validation", "test")]
    alone = [Path(name).read_bytes() for name in names]
    long = " ".join([OWN] * 30)
    with_unlabelled(place, COPY_OF_TEST, NEAR_TEST, TRAIN.lower(), EMOJI, OWN, long, f"{TRAIN} indeed", "&lt;p&gt;")
    run()
    assert [Path(name).read_bytes() for name in names] == alone


def test_what_cleaning_keeps_of_test_texts_the_split_leaves_out(place):
    with_unlabelled(place, COPY_OF_TEST, NEAR_TEST, EMOJI, OWN)
    off = {"enabled": False, "keep": "first"}
    near = PARAMS["clean"]["near_duplicates"] | {"keep": "all"}
    set_parameters(place, unlabelled=True, clean={"duplicates": off, "near_duplicates": near})
    run()
    left_out = pd.read_parquet(UNLABELLED / "rejected.parquet")
    assert COPY_OF_TEST not in set(read_unlabelled()["text"])
    assert left_out.loc[left_out["method"].eq("original"), "rule"].tolist() == ["equals_held_out"]
    assert set(read_unlabelled().query("method == 'original'")["text"]) == {EMOJI, OWN}


def test_contradictions_take_no_notice_of_them(place):
    files, parts = labelled()
    files["train.csv"] += f"{OWN},sport\n{OWN.upper()},money\n"
    files["unlabelled.txt"] = f"{OWN}\n{EMOJI}\n"
    write(place, files, [*parts, {"file": "unlabelled.txt", "split": "unlabelled", "reader": LINES}])
    set_parameters(place, unlabelled=True)
    run()
    dropped = read_rejected(Path("data/clean/rejected.parquet"))
    assert dropped["rule"].tolist() == ["contradictions"] * 2 and dropped["label"].notna().all()
    assert OWN in set(read_unlabelled()["text"])


FOLDER = {"format": "folder", "members": "*/unsup/*.txt", "labelled": False, "ids": "path"}
COLUMNS = {"text": ["text"]}


@pytest.mark.parametrize(
    "name, reader, content",
    [
        ("more.csv", {"format": "csv", **COLUMNS}, f'text,note\n{EMOJI},1\n"{CHINESE}",2\n'),
        (
            "more.jsonl",
            {"format": "jsonl", **COLUMNS},
            "".join(json.dumps({"text": t}) + "\n" for t in (EMOJI, CHINESE)),
        ),
        ("more.json", {"format": "json", **COLUMNS}, json.dumps([{"text": EMOJI}, {"text": CHINESE}])),
        ("more.tsv", {"format": "csv", "delimiter": "\t", "columns": ["text"], **COLUMNS}, f"{EMOJI}\n{CHINESE}\n"),
        ("more.txt", LINES, f"{EMOJI}\r\n\n{CHINESE}\n"),
    ],
)
def test_every_plain_form_of_file_can_be_unlabelled(place, name, reader, content):
    with_unlabelled(place, name=name, reader=reader, content=content)
    run(download)
    raw = read_documents(Path("data/raw/documents.parquet"))
    assert sorted(raw.loc[raw["published_split"].eq("unlabelled"), "text"]) == sorted([EMOJI, CHINESE])


def test_a_folder_of_unlabelled_files_is_read_beside_one_with_labels(place):
    for name, text in {"pos/1": EMOJI, "neg/1": OWN, "unsup/1": CHINESE, "unsup/2": EMOJI + " again"}.items():
        path = place / f"imdb/train/{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.make_archive(str(place / "imdb"), "tar", place, "imdb")
    digest = sha256((place / "imdb.tar").read_bytes()).hexdigest()
    reader = FOLDER | {"members": "*/train/???/*.txt", "labelled": True}
    parts = [{"file": "imdb.tar", "reader": reader}, {"file": "imdb.tar", "split": "unlabelled", "reader": FOLDER}]
    labels = [{"name": name, "definition": name} for name in ("neg", "pos")]
    pinned = [{"name": "imdb.tar", "sha256": digest, "sources": [{"url": "imdb.tar"}]}]
    write(place, {}, parts, labels=labels, more_files=pinned)
    run(download)
    raw = read_documents(Path("data/raw/documents.parquet")).set_index("id")
    assert raw["label"].fillna("").to_dict() == {
        "imdb/train/neg/1": "neg", "imdb/train/pos/1": "pos", "imdb/train/unsup/1": "", "imdb/train/unsup/2": "",
    }  # fmt: skip


def error(function=run, *arguments):
    with pytest.raises(UserError) as raised:
        function(*arguments)
    return str(raised.value)


def test_an_unlabelled_file_that_is_the_test_file_is_refused_under_any_name(place):
    files, parts = labelled()
    test = {"file": "test.csv", "split": "unlabelled", "reader": {"format": "csv", "text": ["text"]}}
    write(place, files, [*parts, test])
    assert "'test.csv' is an unlabelled file that is the test file ('test.csv')" in error()

    copy = files | {"copy.csv": files["test.csv"]}
    write(place, copy, [*parts, test | {"file": "copy.csv"}])
    assert "'copy.csv' is an unlabelled file that is the test file ('test.csv')" in error()

    texts = [text for text, _, part in ROWS if part == "test"]
    with_unlabelled(place, *reversed([text.upper() for text in texts]))
    said = "unlabelled.txt: each of its texts has a label in test.csv: an unlabelled file that is the test file. "
    assert error().startswith(said)
    assert not Path("data/raw").exists()

    with_unlabelled(place, *texts, OWN)  # one text more than the test file: the others go as copies
    run(download)


@pytest.mark.parametrize(
    "reader, said",
    [
        (CSV, "a part with 'split: unlabelled' has no label: in its reader, name none"),
        ({"format": "lines"}, "a part with 'split: unlabelled' has no label: in its reader, say 'labelled: false'"),
        (LINES | {"label_until": ":"}, "with 'labelled: false' there are no 'labels' and no 'label_until'"),
        ({"format": "csv", "text": ["text"], "text_pair": "other"}, "takes nothing, but this csv gives text_pair"),
    ],
)
def test_a_reader_that_does_not_fit_is_named(place, reader, said):
    with_unlabelled(place, OWN, reader=reader)
    assert said in error()


def test_a_labelled_part_still_needs_a_label(place):
    files, parts = labelled()
    write(place, files, [*parts[1:], parts[0] | {"reader": {"format": "csv", "text": ["text"]}}])
    assert "the task text-classification takes label, but this csv gives nothing" in error()


def test_an_empty_file_and_ids_that_occur_twice_are_named(place):
    with_unlabelled(place, content="")
    assert error().startswith("unlabelled.txt: is empty. ")
    files, parts = labelled()
    files["rows.csv"] = "id,text\n1,one\n1,two\n"
    reader = {"format": "csv", "text": ["text"], "id": "id"}
    write(place, files, [*parts, {"file": "rows.csv", "split": "unlabelled", "reader": reader}])
    assert error().startswith("rows.csv:2 and rows.csv:3: the id '1' occurs 2 times. ")


def test_a_corpus_of_unlabelled_documents_alone_is_refused(place):
    write(place, {"a.txt": f"{OWN}\n{EMOJI}\n"}, [{"file": "a.txt", "split": "unlabelled", "reader": LINES}])
    assert error().startswith("x: no document has a label. ")


OTHER_TASKS = {
    "pairs": ({"text_pair": "other", "label": "label"}, {"text_pair": "other"}, ["sport", "money"]),
    "multi-label": ({"labels": {"column": "label", "separator": "+"}}, {}, ["sport+money", "money"]),
    "regression": ({"value": "label"}, {}, ["1.5", "2"]),
}


@pytest.mark.parametrize("task", OTHER_TASKS)
def test_documents_of_other_tasks_are_unlabelled_too(place, task):
    targets, inputs, values = OTHER_TASKS[task]
    lines = [f"{text},{text[::-1]},{values[number % 2]}" for number, (text, _, _) in enumerate(ROWS)]
    files = {"rows.csv": "\n".join(["text,other,label", *lines, ""]), "more.csv": f"text,other\n{OWN},x\n{EMOJI},y z\n"}
    reader = {"format": "csv", "text": ["text"]}
    more = {"file": "more.csv", "split": "unlabelled", "reader": reader | inputs}
    labels = [] if task == "regression" else LABELS
    write(place, files, [{"file": "rows.csv", "reader": reader | targets}, more], task=task, labels=labels)
    near, short = (PARAMS["clean"][rule] | {"enabled": False} for rule in ("near_duplicates", "too_short"))
    set_parameters(
        place, unlabelled=True, clean={"near_duplicates": near, "too_short": short, "language": ANY_LANGUAGE}
    )
    run()
    kept = read_unlabelled()
    assert set(kept.loc[kept["method"].eq("original"), "text"]) == {OWN, EMOJI}
    assert ("text_pair" in kept) == (task == "pairs")
    assert not {"label", "labels", "value"} & set(kept)


def test_words_with_tags_have_no_unlabelled_part(place):
    conll = {"format": "conll", "columns": 3, "scheme": "BIO"}
    files = {"a.conll": "EU N B-sport\n\n", "b.conll": "Rome N O\n\n"}
    parts = [{"file": "a.conll", "reader": conll}, {"file": "b.conll", "split": "unlabelled", "reader": conll}]
    write(place, files, parts, task="token-classification")
    assert "the task token-classification takes no parts with 'split: unlabelled'" in error()


def test_an_unlabelled_document_that_people_answered_about_is_labelled(place):
    files, parts = labelled()
    files["more.csv"] = f"id,text\nu1,{OWN}\nu2,{EMOJI}\n"
    files["answers.csv"] = "id,who,said\nu1,ann,sport\nu1,bob,sport\n"
    reader = {"format": "csv", "text": ["text"], "id": "id"}
    answers = [{"file": "answers.csv", "id": "id", "annotator": "who", "answer": "said"}]
    write(place, files, [*parts, {"file": "more.csv", "split": "unlabelled", "reader": reader}], answers=answers)
    run(download, annotate)
    documents = read_documents(Path("data/annotated/documents.parquet")).set_index("id")
    assert documents.loc["u1", "label"] == "sport" and pd.isna(documents.loc["u1", "published_split"])
    assert pd.isna(documents.loc["u2", "label"]) and documents.loc["u2", "published_split"] == "unlabelled"
    assert len(read_rejected(Path("data/annotated/rejected.parquet"))) == 0


@pytest.mark.parametrize("on", [False, True])
def test_they_are_what_annotators_may_be_asked_about(place, on):
    with_unlabelled(place, COPY_OF_TEST, NEAR_TEST, TRAIN, EMOJI, OWN)
    run(download)
    raw = Corpus.load().documents
    alone = raw[raw["published_split"].eq("unlabelled")]
    assert set(alone["id"]) <= set(Corpus.load().candidates("train"))
    set_parameters(place, unlabelled=on)
    run(annotate, clean, augment, split)
    asked = raw.loc[Corpus.load().candidates("train")]
    assert set(asked.loc[asked["label"].isna(), "text"]) == {EMOJI, OWN}
    assert not set(asked["text"]) & {text for text, _, part in ROWS if part != "train"}


def test_the_usual_length_is_that_of_labelled_documents():
    words = pd.Series([8, 9, 10, 11, 12, 300, 310, 320, 330, 340, 350])
    labelled = pd.Series([True] * 5 + [False] * 6)
    assert outlying(words, 6.0).index.tolist() == [0, 1, 2, 3, 4]  # labelled documents would go
    assert outlying(words, 6.0, labelled).index.tolist() == [5, 6, 7, 8, 9, 10]
    assert outlying(words[5:], 6.0, labelled[5:]).empty  # no document has a label


def test_labelling_functions_are_not_asked_about_them(place):
    with_unlabelled(place, OWN, EMOJI)
    functions = place / PARAMS["annotate"]["functions"]
    functions.write_text("def says_money(text):\n    return 'money' if 'bank' in text or 'cherry' in text else None\n")
    for command in (["init", "--quiet"], ["add", "catalog"]):
        subprocess.run(["git", *command], check=True)
    run(download, annotate)
    documents = read_documents(Path("data/annotated/documents.parquet"))
    alone = documents[documents["published_split"].eq("unlabelled")]
    assert set(alone["text"]) == {OWN, EMOJI} and alone["label"].isna().all()
