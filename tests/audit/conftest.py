import random

import pandas as pd
import pytest
import yaml

from stages.common.core.validation import read_yaml
from stages.common.documents.answers import no_answers, write_answers
from stages.common.documents.card import Card, write_card
from stages.common.documents.consensus import no_consensus, write_consensus
from stages.common.documents.table import write_documents, write_rejected
from tests.imports import ROOT

WORDS = {
    "sport": ["goal", "match", "team", "coach", "win", "league", "cup", "score", "player", "season"],
    "tech": ["chip", "code", "phone", "net", "data", "user", "screen", "byte", "app", "disk"],
}
COMMON = ["the", "a", "of", "and", "to", "in", "it", "was", "for", "on"]
WRONG = ["sport-03", "tech-07", "tech-21"]


def make_training(per_label=40, wrong=WRONG):
    """Two easy classes in which some labels are exchanged, and one variant of each of the first documents."""
    rows = []
    for label, words in WORDS.items():
        for number in range(per_label):
            name, drawn = f"{label}-{number:02}", random.Random(f"{label}{number}")
            text = " ".join(drawn.choices(words, k=8) + drawn.choices(COMMON, k=6))
            other = next(name for name in WORDS if name != label)
            given = other if name in wrong else label
            rows.append((name, text, given, name, [name], "original"))
            if number < 10:
                rows.append((f"{name}#swap-1", text[::-1], given, name, [name], "swap"))
    frame = pd.DataFrame(rows, columns=["id", "text", "label", "group", "derived_from", "method"])
    return frame.assign(tokens=None, tags=None, published_split=None)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder as the stage finds it, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    splits = tmp_path / "data/splits"
    splits.mkdir(parents=True)
    write_documents(make_training(), splits / "train.parquet")
    held_out = make_training(2, [])
    held_out = held_out[held_out["method"].eq("original")]
    for name in ("validation", "test"):
        ids = name + held_out["id"]
        rows = held_out.assign(id=ids, group=ids, derived_from=[[i] for i in ids])
        write_documents(rows, splits / f"{name}.parquet")
    write_rejected(held_out.iloc[:0].assign(rule="", reason=""), splits / "rejected.parquet")
    labels = [{"name": name, "definition": name} for name in WORDS]
    text = dict.fromkeys(("title", "licence", "citation"), "x")
    card = Card.model_validate(
        {"name": "tiny", "task": "text-classification", "language": "en", "known_faults": [], "labels": labels}
        | {"sources": [], "rows": 1}
        | text
    )
    write_card(card, splits)
    annotated = tmp_path / "data/annotated"
    annotated.mkdir()
    write_answers(no_answers(), annotated.parent / "answers.parquet")
    write_consensus(no_consensus(), annotated / "consensus.parquet")
    set_parameters(tmp_path)
    return tmp_path


def set_parameters(folder, **changed):
    section = read_yaml(ROOT / "params.yaml")["audit"] | {"reviewed": "review.csv"} | changed
    (folder / "params.yaml").write_text(yaml.safe_dump({"audit": section}))
    if not (folder / "review.csv").exists():
        (folder / "review.csv").write_text("id,verdict,new_label\n")
