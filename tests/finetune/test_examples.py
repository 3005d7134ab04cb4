import numpy as np
import pandas as pd
import pytest
import torch

from stages.common.core.messages import UserError
from stages.common.model.loading import load_pretrained
from stages.common.training.placement import choose_precision
from stages.finetune.examples import (
    IGNORED,
    check_classes,
    check_length,
    label_indices,
    make_examples,
    plan_inference,
    tag_indices,
    target_indices,
)
from stages.finetune.validation import validation_figures
from tests.common.tiny_encoder import save_encoder
from tests.finetune.conftest import make_card, make_sentences, make_split


def test_labels_are_numbered_in_the_order_of_the_card(tmp_path):
    documents = make_split(0, 2)
    assert label_indices(documents, ["tech", "business", "sport"], tmp_path).tolist() == [1, 1, 2, 2, 0, 0]


@pytest.mark.parametrize("task", ["text-classification", "token-classification"])
def test_an_empty_split_is_refused(task, tmp_path):
    with pytest.raises(UserError, match=r"train\.parquet: holds no document"):
        target_indices(make_split(0, 2).iloc[:0], make_card(task=task), tmp_path / "train.parquet")


def test_a_label_that_the_card_does_not_list_is_named(tmp_path):
    with pytest.raises(UserError, match=r"document 'tech/000' has the label 'tech', which card\.json"):
        label_indices(make_split(0, 2), ["sport", "business"], tmp_path)


def test_a_document_without_label_is_named(tmp_path):
    documents = make_split(0, 2)
    documents.loc[3, "label"] = None
    with pytest.raises(UserError, match="1 documents have no label, the first is 'sport/001'"):
        label_indices(documents, ["sport", "business", "tech"], tmp_path)


def test_a_single_class_is_refused(tmp_path):
    with pytest.raises(UserError, match="all documents have the label 'b'"):
        check_classes([np.array([1]), np.array([1])], ["a", "b"], tmp_path)


def test_sentences_without_a_name_are_refused(tmp_path):
    with pytest.raises(UserError, match="all words have the tag 'O'"):
        check_classes([np.array([0, 0]), np.array([0])], ["O", "B-PER", "I-PER"], tmp_path)


def test_a_tag_that_the_card_does_not_list_is_named(tmp_path):
    with pytest.raises(UserError, match=r"document 's000' has the tag 'B-LOC', but card\.json beside it lists"):
        tag_indices(make_sentences(0, 2), ["PER"], tmp_path)


def test_a_sentence_without_tags_is_named(tmp_path):
    sentences = make_sentences(0, 2)
    sentences.at[1, "tags"] = None
    with pytest.raises(UserError, match="document 's001' has no tags"):
        tag_indices(sentences, ["PER", "LOC"], tmp_path)


@pytest.fixture
def examples_of(encoder, parameters, tmp_path):
    def make(documents, card, **changes):
        model, tokenizer = load_pretrained(encoder, ["a", "b"], dropout=0.0)
        inference = plan_inference(parameters(**changes), model, tokenizer, documents)
        targets = target_indices(documents, card, tmp_path)
        return make_examples(documents, targets, tokenizer, inference, tmp_path), inference, tokenizer

    return make


def test_a_words_tag_belongs_to_its_first_piece_in_each_batch(examples_of):
    sentences = make_sentences(0, 6)
    long = sentences.iloc[[0]].assign(id="s999", tokens=[["footballs", "bank"] * 40], tags=[["B-PER", "O"] * 40])
    documents = pd.concat([sentences, long], ignore_index=True)
    card = make_card(("PER", "LOC"), "token-classification")
    examples, _, tokenizer = examples_of(documents, card, max_length=20)
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    for row, (words, expected) in enumerate(zip(documents["tokens"], documents["tags"], strict=True)):
        batch, targets = examples.batch(np.array([row]), tokenizer, torch.device("cpu"))
        assert targets.shape == batch["input_ids"].shape
        there = targets != IGNORED
        assert examples.counted(np.array([row])) == int(there.sum()) == len(words)
        firsts = [tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
        assert batch["input_ids"][there].tolist() == firsts
        assert [tags[index] for index in targets[there]] == expected
    assert len(targets) > 1  # the long one has several windows


def test_documents_that_the_tokenizer_makes_nothing_of_are_refused(examples_of):
    documents = make_split(0, 2)
    documents.loc[2, "text"] = "\u200b \u200b"
    with pytest.raises(UserError, match=r"makes no token of 1 documents, the first is 'sport/000'"):
        examples_of(documents, make_card())


def test_an_automatic_length_is_the_95th_percentile_within_what_the_model_takes(examples_of):
    documents = make_split(0, 40)
    lengths = sorted(len(text.split()) + 3 for text in documents["text"])  # [CLS] . [SEP]
    assert examples_of(documents, make_card(), max_length="auto")[1].max_length == lengths[int(0.95 * len(lengths))]
    documents["text"] = " ".join(["bank"] * 100)
    assert examples_of(documents, make_card(), max_length="auto")[1].max_length == 64
    prefixed = examples_of(documents, make_card(), max_length="auto", method="prefix")[1]
    assert prefixed.max_length == 64 - 4


def test_how_documents_are_cut_is_recorded_for_scoring(examples_of):
    changes = {"max_length": 10, "truncation": "windows", "window_overlap": 0.5}
    examples, inference, tokenizer = examples_of(make_split(0, 9), make_card(), **changes)
    assert inference.model_dump() == {**changes, "batch_tokens": 4_096}
    batch, targets = examples.batch(np.arange(5), tokenizer, torch.device("cpu"))
    assert len(batch["input_ids"]) == len(batch["document"]) > len(targets) == 5


@pytest.mark.parametrize(
    ("architecture", "positions", "longest"), [("bert", 64, 64), ("roberta", 66, 65), ("electra", 48, 48)]
)
def test_documents_longer_than_the_models_positions_are_refused(tmp_path, architecture, positions, longest):
    extra = {"embedding_size": 32} if architecture == "electra" else {}
    folder = save_encoder(tmp_path / "encoder", architecture, max_position_embeddings=positions, **extra)
    model, _ = load_pretrained(folder, ["a", "b"], dropout=0.0)
    check_length(model, longest)
    assert model(input_ids=torch.full((1, longest), 7)).logits.shape == (1, 2)
    with pytest.raises(UserError, match=f"max_length is {longest + 1}, but the model has positions for {longest}"):
        check_length(model, longest + 1)
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, longest + 1), 7))


def test_validation_figures_of_a_small_case():
    logits = np.log(np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]], dtype=np.float32))
    figures = validation_figures(logits, np.array([0, 1, 1, 0]))
    assert figures["accuracy"] == 0.75
    assert figures["macro_precision"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["macro_recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert figures["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert figures["loss"] == pytest.approx(-np.log([0.7, 0.4, 0.8, 0.9]).mean(), rel=1e-6)


def test_precision_is_what_the_device_has():
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu) == "fp32"
    assert choose_precision("bf16", cpu) == "bf16"
    assert choose_precision("auto", torch.device("mps")) == "fp32"
    with pytest.raises(UserError, match=r"cpu does not train in fp16\. Use one of auto, fp32, bf16"):
        choose_precision("fp16", cpu)


@pytest.mark.parametrize(("bf16", "chosen"), [(True, "bf16"), (False, "fp16")])
def test_precision_on_cuda_depends_on_its_age(monkeypatch, bf16, chosen):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
    assert choose_precision("auto", torch.device("cuda")) == chosen
