import json
import shutil
import socket

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.common.core.messages import UserError
from stages.common.model.device import choose_device
from stages.common.model.loading import load_finetuned, load_pretrained
from tests.common.tiny_encoder import save_encoder, save_tokenizer

LABELS = ["sport", "business", "tech"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("made") / "encoder")


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "encoder")


def test_the_labels_keep_the_order_of_the_card(folder):
    model, _ = load_pretrained(folder, LABELS, 0.1, "document")
    assert model.config.id2label == {0: "sport", 1: "business", 2: "tech"}
    assert model.config.label2id == {"sport": 0, "business": 1, "tech": 2}
    assert model.classifier.out_features == 3


def test_the_head_is_drawn_from_the_seed_and_the_encoder_is_the_folders(folder):
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        model, _ = load_pretrained(folder, LABELS, 0.1, "document")
        heads.append(model.classifier.weight.detach())
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    stored = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]
    assert torch.equal(model.bert.embeddings.word_embeddings.weight, stored)


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        ("bert", {}),
        ("roberta", {"max_position_embeddings": 66}),
        ("electra", {"embedding_size": 32}),
        ("distilbert", {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}),
        ("modernbert", {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}),
    ],
)
def test_dropout_is_set_wherever_an_architecture_drops_values(tmp_path, architecture, settings):
    model, _ = load_pretrained(save_encoder(tmp_path / "encoder", architecture, **settings), LABELS, 0.37, "document")
    layers = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    assert layers
    assert set(layers) == {0.37}


def test_dropout_changes_what_a_training_model_computes(folder):
    model, tokenizer = load_pretrained(folder, LABELS, 0.5, "document")
    model.train()
    inputs = tokenizer("the team said", return_tensors="pt")
    assert not torch.equal(model(**inputs).logits, model(**inputs).logits)
    model, _ = load_pretrained(folder, LABELS, 0.0, "document")
    model.train()
    assert torch.equal(model(**inputs).logits, model(**inputs).logits)


def test_a_model_is_loaded_without_network(folder, monkeypatch):
    def refuse(*arguments, **named):
        raise AssertionError(f"network: {arguments}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    load_pretrained(folder, LABELS, 0.1, "document")


def test_loading_is_quiet(folder, capfd):
    load_pretrained(folder, LABELS, 0.1, "document")
    assert capfd.readouterr() == ("", "")


def test_a_head_for_other_labels_is_replaced(folder):
    model, _ = load_pretrained(folder, LABELS, 0.1, "document")
    model.save_pretrained(folder)
    assert load_pretrained(folder, ["no", "yes"], 0.1, "document")[0].classifier.out_features == 2


def test_weights_in_a_pickle_are_refused(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"pytorch_model\.bin: weights in a pickle are not loaded.*model\.safetensors"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_missing_files_are_named(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.safetensors: there is no such file"):
        load_pretrained(folder, LABELS, 0.1, "document")
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match=r"config\.json: there is no such file"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_a_missing_tokenizer_is_named(folder):
    for file in folder.glob("*token*"):
        file.unlink()
    with pytest.raises(UserError, match="the model's tokenizer is missing"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_a_tokenizer_that_cannot_pad_is_refused(folder):
    save_tokenizer(folder, pad_token=None)
    with pytest.raises(UserError, match="no padding token"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_weights_that_were_cut_off_are_refused_in_one_line(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        load_pretrained(folder, LABELS, 0.1, "document")
    assert "\n" not in str(caught.value)


def test_weights_that_lack_a_part_of_the_encoder_are_refused(folder):
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lack 'bert\.encoder\.layer\.1\.output\.dense\.weight'"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_weights_of_another_size_than_the_config_says_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 77}))
    with pytest.raises(UserError, match=r"word_embeddings\.weight' .* in another size"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_a_config_that_is_no_models_is_refused(folder):
    (folder / "config.json").write_text('{"model_type": "no-such-model"}')
    with pytest.raises(UserError, match=r"config\.json: no config of a model that transformers knows"):
        load_pretrained(folder, LABELS, 0.1, "document")


def test_a_finetuned_model_without_its_head_is_refused(folder):
    with pytest.raises(UserError, match=r"lack 'classifier\."):
        load_finetuned(folder, "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(UserError, match="'cuda' is not available; torch finds cpu"):
        choose_device("cuda")
    assert choose_device("cpu") == torch.device("cpu")
