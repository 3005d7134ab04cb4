"""The commands of docs/annotation.md work one after the other as they stand there."""

import csv
import json
from pathlib import Path

import pytest

from commands.annotation.answers import read_answer_file
from stages.common.documents.answers import ADJUDICATOR
from tests.commands.annotated import annotate, load, rows, save
from tests.corpus import run
from tests.imports import ROOT
from tests.test_docs import commands

LABELS = ["business", "tech", "sports"]
ROUND = Path("catalog/annotation/tiny/first")
OPTIONS = {
    *(
        "--annotators",
        "--items",
        "--overlap",
        "--gold",
        "--by",
        "--take",
        "--audit",
        "--tool",
        "--out",
        "--answers",
    ),
    *("--id-column", "--annotator-column", "--answer-columns", "--values"),
}


@pytest.fixture
def texts(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    labels = [LABELS[number % 3] for number in range(120)]
    texts = [f"{label} number {number}" for number, label in enumerate(labels)]
    save(tmp_path, make_documents, "text-classification", LABELS, texts, label=labels)
    Path("reports/audit").mkdir(parents=True)
    Path("reports/audit/label_issues.csv").write_text(
        "id,label,suggested,probability,quality\nd1,tech,sports,0.8,0.1\n"
    )


def label_tasks():
    """What the annotators of the first round do: two documents are answered wrongly by one, two by two of them."""
    wrong = sorted({row["id"] for row in rows(ROUND / "plan.csv") if row["kind"] == "item"})[:4]
    for name in ("a1", "a2", "a3"):
        tasks = load(ROUND / f"tasks/{name}.json")
        for number, task in enumerate(tasks):
            true = task["data"]["text"].split()[0]
            fails = task["data"]["document"] in (wrong if name == "a1" else wrong[2:] if name == "a2" else [])
            chosen = LABELS[(LABELS.index(true) + 1) % 3] if fails else true
            value = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [chosen]}}
            task["annotations"] = [{"id": number, "completed_by": 4, "result": [value], "lead_time": 2.5}]
        Path(f"{name}.json").write_text(json.dumps(tasks))
    tasks = load(Path("a1.json"))[:2]
    Path("project-7.json").write_text(json.dumps(tasks))
    Path("people.csv").write_text("name,annotator\n4,a1\n")
    item = next(row["id"] for row in rows(ROUND / "plan.csv") if int(row["id"][1:]) % 3 == 0)
    Path("batch.csv").write_text(f"item,worker,choice\n{item},W1,1\n")
    Path("workers.csv").write_text("name,annotator\nW1,a3\n")


def decide(queue, path):
    """What the adjudicator does: the first document gets its true label, the others what stands under A."""
    table = rows(queue)
    for place, row in enumerate(table):
        row["decision"] = row["text"].split()[0] if place == 0 else "A"
    with Path(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)


def test_the_documented_commands_play_a_round_through(texts):
    shown = [
        words for words in commands(ROOT / "docs/annotation.md") if words[:3] == ["python", "-m", "commands.annotate"]
    ]
    assert {word for words in shown for word in words if word.startswith("--")} == OPTIONS
    assert {words[3] for words in shown} == {"guideline", "plan", "import", "export", "status", "adjudicate"}
    for words in sorted(shown, key=lambda words: words[3:5] == ["plan", "second"]):  # it needs answers
        annotate(*words[3:])
        if words[3:5] == ["plan", "first"]:
            label_tasks()
        elif words[3:] == ["adjudicate", "first"]:
            queue = rows(ROUND / "tasks/adjudicator.csv")
            assert len(queue) == 4 and {row["confidence"] for row in queue} == {"0.6667"}
            decide(ROUND / "tasks/adjudicator.csv", "decided.csv")
            Path("decided.csv").write_text("".join(Path("decided.csv").read_text().splitlines(keepends=True)[:2]))
        elif words[3:] == ["adjudicate", "--audit"]:
            decide(ROUND.parent / "tasks/audit.csv", "verdicts.csv")
    answers = read_answer_file(ROUND / "answers.csv")
    assert len(answers) == 3 * 66 + 1 and sum(answer.annotator == ADJUDICATOR for answer in answers) == 1
    assert rows(Path("catalog/reviews/tiny.csv")) == [{"id": "d1", "verdict": "keep", "new_label": ""}]
    printed = run(Path.cwd(), "python", "-m", "commands.annotate", "status", PYTHONPATH=str(ROOT)).stdout
    assert "first: 66 documents (random, train), overlap 3, gold 6" in printed
    assert "second: 3 documents (disagreement, train), overlap 2, gold 0" in printed
    assert "a4: 0 of 3 answered" in printed and "3 open, 1 decided by the adjudicator" in printed
