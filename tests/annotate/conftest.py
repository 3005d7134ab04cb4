"""A folder in which the stage runs on some documents and answers."""

import pandas as pd
import pytest
import yaml

from stages.annotate.__main__ import main
from stages.common.documents.answers import SCHEMA, write_answers
from stages.common.documents.card import Card, Label, write_card
from stages.common.documents.table import write_documents
from stages.common.tasks import task_named

LABELS = ["spam", "ham"]
DEFAULTS = {
    "seed": 1,
    "method": "auto",
    "shrinkage": 2.0,
    "number_shrinkage": 20.0,
    "temper": True,
    "gold_share": 0.1,
    "confidence": 0.5,
    "unsure": "keep",
    "functions": "catalog/functions/none.py",
    "bootstrap_samples": 100,
}


def table(*rows):
    """Answers: id, annotator and answer of each."""
    answers = pd.DataFrame(rows, columns=["id", "annotator", "answer"])
    return answers.reindex(columns=SCHEMA.names).astype({"time": "datetime64[us, UTC]", "seconds": float})


@pytest.fixture
def annotate(tmp_path, monkeypatch, make_documents):
    """Runs the stage on documents and answers; gives the folder."""
    monkeypatch.chdir(tmp_path)

    def run(gold, answers=None, **said):
        raw = tmp_path / "data/raw"
        raw.mkdir(parents=True, exist_ok=True)
        columns = {name: said.pop(name) for name in ("group", "published_split") if name in said}
        texts = [f"text number {number}" for number in range(len(gold))]
        task = task_named(said.pop("task", "text-classification"))
        documents = make_documents(texts, **columns)
        if task.name != "text-classification":
            documents = documents.drop(columns=["label", "tokens", "tags"])
        if task.answer == "tags":
            documents = documents.assign(label=None, tokens=[text.split() for text in texts])
        target = pd.Series(list(gold), dtype="float" if task.answer == "value" else object)
        write_documents(documents.assign(**{task.target: target}), raw / "documents.parquet")
        labels = [Label(name=name, definition=name) for name in LABELS if task.answer != "value"]
        fields = dict.fromkeys(("name", "title", "licence", "citation"), "x")
        card = {**fields, "task": task.name, "language": "en", "known_faults": [], "sources": []}
        write_card(Card.model_validate({**card, "labels": labels, "rows": len(gold)}), raw)
        none = tmp_path / DEFAULTS["functions"]
        none.parent.mkdir(parents=True, exist_ok=True)
        none.write_text('"""None."""\n')
        (raw / "answers.parquet").unlink(missing_ok=True)
        if answers is not None:
            write_answers(answers, raw / "answers.parquet")
        (tmp_path / "params.yaml").write_text(yaml.safe_dump({"annotate": {**DEFAULTS, **said}}))
        main()
        return tmp_path

    return run
