"""A model is asked where it is unsure, and shown to annotators and adjudicators only when that is wanted."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from commands.origin import model_hash
from stages.common.core.messages import UserError
from stages.common.model.inference import Inference, write_inference
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer
from stages.common.text_rules.settings import TextRules
from tests.commands.annotated import TOPICS, annotate, load, rows, save_sentences, save_topics
from tests.common.tiny_encoder import save_encoder, save_tagger

READING = {"max_length": 16, "batch_tokens": 100, "truncation": "head", "window_overlap": 0.0}
ROUND = Path("catalog/annotation/tiny/first")


def save_classifier(folder, labels):
    """An untrained classifier, in models/finetuned."""
    inference = Inference.model_validate({"task": "text-classification", "labels": labels, **READING})
    torch.manual_seed(1)
    model, tokenizer = load_pretrained(save_encoder(folder / "encoder"), inference.outputs, 0.0, "document")
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    (folder / "models").mkdir()
    model.save_pretrained(folder / "models/finetuned")
    tokenizer.save_pretrained(folder / "models/finetuned")
    write_inference(inference, folder / "models/finetuned")
    return Scorer(model, tokenizer, inference)


@pytest.fixture
def topics(tmp_path, monkeypatch, make_documents):
    """Documents, and the probabilities that a model gives to each label, by id."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("commands.prediction.rules_of", lambda _: TextRules())  # of no run
    save_topics(tmp_path, make_documents)
    annotate("guideline")
    scorer = save_classifier(tmp_path, list(TOPICS))
    documents = make_documents([f"{TOPICS[list(TOPICS)[n % 3]]} number {n} <b>&amp;</b>" for n in range(40)])
    logits = scorer.logits(documents, "expected").astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return dict(zip(documents["id"], shares, strict=True))


def plan(*arguments):
    annotate("plan", "first", "--annotators", "a1,a2", "--overlap", 2, "--device", "cpu", *arguments)


def test_the_documents_of_the_highest_entropy_are_chosen(topics):
    plan("--items", 5, "--by", "uncertainty")
    entropy = {row_id: -(shares * np.log(shares)).sum() for row_id, shares in topics.items()}
    shown = Path("catalog/guidelines/tiny.md").read_text()
    free = [row_id for row_id in entropy if int(row_id[1:]) % 4 != 3 and f"<!-- {row_id} -->" not in shown]
    chosen = {row["id"] for row in rows(ROUND / "plan.csv")}
    assert min(entropy[row_id] for row_id in chosen) >= max(entropy[row_id] for row_id in {*free} - chosen) - 1e-5
    assert len(chosen) == 5 and chosen <= {*free}
    record = yaml.safe_load((ROUND / "round.yaml").read_text())
    assert record["model"] == model_hash(Path("models/finetuned")) and not record["shows_predictions"]
    assert all("predictions" not in task for task in load(ROUND / "tasks/a1.json"))


def test_predictions_are_shown_where_they_are_asked_for(topics):
    plan("--items", 4, "--gold", 1, "--predictions")
    for task in load(ROUND / "tasks/a1.json"):
        shares = topics[task["data"]["document"]]
        (prediction,) = task["predictions"]
        assert prediction["result"][0]["value"]["choices"] == [list(TOPICS)[shares.argmax()]]
        assert prediction["score"] == pytest.approx(shares.max(), abs=1e-5)
        assert model_hash(Path("models/finetuned")).startswith(prediction["model_version"])


def test_an_adjudicator_may_see_what_the_model_says(topics):
    plan("--items", 2, "--tool", "csv")
    for name, label in (("a1", "garden"), ("a2", "kitchen")):
        table = rows(ROUND / f"tasks/{name}.csv")
        Path(f"{name}.csv").write_text("id,answer\n" + "".join(f"{row['id']},{label}\n" for row in table))
    annotate("import", "first", "a1.csv", "a2.csv")
    annotate("adjudicate", "first", "--predictions", "--device", "cpu", "--out", "queue.csv")
    for row in rows(Path("queue.csv")):
        shares = topics[row["id"]]
        assert row["model"] == list(TOPICS)[shares.argmax()]
        assert float(row["probability"]) == pytest.approx(shares.max(), abs=1e-5)
    table = rows(Path("queue.csv"))
    Path("decided.csv").write_text(f"id,decision,model\n{table[0]['id']},model,{table[0]['model']}\n")
    annotate("adjudicate", "first", "--take", "decided.csv")
    assert f"{table[0]['id']},adjudicator,{table[0]['model']}," in (ROUND / "answers.csv").read_text()


def test_a_model_of_other_labels_or_another_task_is_refused(topics):
    record = Path("models/finetuned/inference.json")
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "task": "multi-label"}))
    with pytest.raises(UserError, match=r"models/finetuned: answers multi-label, not text-classification"):
        plan("--items", 1, "--by", "uncertainty")
    card = Path("data/raw/card.json")
    card.write_text(card.read_text().replace("harbour", "port"))
    record.write_text(json.dumps(known))
    with pytest.raises(UserError, match=r"models/finetuned: has other labels than data/raw"):
        plan("--items", 1, "--by", "uncertainty")


def test_entities_that_a_model_finds_are_shown_in_characters(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_sentences(tmp_path, make_documents)
    annotate("guideline")
    every = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG")
    (tmp_path / "models").mkdir()
    folder = save_tagger(tmp_path / "models/finetuned", {"ann": "B-PER", "lee": "I-PER", "acme": "B-ORG"}, every)
    known = {"task": "token-classification", "labels": ["PER", "ORG"], **READING, "truncation": "windows"}
    write_inference(Inference.model_validate(known), folder)
    plan("--items", 4, "--by", "uncertainty", "--predictions")
    shown = {task["data"]["document"]: task["predictions"][0]["result"] for task in load(ROUND / "tasks/a1.json")}
    spans = [result["value"] for result in shown["d0"]]
    assert spans == [
        {"start": 2, "end": 9, "text": "Ann Lee", "labels": ["PER"]},
        {"start": 16, "end": 20, "text": "Acme", "labels": ["ORG"]},
    ]
    assert shown["d2"] == [] and [result["value"]["text"] for result in shown["d1"]] == ["Acme"]


def test_documents_are_chosen_by_margin_badge_coreset_and_clusters(topics):
    shutil.copytree("encoder", "models/fetched/pretrained")
    chosen = {}
    for way in ("margin", "badge", "coreset", "clusters"):
        plan("--items", 5, "--by", way)
        chosen[way] = {row["id"] for row in rows(ROUND / "plan.csv")}
        record = yaml.safe_load((ROUND / "round.yaml").read_text())
        assert record["chosen"] == way and (record["model"] is None) == (way == "clusters")
        shutil.rmtree(ROUND)
        plan("--items", 5, "--by", way)
        assert {row["id"] for row in rows(ROUND / "plan.csv")} == chosen[way]  # the seed decides
        shutil.rmtree(ROUND)
        assert len(chosen[way]) == 5
    shown = Path("catalog/guidelines/tiny.md").read_text()
    gap = {row_id: float(np.diff(np.sort(shares)[-2:])[0]) for row_id, shares in topics.items()}
    free = {row_id for row_id in gap if int(row_id[1:]) % 4 != 3 and f"<!-- {row_id} -->" not in shown}
    others = free - chosen["margin"]
    assert max(gap[row_id] for row_id in chosen["margin"]) <= min(gap[row_id] for row_id in others) + 1e-5
    assert len({frozenset(ids) for ids in chosen.values()}) > 1


def test_margin_goes_with_one_label_a_document(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_sentences(tmp_path, make_documents)
    annotate("guideline")
    with pytest.raises(UserError, match="--by margin: goes with one label a document"):
        plan("--items", 1, "--by", "margin")
