import numpy as np
import pytest
import torch

from stages.common.encoder.loading import load_pretrained
from stages.common.messages import UserError
from stages.finetune.examples import check_classes, check_length, check_task, label_indices
from stages.finetune.figures import validation_figures
from stages.finetune.placement import choose_precision
from tests.common.tiny_encoder import save_encoder
from tests.finetune.conftest import make_card, make_split


def test_labels_are_numbered_in_the_order_of_the_card(tmp_path):
    documents = make_split(0, 2)
    assert label_indices(documents, ["tech", "business", "sport"], tmp_path).tolist() == [1, 1, 2, 2, 0, 0]


def test_an_empty_split_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"train\.parquet: holds no document"):
        label_indices(make_split(0, 2).iloc[:0], ["tech"], tmp_path / "train.parquet")


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
        check_classes(np.array([1, 1]), ["a", "b"], tmp_path)


def test_another_task_is_refused(tmp_path):
    with pytest.raises(UserError, match="the task is token-classification"):
        check_task(make_card(task="token-classification"), tmp_path)


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
