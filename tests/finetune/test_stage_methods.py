"""The stage with other methods, options and tasks, on a tiny corpus and a tiny encoder."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from stages.common.model.scoring import score, score_words
from transformers import AutoModelForTokenClassification

from stages.common.documents.card import write_card
from stages.common.documents.spans import bio_tags
from stages.common.documents.table import read_documents, write_documents
from stages.common.model.loading import load_finetuned, read_inference
from stages.finetune.validation import entity_figures, validation_figures
from tests.common.tiny_encoder import TOPICS
from tests.finetune.conftest import fill, make_card, make_sentences, make_split, write_parameters
from tests.finetune.test_stage import run


@pytest.fixture
def place(tmp_path, encoder):
    return fill(tmp_path, encoder)


@pytest.fixture
def sentences(place):
    """Makes the stage's folder one with sentences of tagged words."""
    write_documents(make_sentences(0, 40), place / "data/audited/train.parquet")
    write_documents(make_sentences(100, 12), place / "data/splits/validation.parquet")
    write_card(make_card(("PER", "LOC"), "token-classification"), place / "data/splits")
    return place


def test_entities_are_learnt_and_the_summary_holds_the_figures_of_the_saved_model(sentences, monkeypatch, capfd):
    write_parameters(sentences, epochs=4)
    code, out, err = run(sentences, monkeypatch, capfd)
    assert (code, err) == (0, "")
    assert out.startswith("finetune: Tiny news: validation entity F1 ")
    summary = json.loads((sentences / "reports/finetune/summary.json").read_text())
    validation = read_documents(sentences / "data/splits/validation.parquet")
    model, tokenizer = load_finetuned(sentences / "models/finetuned", "cpu")
    tags = bio_tags(["PER", "LOC"])
    logits = score_words(model, tokenizer, validation["tokens"].tolist(), 32)
    truth = [np.array([tags.index(tag) for tag in row]) for row in validation["tags"]]
    assert summary["validation"] == pytest.approx(entity_figures(logits, truth, tags))
    assert summary["validation"]["entity_f1"] > 0.5
    plain = AutoModelForTokenClassification.from_pretrained(sentences / "models/finetuned")
    assert plain.config.id2label == dict(enumerate(tags))
    curve = pd.read_csv(sentences / "reports/finetune/live/plots/metrics/validation/entity_f1.tsv", sep="\t")
    assert curve["entity_f1"].max() == pytest.approx(summary["validation"]["entity_f1"])


@pytest.mark.parametrize("method", ["adalora", "prefix"])
def test_two_runs_with_an_adapter_give_the_same_bytes(place, encoder, tmp_path, monkeypatch, capfd, method):
    for folder in (place, fill(tmp_path / "again", encoder)):
        write_parameters(folder, method=method, learning_rate="auto")
        code, _, err = run(folder, monkeypatch, capfd)
        assert (code, err) == (0, "")
    made = [path for part in ("models/finetuned", "reports") for path in sorted((place / part).rglob("*.*"))]
    assert place / "models/finetuned/adapter/adapter_model.safetensors" in made
    for path in made:
        if path.is_file() and path.name != "environment.json":
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(place)).read_bytes(), path
    summary = json.loads((place / "reports/finetune/summary.json").read_text())
    assert 0 < summary["trainable_share"] < 0.5


def test_documents_are_scored_as_they_were_cut_in_training(place, monkeypatch, capfd):
    options = {"label_smoothing": 0.1, "class_weights": "balanced", "r_drop": 0.5, "layer_decay": 0.9}
    windows = {"truncation": "windows", "window_overlap": 0.5, "max_length": 12, "micro_batch_size": 3}
    write_parameters(place, **options, **windows, schedule="cosine", method="frozen")
    assert run(place, monkeypatch, capfd)[0] == 0
    inference = read_inference(place / "models/finetuned")
    assert (inference.max_length, inference.truncation, inference.window_overlap) == (12, "windows", 0.5)
    validation = read_documents(place / "data/splits/validation.parquet")
    model, tokenizer = load_finetuned(place / "models/finetuned", "cpu")
    cut = {"truncation": inference.truncation, "window_overlap": inference.window_overlap}
    logits = score(model, tokenizer, validation["text"].tolist(), inference.max_length, **cut)
    truth = np.array([list(TOPICS).index(label) for label in validation["label"]])
    summary = json.loads((place / "reports/finetune/summary.json").read_text())
    assert summary["validation"] == pytest.approx(validation_figures(logits, truth))
    assert summary["validation"]["accuracy"] > 0.5


def without_tokens(place):
    documents = make_split(0, 4)
    documents.loc[1, "text"] = "\u200b"
    write_documents(documents, place / "data/audited/train.parquet")


def with_pickled_weights(place):
    weights = place / "models/fetched/pretrained/model.safetensors"
    torch.save({}, weights.with_name("pytorch_model.bin"))
    weights.unlink()


def without_tokenizer(place):
    for path in (place / "models/fetched/pretrained").glob("token*"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_tokens, "train.parquet: the tokenizer makes no token of 1 documents, the first is 'business/001'"),
        (with_pickled_weights, "pytorch_model.bin: weights in a pickle are not loaded"),
        (without_tokenizer, "the model's tokenizer is missing"),
        (lambda f: write_parameters(f, method="lorra"), "finetune.method: input should be 'full', 'frozen'"),
        (
            lambda f: write_parameters(f, method="frozen", frozen_layers=9),
            "frozen_layers is 9, but the model has 2",
        ),
        (
            lambda f: write_parameters(f, method="prefix", max_length=61),
            "is 61, but the model has positions for 60",
        ),
    ],
)
def test_a_mistake_ends_in_one_line(place, monkeypatch, capfd, spoil, said):
    spoil(place)
    code, out, err = run(place, monkeypatch, capfd)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (place / "models/finetuned").exists()


def test_more_labels_in_the_data_than_in_the_card_end_in_one_line(sentences, monkeypatch, capfd):
    write_card(make_card(("PER",), "token-classification"), sentences / "data/splits")
    code, _, err = run(sentences, monkeypatch, capfd)
    assert code == 1
    assert "document 's000' has the tag 'B-LOC', but card.json beside it lists the labels PER only" in err
