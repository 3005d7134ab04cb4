"""A tiny run to probe: splits, predictions, a model with random weights, and suites of a few texts."""

import hashlib
import json

import pandas as pd
import pytest
import yaml

from stages.common.documents.card import write_card
from stages.common.documents.table import write_documents
from stages.probe.parameters import ProbeParameters
from tests.evaluate.conftest import LABELS, card, documents, save_tiny_model

PARAMETERS = {
    "suites": ["names"],
    "labels": {},
    "attributes": [],
    "seed": 1,
    "documents": 3,
    "swaps": 5,
    "words": 6,
    "least": 4,
    "tolerance": 0.02,
    "permutations": 200,
    "bootstrap_samples": 100,
    "confidence": 0.95,
    "device": "cpu",
    "threads": 1,
}
HEAD = {"title": "A suite", "language": "en", "licence": "none", "citation": "none"}
NAMES = {
    "groups": {"one": ["team", "cup", "match"], "other": ["phone", "chip", "web"]},
    "templates": ["The {word} and {a word}.", "{thing} {word}"],
    "fill": {"thing": ["number", "the"]},
    "frames": ["{word}: {text}"],
}


def parameters(**changes):
    return ProbeParameters.model_validate(PARAMETERS | changes)


class Workplace:
    """A folder with what the stage reads, which is the working directory."""

    def __init__(self, folder):
        self.folder = folder
        self.record = {}

    def suite(self, name, files=(), **form):
        """Writes an entry, and its files as if they had been fetched."""
        pinned = []
        for file, content in dict(files).items():
            place = self.folder / "models/fetched/probes" / name
            place.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(content, encoding="utf-8")
            digest = hashlib.sha256(content.encode()).hexdigest()
            pinned.append({"name": file, "sha256": digest, "sources": []})
        self.record[name] = None
        (self.folder / "models/fetched/probes/probes.json").write_text(json.dumps(self.record))
        entry = HEAD | {"files": pinned} | form
        (self.folder / f"catalog/probes/{name}.yaml").write_text(yaml.safe_dump(entry, allow_unicode=True))

    def choose(self, *suites, **changes):
        section = PARAMETERS | {"suites": list(suites)} | changes
        (self.folder / "params.yaml").write_text(yaml.safe_dump({"probe": section}))


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "data/splits",
        "data/audited",
        "data/raw",
        "catalog/probes",
        "models/fetched/probes",
        "models/finetuned",
    ):
        (tmp_path / name).mkdir(parents=True)
    write_documents(documents("train", 4), tmp_path / "data/audited/train.parquet")
    test = documents("test", 6)
    write_documents(test, tmp_path / "data/splits/test.parquet")
    write_card(card(), tmp_path / "data/splits")
    predictions = test[["id", "label"]].assign(predicted=[LABELS[number % 3] for number in range(len(test))])
    predictions.to_parquet(tmp_path / "data/predictions.parquet")
    beside = pd.DataFrame({"id": test["id"], "region": ["north", "south", "south"] * 6})
    beside.to_parquet(tmp_path / "data/raw/annotations.parquet")
    save_tiny_model(tmp_path / "models/finetuned")
    made = Workplace(tmp_path)
    made.suite("names", words=NAMES)
    made.choose("names")
    return made
