"""Several people's answers, from files through commands.describe to the labels of the documents."""

import json
from pathlib import Path

import pytest
import yaml

from commands.drafts import describe
from stages.annotate import __main__ as annotate
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml
from stages.common.documents.answers import read_answers
from stages.common.documents.table import read_documents
from stages.download import __main__ as download
from tests.commands.test_describe import decided
from tests.imports import ROOT

TEXTS = [f"The {who} kept {what}, as of day {day}" for day in range(6) for who in "abc" for what in ("bees", "ink")]
TEXTS[5] = TEXTS[4]  # two records that are the same in all columns
PEOPLE = [[("good", "bad")[(row + who) % (who + 3) == 0] for who in range(3)] for row in range(len(TEXTS))]
PEOPLE[5] = PEOPLE[4]
MOST = [max(sorted(said), key=said.count) for said in PEOPLE]


def wide(names, between=",", beside=""):
    lines = ["text" + between + between.join(names) + (between + "label" if beside else "")]
    for text, said in zip(TEXTS, PEOPLE, strict=True):
        lines.append(f'"{text}"{between}' + between.join(said[: len(names)]) + (between + beside if beside else ""))
    return "\n".join(lines) + "\n"


def as_json(names):
    rows = [{"body": text, **dict(zip(names, said, strict=True))} for text, said in zip(TEXTS, PEOPLE, strict=True)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def long(head="doc,worker,answer", template="d{row},w{who},{said}"):
    lines = [
        template.format(row=row, who=who, said=said, code=int(said == "good"))
        for row, every in enumerate(PEOPLE)
        for who, said in enumerate(every)
    ]
    return "\n".join([head, *lines]) + "\n"


WITH_IDS = "doc,body\n" + "".join(f'd{row},"{text}"\n' for row, text in enumerate(TEXTS))
CASES = {
    "numbered": {"mine.csv": wide(["annotator_1", "annotator_2", "annotator_3"])},
    "lettered": {"mine.csv": wide(["rater a", "rater b", "rater c"])},
    "of Excel": {"mine.csv": "sep=;\n" + wide(["coder1", "coder2", "coder3"], ";")},
    "JSON lines": {"mine.jsonl": as_json(["judge1", "judge2", "judge3"])},
    "a row an answer": {"mine.csv": WITH_IDS, "answers.csv": long()},
    "columns of a crowd": {
        "mine.csv": WITH_IDS,
        "answers.tsv": long(
            "!amt_annotation_ids\t!amt_worker_ids\torig_id\tresponse", "k{row}{who}\tW{who}\td{row}\t{said}"
        ),
    },
    "with the time": {
        "mine.csv": WITH_IDS.replace("doc,", "item_id,"),
        "answers.csv": long("rater,item_id,judgment,when", "r{who},d{row},{said},2026-01-1{who}"),
    },
}


@pytest.fixture
def drafted(tmp_path, monkeypatch, capsys):
    """Writes files and drafts their entry."""
    monkeypatch.chdir(tmp_path)

    def draft(files):
        for name, content in files.items():
            Path(name).write_text(content)
        describe([Path(name) for name in files])
        return capsys.readouterr().out

    return draft


def run(said, *stages):
    Path("catalog/datasets").mkdir(parents=True)
    Path("catalog/functions").symlink_to(ROOT / "catalog/functions")
    Path("catalog/datasets/mine.yaml").write_text(decided(said))
    params = {"dataset": "mine", "download": {"most_rejected": 0}}
    params["annotate"] = read_yaml(ROOT / "params.yaml")["annotate"] | {"method": "majority", "bootstrap_samples": 100}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    for stage in stages:
        stage.main()


@pytest.mark.parametrize("name", CASES)
def test_answers_of_several_people_become_labels(drafted, name):
    said = drafted(CASES[name])
    card = yaml.safe_load(said)
    assert not [
        value for value in (*card["parts"][0]["reader"].values(), *card["answers"][0].values()) if "EDIT" in str(value)
    ]
    assert [label["name"] for label in card["labels"]] == ["bad", "good"]
    run(said, download, annotate)
    answers = read_answers(Path("data/raw/answers.parquet"))
    assert (len(answers), answers["annotator"].nunique()) == (3 * len(TEXTS), 3)
    documents = read_documents(Path("data/annotated/documents.parquet"))
    found = sorted(documents[["text", "label"]].itertuples(index=False, name=None))
    assert found == sorted(zip(TEXTS, MOST, strict=True))


@pytest.mark.parametrize("names", [["label_1", "label_2", "label_3"], ["ann", "bob", "cleo"]])
def test_columns_that_may_be_something_else_are_marked(drafted, names):
    card = yaml.safe_load(drafted({"mine.csv": wide(names)}))
    assert card["answers"][0]["annotators"].startswith(f"EDIT [{', '.join(names)}]: ")
    assert "label" not in card["parts"][0]["reader"]


def test_a_label_beside_answers_is_marked_and_gold_is_not(drafted):
    table = wide(["rater_1", "rater_2", "rater_3"], beside="good")
    card = yaml.safe_load(drafted({"mine.csv": table}))
    most = sum(label == "good" for label in MOST)
    assert f"(as most people said in {most} of {len(MOST)} records)" in card["parts"][0]["reader"]["label"]
    card = yaml.safe_load(drafted({"mine.csv": table.replace(",label\n", ",gold_label\n")}))
    assert card["parts"][0]["reader"]["label"] == "gold_label"


def test_answers_in_other_words_than_the_labels_are_marked(drafted):
    texts = WITH_IDS.replace("body\n", "body,label\n").replace('"\n', '",good\n', 9).replace('"\n', '",bad\n')
    card = yaml.safe_load(drafted({"mine.csv": texts, "said.csv": long("doc,rater,answer", "d{row},r{who},{code}")}))
    assert card["answers"][0]["label_names"] == (
        "EDIT which of the labels 'bad', 'good' each of '0', '1' is, as {answer: label}"
    )
    assert [label["name"] for label in card["labels"]] == ["bad", "good"]


def test_numbers_that_people_gave_are_predicted_as_their_mean(drafted):
    rows = [(row, who, (row * 7 + who * 3) % 101) for row in range(len(TEXTS)) for who in range(2)]
    said = drafted(
        {
            "texts.tsv": "id\ttitle\n" + "".join(f"{row}\t{text}\n" for row, text in enumerate(TEXTS)),
            "joy.tsv": "worker\titem\tresponse\n" + "".join(f"w{who}\t{row}\t{value}\n" for row, who, value in rows),
        }
    )
    assert "question: 'EDIT joy: what people were asked about" in said
    run(
        said.replace("question: 'EDIT joy: what people were asked about; it stands before each text'", "question: joy"),
        download,
    )
    documents = read_documents(Path("data/raw/documents.parquet")).set_index("id")
    assert len(documents) == len(TEXTS)
    assert documents.loc["joy-3", ["text", "value"]].tolist() == [f"joy: {TEXTS[3]}", (21 + 24) / 2]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": long()}, "holds 108 answers of 3 people about 36 items, and no texts"),
        (
            {"a.csv": long("text,worker,label", "the text that has the number {row},w{who},{said}")},
            "has a row an answer, and so each text",
        ),
        ({"a.csv": WITH_IDS, "b.csv": long(template="x{row},w{who},{said}")}, "no column holds the ids"),
    ],
)
def test_answers_without_their_texts_are_refused(drafted, files, message):
    with pytest.raises(UserError, match=message):
        drafted(files)


def test_who_wrote_a_text_did_not_answer_about_it(drafted):
    lines = [f'"{text}",{label},u{row % 5}\n' for row, (text, label) in enumerate(zip(TEXTS, MOST, strict=True))]
    assert "answers" not in yaml.safe_load(drafted({"mine.csv": "text,label,user\n" + "".join(lines)}))
