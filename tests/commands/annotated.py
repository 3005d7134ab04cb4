"""Small datasets in a folder of their own, as download and split leave them, and the command in this process."""

import csv
import json
from pathlib import Path

from commands.annotate import main, parser
from commands.annotation.answers import read_answer_file
from stages.common.documents.card import Card, write_card
from stages.common.documents.table import write_documents

ROUND = Path("catalog/annotation/tiny/first")
TASKS = ROUND / "tasks"
TOPICS = {"kitchen": "oven butter flour", "garden": "seed soil rose", "harbour": "boat anchor sail"}
SENTENCES = [
    (["🎉", "Ann", "Lee", "joins", "Acme", "."], ["O", "B-PER", "I-PER", "O", "B-ORG", "O"]),
    (["Acme", "🙂🙂", "hires", "Bo"], ["B-ORG", "O", "O", "B-PER"]),
    (["nothing", "happens", "here"], ["O", "O", "O"]),
    (["Société", "Générale", ",", "👩‍🚀", "and", "Zoë"], ["B-ORG", "I-ORG", "O", "O", "O", "B-PER"]),
]


def save(folder, make_documents, task, labels, texts, /, **columns):
    """Writes data/raw and data/splits: of every four documents one is held out for test."""
    raw, splits = folder / "data/raw", folder / "data/splits"
    raw.mkdir(parents=True)
    splits.mkdir()
    card = Card(
        name="tiny",
        title="Tiny <i>texts</i>",
        task=task,
        language="en",
        licence="none",
        citation="none",
        known_faults=[],
        labels=[{"name": name, "definition": f"About *{name}* & the like."} for name in labels],
        sources=[],
        rows=len(texts),
    )
    documents = make_documents(texts, **columns)
    if task != "text-classification" and task != "token-classification":
        documents = documents.drop(columns=["tokens", "tags"])
        if task != "pairs":
            documents = documents.drop(columns="label")
    write_documents(documents, raw / "documents.parquet")
    write_card(card, raw)
    write_card(card, splits)
    test = documents.index % 4 == 3
    write_documents(documents[~test], splits / "train.parquet")
    write_documents(documents[test], splits / "test.parquet")
    write_documents(documents[:0], splits / "validation.parquet")


def save_topics(folder, make_documents, count=40):
    texts, labels = [], []
    for number in range(count):
        topic = list(TOPICS)[number % 3]
        texts.append(f"{TOPICS[topic]} number {number} <b>&amp;</b>")
        labels.append(topic)
    save(folder, make_documents, "text-classification", list(TOPICS), texts, label=labels)


def save_sentences(folder, make_documents):
    texts = [" ".join(tokens) for tokens, _ in SENTENCES]
    columns = {"tokens": [tokens for tokens, _ in SENTENCES], "tags": [tags for _, tags in SENTENCES]}
    save(folder, make_documents, "token-classification", ["PER", "ORG"], texts, label=None, **columns)
    (folder / "data/splits/card.json").unlink()  # nothing was split: all four can be labelled


def annotate(*arguments):
    """Runs the command in this process."""
    main(parser().parse_args([str(argument) for argument in arguments]))


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def dump(path, content):
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def plan(*arguments, items=4, annotators="a1,a2,a3"):
    annotate("plan", "first", "--annotators", annotators, "--items", items, "--overlap", 3, *arguments)


def answers():
    return {answer.key: answer.answer for answer in read_answer_file(ROUND / "answers.csv")}


def rejected():
    return rows(ROUND / "rejected.csv")


def documents():
    return sorted({row["id"] for row in rows(ROUND / "plan.csv")})


TASK_SAMPLES = {
    "pairs": (["yes", "no"], ["no", "yes", "no", "yes"]),
    "multi-label": (["b & c", "a"], ["[]", '["a", "b & c"]', '["a"]', '["b & c"]']),
    "regression": ([], ["0.5", "3", "-2", "1e+30"]),
}


def save_task(task, folder, make_documents):
    if task == "text-classification":
        save_topics(folder, make_documents)
        return ["kitchen", "garden", "harbour", "garden"]
    if task == "token-classification":
        save_sentences(folder, make_documents)
        return ['[[1, 3, "PER"]]', '[[0, 1, "ORG"], [3, 4, "PER"]]', "[]", '[[0, 2, "ORG"], [3, 4, "PER"]]']
    labels, given = TASK_SAMPLES[task]
    columns = {
        "pairs": {"text_pair": [f"=pair {n}" for n in range(8)], "label": "yes"},
        "multi-label": {"labels": [["a"]] * 8},
        "regression": {"value": 1.5},
    }[task]
    save(folder, make_documents, task, labels, [f"=1+{n} 🙂\nnext" for n in range(8)], **columns)
    return given
