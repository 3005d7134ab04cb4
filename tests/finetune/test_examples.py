import numpy as np
import pandas as pd
import pytest
import torch

from stages.common.core.messages import UserError
from stages.common.documents.card import Labels
from stages.common.model.loading import load_pretrained
from stages.common.training.examples import IGNORED
from stages.common.training.placement import choose_precision
from stages.finetune.reading import check_length, plan_reading
from stages.finetune.tasks import pairs, text_classification, token_classification
from tests.common.tiny_encoder import TOPICS, save_encoder
from tests.finetune.conftest import make_sentences, make_split

TEXTS = Labels(task="text-classification", labels=list(TOPICS))


@pytest.fixture
def examples_of(encoder, parameters, tmp_path):
    def make(room, documents, labels, **changes):
        model, tokenizer = load_pretrained(encoder, ["a", "b"], 0.0, "document")
        targets = room.read_targets(documents, labels.labels, tmp_path)
        reading = plan_reading(parameters(**changes), labels, model, tokenizer, documents)
        inference = room.plan_inference(reading, targets)
        return room.make_examples(documents, targets, tokenizer, inference, tmp_path), inference, tokenizer

    return make


def test_a_words_tag_belongs_to_its_first_piece_in_each_batch(examples_of):
    sentences = make_sentences(0, 6)
    long = sentences.iloc[[0]].assign(id="s999", tokens=[["footballs", "bank"] * 40], tags=[["B-PER", "O"] * 40])
    documents = pd.concat([sentences, long], ignore_index=True)
    labels = Labels(task="token-classification", labels=["PER", "LOC"])
    examples, _, tokenizer = examples_of(token_classification, documents, labels, max_length=20)
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


@pytest.mark.parametrize("invisible", [["\u200b"], ["\ufe0f", "\u200d"], ["\u00ad", "\u200b", "\u2060"]])
def test_sentences_that_the_tokenizer_makes_nothing_of_are_left_out(examples_of, invisible):
    sentences = make_sentences(0, 6)
    long = sentences.iloc[[0]].assign(id="s999", tokens=[["footballs", "bank"] * 40], tags=[["B-PER", "O"] * 40])
    sound = pd.concat([sentences, long], ignore_index=True)
    tags = ["B-PER", "O", "I-PER"][: len(invisible)]
    silent = sentences.iloc[[0]].assign(id="silent", tokens=[invisible], tags=[tags])
    documents = pd.concat([silent, sound.iloc[:3], silent, sound.iloc[3:]], ignore_index=True)
    labels = Labels(task="token-classification", labels=["PER", "LOC"])
    expected, *_ = examples_of(token_classification, sound, labels, max_length=20)
    examples, *_ = examples_of(token_classification, documents, labels, max_length=20)
    assert examples.left_out.tolist() == [0, 4]
    for name in ("ids", "starts", "firsts"):
        assert np.array_equal(getattr(examples.tokens, name), getattr(expected.tokens, name)), name
    assert np.array_equal(examples.targets, expected.targets)


def test_texts_that_the_tokenizer_makes_nothing_of_are_left_out(examples_of):
    documents = make_split(0, 2)
    sound = documents.drop(index=2)
    documents.loc[2, "text"] = "\u200b \u200b"
    for room, task, pair in ((text_classification, "text-classification", {}), (pairs, "pairs", {"text_pair": ""})):
        labels = Labels(task=task, labels=list(TOPICS))
        expected, *_ = examples_of(room, sound.assign(**pair), labels)
        examples, _, tokenizer = examples_of(room, documents.assign(**pair), labels)
        one, other = (each.batch(np.arange(3), tokenizer, torch.device("cpu")) for each in (examples, expected))
        assert examples.left_out.tolist() == [2]
        assert all(torch.equal(one[0][name], other[0][name]) for name in other[0])
        assert torch.equal(one[1], other[1])


def test_a_model_that_knows_no_character_of_the_texts_is_refused(examples_of):
    with pytest.raises(UserError, match="makes no token of any document"):
        examples_of(text_classification, make_split(0, 2).assign(text="\u200b"), TEXTS)


def test_an_automatic_length_is_the_95th_percentile_within_what_the_model_takes(examples_of):
    documents = make_split(0, 40)
    lengths = sorted(len(text.split()) + 3 for text in documents["text"])  # [CLS] . [SEP]
    assert (
        examples_of(text_classification, documents, TEXTS, max_length="auto")[1].max_length
        == lengths[int(0.95 * len(lengths))]
    )
    documents["text"] = " ".join(["bank"] * 100)
    assert examples_of(text_classification, documents, TEXTS, max_length="auto")[1].max_length == 64
    prefixed = examples_of(text_classification, documents, TEXTS, max_length="auto", method="prefix")[1]
    assert prefixed.max_length == 64 - 4


def test_how_documents_are_cut_is_recorded_for_scoring(examples_of):
    changes = {"max_length": 10, "truncation": "windows", "window_overlap": 0.5}
    examples, inference, tokenizer = examples_of(text_classification, make_split(0, 9), TEXTS, **changes)
    read = inference.model_dump(include={*changes, "batch_tokens", "task", "labels"})
    assert read == {**changes, "batch_tokens": 4_096, "task": "text-classification", "labels": list(TOPICS)}
    batch, targets = examples.batch(np.arange(5), tokenizer, torch.device("cpu"))
    assert len(batch["input_ids"]) == len(batch["document"]) > len(targets) == 5


@pytest.mark.parametrize(
    ("architecture", "positions", "longest"), [("bert", 64, 64), ("roberta", 66, 65), ("electra", 48, 48)]
)
def test_documents_longer_than_the_models_positions_are_refused(tmp_path, architecture, positions, longest):
    extra = {"embedding_size": 32} if architecture == "electra" else {}
    folder = save_encoder(tmp_path / "encoder", architecture, max_position_embeddings=positions, **extra)
    model, _ = load_pretrained(folder, ["a", "b"], 0.0, "document")
    check_length(model, longest)
    assert model(input_ids=torch.full((1, longest), 7)).logits.shape == (1, 2)
    with pytest.raises(UserError, match=f"max_length is {longest + 1}, but the model has positions for {longest}"):
        check_length(model, longest + 1)
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, longest + 1), 7))


def test_both_texts_of_a_pair_are_read(examples_of):
    documents = make_split(0, 3).assign(text_pair="the game said")
    labels = Labels(task="pairs", labels=list(TOPICS))
    examples, _, tokenizer = examples_of(pairs, documents, labels, max_length=20)
    batch, targets = examples.batch(np.array([1]), tokenizer, torch.device("cpu"))
    expected = tokenizer(documents["text"][1], "the game said", truncation="longest_first", max_length=20)
    assert batch["input_ids"].tolist() == [expected["input_ids"]]
    assert targets.tolist() == [0]


def test_precision_is_what_the_device_has():
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu) == "fp32"
    assert choose_precision("auto", torch.device("mps")) == "fp32"
    with pytest.raises(UserError, match=r"cpu does not train in fp16\. Use one of auto, fp32, bf16"):
        choose_precision("fp16", cpu)


@pytest.mark.parametrize(("bf16", "chosen"), [(True, "bf16"), (False, "fp16")])
def test_precision_on_cuda_depends_on_its_age(monkeypatch, bf16, chosen):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
    assert choose_precision("auto", torch.device("cuda")) == chosen
