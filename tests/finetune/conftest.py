"""A folder with splits and a tiny pretrained encoder, as the stage finds them."""

import shutil

import pandas as pd
import pytest
import yaml
from accelerate.state import AcceleratorState

from stages.common.documents.card import LABELS, Card, Label, write_labels
from stages.common.documents.table import write_documents
from stages.common.documents.unlabelled import write_unlabelled
from stages.common.tasks import task_of
from stages.finetune.parameters import Finetune
from tests.common.tiny_encoder import COMMON, TOPICS, article, save_encoder

PARAMETERS = {
    "seed": 1,
    "epochs": 2,
    "batch_size": 8,
    "max_length": 32,
    "learning_rate": 5.0e-3,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "clip_norm": 1.0,
    "dropout": 0.1,
    "early_stopping_patience": 2,
    "device": "cpu",
    "precision": "fp32",
    "emulate_bf16": False,
    "instructions": "native",
    "threads": 1,
    "micro_batch_size": None,
    "gradient_checkpointing": False,
    "tf32": False,
    "compile": False,
    "method": "full",
    "frozen_layers": 1,
    "adapter": {"rank": 4, "alpha": 8.0, "virtual_tokens": 4},
    "layers": [],
    "truncation": "head",
    "window_overlap": 0.25,
    "schedule": "linear",
    "layer_decay": 1.0,
    "label_smoothing": 0.0,
    "class_weights": "none",
    "soft_labels": False,
    "contrastive": {"loss": "supervised", "pairs": 20, "temperature": 0.1},
    "distil": {"teacher": "full", "epochs": 2, "learning_rate": 5.0e-3, "temperature": 1.0, "labels": 0.0},
    "unlabelled": {
        "method": "none",
        "mixture": False,
        "rounds": 1,
        "share": 0.75,
        "epochs": 1,
        "learning_rate": 1.0e-4,
        "most_drift": 0.2,
    },
    "keep": "best",
    "r_drop": 0.0,
}


@pytest.fixture
def parameters():
    def change(**changes):
        return Finetune.model_validate({**PARAMETERS, **changes})

    return change


@pytest.fixture(autouse=True)
def fresh_accelerator():
    """Lets each test choose a device and precision of its own: accelerate keeps the first choice of a process."""
    yield
    AcceleratorState._reset_state(True)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("pretrained") / "encoder")


def make_split(first, per_label):
    rows = [
        {"id": f"{topic}/{number:03}", "text": article(topic, number, words=4 + number % 17), "label": topic}
        for topic in TOPICS
        for number in range(first, first + per_label)
    ]
    frame = pd.DataFrame(rows).assign(method="original", tokens=None, tags=None)
    return frame.assign(group=frame["id"], derived_from=[[row_id] for row_id in frame["id"]])


def make_sentences(first, count):
    """Sentences in which a name follows a word that tells which kind it is of."""
    rows = []
    for number in range(first, first + count):
        place = number % 3
        words = ["the", *COMMON[place : place + 3], "firm", "bank", "markets", "in", "cup", "first"]
        tags = ["O"] * (len(words) - 6) + ["O", "B-PER", "I-PER", "O", "B-LOC", "O"]
        words, tags = words[number % 2 :], tags[number % 2 :]
        rows.append({"id": f"s{number:03}", "text": " ".join(words), "tokens": words, "tags": tags})
    frame = pd.DataFrame(rows).assign(method="original", label=None)
    return frame.assign(group=frame["id"], derived_from=[[row_id] for row_id in frame["id"]])


def make_card(labels=tuple(TOPICS), task="text-classification"):
    return Card(
        name="tiny",
        title="Tiny news",
        task=task,
        language="en",
        licence="none",
        citation="none",
        known_faults=[],
        labels=[Label(name=label, definition=f"About {label}.") for label in labels],
        sources=[],
        rows=100,
    )


def fill(folder, encoder):
    """Puts what the stage reads into a folder: params.yaml, splits and models/fetched/pretrained."""
    splits = folder / "data/splits"
    audited = folder / "data/audited"
    splits.mkdir(parents=True)
    audited.mkdir()
    write_documents(make_split(0, 24), audited / "train.parquet")
    write_documents(make_split(100, 8), splits / "validation.parquet")
    write_labels(make_card(), folder / LABELS)
    shutil.copytree(encoder, folder / "models/fetched/pretrained")
    write_parameters(folder)
    return folder


def put_texts(folder, per_label, variants=0):
    """Writes data/unlabelled: texts like those of each topic, and variants of each."""
    texts = make_split(300, per_label) if per_label else make_split(300, 1)[:0]
    ids = texts["id"]
    numbers = range(variants)
    made = [texts.assign(id=ids + f"#{n}", method="swap", derived_from=[[i] for i in ids]) for n in numbers]
    (folder / "data/unlabelled").mkdir(exist_ok=True)
    rows = pd.concat([texts, *made], ignore_index=True)
    nothing = rows[:0].assign(rule="", reason="")
    write_unlabelled(rows, nothing, task_of(make_card()), folder / "data/unlabelled")


def write_parameters(folder, **changes):
    (folder / "params.yaml").write_text(yaml.safe_dump({"finetune": {**PARAMETERS, **changes}}))
