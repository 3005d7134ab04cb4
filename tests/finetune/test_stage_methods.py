"""The stage with other methods, options and tasks, on a tiny corpus and a tiny encoder."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForTokenClassification

from stages.common.documents.card import LABELS, write_labels
from stages.common.documents.consensus import CONSENSUS, write_consensus
from stages.common.documents.spans import bio_tags
from stages.common.documents.table import read_documents, write_documents
from stages.common.model.answers import answer
from stages.common.model.scorer import Scorer
from stages.finetune.tasks import text_classification, token_classification
from tests.common.tiny_encoder import TOPICS
from tests.finetune.conftest import fill, make_card, make_sentences, make_split, write_parameters
from tests.finetune.test_stage import run

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path, encoder):
    return fill(tmp_path, encoder)


def only_epochs(err):
    """Whether nothing but the lines of the epochs was said on standard error."""
    return all(line.startswith("finetune: epoch ") for line in err.splitlines())


@pytest.fixture
def sentences(place):
    """Makes the stage's folder one with sentences of tagged words."""
    write_documents(make_sentences(0, 40), place / "data/audited/train.parquet")
    write_documents(make_sentences(100, 12), place / "data/splits/validation.parquet")
    write_labels(make_card(("PER", "LOC"), "token-classification"), place / LABELS)
    return place


def test_entities_are_learnt_and_the_summary_holds_the_metrics_of_the_saved_model(sentences, monkeypatch, capfd):
    write_parameters(sentences, epochs=4)
    code, out, err = run(sentences, monkeypatch, capfd)
    assert code == 0 and only_epochs(err)
    assert out.startswith("finetune: validation span_f1 ")
    summary = json.loads((sentences / "reports/finetune/summary.json").read_text())
    validation = read_documents(sentences / "data/splits/validation.parquet")
    tags = bio_tags(["PER", "LOC"])
    scorer = Scorer.load(sentences / "models/finetuned", "cpu")
    truth = [np.array([tags.index(tag) for tag in row]) for row in validation["tags"]]
    logits = scorer.logits(validation, "scoring")
    assert summary["validation"] == pytest.approx(
        token_classification.validation_metrics(logits, truth, scorer.inference)
    )
    assert summary["validation"]["span_f1"] > 0.5
    plain = AutoModelForTokenClassification.from_pretrained(sentences / "models/finetuned")
    assert plain.config.id2label == dict(enumerate(tags))
    curve = pd.read_csv(sentences / "reports/finetune/live/plots/metrics/validation/span_f1.tsv", sep="\t")
    assert curve["span_f1"].max() == pytest.approx(summary["validation"]["span_f1"])


def test_sentences_without_a_token_change_nothing_and_are_named(sentences, monkeypatch, capfd):
    assert run(sentences, monkeypatch, capfd)[0] == 0
    weights = (sentences / "models/finetuned/model.safetensors").read_bytes()
    training = make_sentences(0, 40)
    silent = training.iloc[[0]].assign(id="silent", tokens=[["\u200b", "\ufe0f"]], tags=[["B-PER", "O"]])
    written = pd.concat([training.iloc[:9], silent, training.iloc[9:]], ignore_index=True)
    write_documents(written, sentences / "data/audited/train.parquet")
    validation = pd.concat([make_sentences(100, 12), silent], ignore_index=True)
    write_documents(validation, sentences / "data/splits/validation.parquet")
    code, out, err = run(sentences, monkeypatch, capfd)
    assert code == 0 and only_epochs(err)
    assert "1 training documents were left out, since the tokenizer makes no token of them, such as 'silent'" in out
    summary = json.loads((sentences / "reports/finetune/summary.json").read_text())
    assert summary["training_rows_without_tokens"] == ["silent"]
    assert (sentences / "models/finetuned/model.safetensors").read_bytes() == weights


@pytest.mark.parametrize("method", ["adalora", "prefix"])
def test_two_runs_with_an_adapter_give_the_same_bytes(place, encoder, tmp_path, monkeypatch, capfd, method):
    for folder in (place, fill(tmp_path / "again", encoder)):
        write_parameters(folder, method=method, learning_rate="auto")
        code, _, err = run(folder, monkeypatch, capfd)
        assert code == 0 and only_epochs(err)
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
    scorer = Scorer.load(place / "models/finetuned", "cpu")
    inference = scorer.inference
    assert (inference.max_length, inference.truncation, inference.window_overlap) == (12, "windows", 0.5)
    validation = read_documents(place / "data/splits/validation.parquet")
    logits = scorer.logits(validation, "scoring")
    truth = np.array([list(TOPICS).index(label) for label in validation["label"]])
    summary = json.loads((place / "reports/finetune/summary.json").read_text())
    assert summary["validation"] == pytest.approx(text_classification.validation_metrics(logits, truth, inference))
    assert summary["validation"]["accuracy"] > 0.5


def without_tokens(place):
    write_documents(make_split(0, 4).assign(text="\u200b"), place / "data/audited/train.parquet")


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
        (without_tokens, "train.parquet: the tokenizer makes no token of any document"),
        (with_pickled_weights, "pytorch_model.bin: weights in a pickle are not loaded"),
        (without_tokenizer, "the model's tokenizer is missing"),
        (lambda f: write_parameters(f, method="lorra"), "finetune.method: input should be 'auto', 'full', 'frozen'"),
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


def test_more_labels_in_the_data_than_in_the_entry_end_in_one_line(sentences, monkeypatch, capfd):
    write_labels(make_card(("PER",), "token-classification"), sentences / LABELS)
    code, _, err = run(sentences, monkeypatch, capfd)
    assert code == 1
    assert "document 's000' has the tag 'B-LOC', but the dataset's entry lists the labels PER only" in err


def as_pairs(documents):
    """Both texts of a pair are of one topic, or not."""
    other = documents["text"].tolist()[1:] + documents["text"].tolist()[:1]
    same = documents["label"].eq(documents["label"].shift(-1).fillna(documents["label"].iloc[0]))
    labels = same.map({True: "same", False: "other"})
    return documents.drop(columns=["tokens", "tags"]).assign(text_pair=other, label=labels)


def as_sets(documents):
    sets = [[label, "news"] if number % 2 else [label] for number, label in enumerate(documents["label"])]
    return documents.drop(columns=["label", "tokens", "tags"]).assign(labels=sets)


def as_numbers(documents):
    values = documents["label"].map({"business": 10.0, "sport": 50.0, "tech": 90.0})
    return documents.drop(columns=["label", "tokens", "tags"]).assign(value=values)


@pytest.mark.parametrize(
    ("task", "change", "labels", "metric", "better_than"),
    [
        ("pairs", as_pairs, ("same", "other"), "accuracy", 0.4),
        ("multi-label", as_sets, (*TOPICS, "news"), "macro_f1", 0.5),
        ("regression", as_numbers, (), "pearson", 0.5),
    ],
)
def test_each_further_task_is_learnt(place, monkeypatch, capfd, task, change, labels, metric, better_than):
    write_documents(change(make_split(0, 24)), place / "data/audited/train.parquet")
    write_documents(change(make_split(100, 8)), place / "data/splits/validation.parquet")
    write_labels(make_card(labels, task), place / LABELS)
    write_parameters(place, epochs=4)
    code, _out, err = run(place, monkeypatch, capfd)
    assert code == 0 and only_epochs(err)
    summary = json.loads((place / "reports/finetune/summary.json").read_text())
    assert summary["validation"][metric] > better_than
    scorer = Scorer.load(place / "models/finetuned", "cpu")
    columns = answer(scorer, read_documents(place / "data/splits/validation.parquet"), "answering")
    assert {len(values) for values in columns.values()} == {24}
    assert (scorer.inference.thresholds is not None) is (task == "multi-label")


def test_soft_labels_change_the_weights(place, monkeypatch, capfd):
    training = read_documents(place / "data/audited/train.parquet")
    labels = list(TOPICS)
    shares = [[0.7 if label == own else 0.3 / (len(labels) - 1) for label in labels] for own in training["label"]]
    rows = training[["id", "label"]].assign(confidence=0.7, probabilities=shares, gold=None, seen=False, left_out=False)
    (place / CONSENSUS).parent.mkdir(parents=True)
    write_consensus(rows, place / CONSENSUS)
    weights = []
    for soft in (False, True):
        write_parameters(place, soft_labels=soft)
        assert run(place, monkeypatch, capfd)[0] == 0
        weights.append((place / "models/finetuned/model.safetensors").read_bytes())
    assert weights[0] != weights[1]
