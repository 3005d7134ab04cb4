"""finetune.layers and finetune.method distil: what a model keeps, and what a student learns from its teacher."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch.nn.functional import kl_div
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

from stages.common.core.entry import run_program
from stages.common.core.messages import UserError
from stages.common.documents.card import LABELS, write_labels
from stages.common.documents.table import write_documents
from stages.common.documents.unlabelled import UNLABELLED, write_unlabelled
from stages.common.model.loading import load_finetuned, load_pretrained
from stages.common.model.scorer import Scorer, document_logits
from stages.common.tasks import task_of
from stages.common.training.architecture import encoder_layers, keep_layers
from stages.finetune.__main__ import main
from stages.finetune.distillation import beside, every_second
from stages.finetune.objectives import EACH_ALONE, NUMBERS, ONE_OF_ALL, of_answers
from tests.common.tiny_encoder import TOPICS, record, save_encoder
from tests.finetune.conftest import PARAMETERS, fill, make_card, make_sentences, make_split, put_texts, write_parameters
from tests.finetune.test_methods import ARCHITECTURES, TEXTS

NAN = float("nan")
DISTIL = PARAMETERS["distil"]


@pytest.fixture(scope="module")
def four_layers(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("pretrained") / "four", num_hidden_layers=4, initializer_range=0.1)


@pytest.fixture
def place(tmp_path, four_layers):
    folder = fill(tmp_path / "place", four_layers)
    put_texts(folder, 0)
    return folder


@pytest.fixture
def train(place, monkeypatch, capfd):
    """Trains with settings; gives what was said."""

    def run_with(expected=0, **changes):
        write_parameters(place, **{"method": "distil", **changes})
        monkeypatch.chdir(place)
        with pytest.raises(SystemExit) as ended:
            run_program(main, debug=False)
        said = "".join(capfd.readouterr())
        assert ended.value.code == expected, said
        return said

    return run_with


def summary(folder):
    return json.loads((folder / "reports/finetune/summary.json").read_text())


def layers_of(folder):
    return AutoConfig.from_pretrained(folder / "models/finetuned").num_hidden_layers


# finetune.layers


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_model_with_some_layers_is_the_same_after_it_was_saved_and_loaded(tmp_path, architecture):
    deeper = {"num_hidden_layers": 4} | ({"n_layers": 4} if architecture == "distilbert" else {})
    folder = save_encoder(tmp_path / "whole", architecture, **{**ARCHITECTURES[architecture], **deeper})
    model, tokenizer = load_pretrained(folder, list(TOPICS), 0.1, "document")
    before = [{name: tensor.clone() for name, tensor in layer.state_dict().items()} for layer in encoder_layers(model)]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    keep_layers(model, [1, 3])
    assert torch.equal(torch.rand(1), expected)  # nothing was drawn
    for layer, number in zip(encoder_layers(model), (1, 3), strict=True):
        assert all(torch.equal(tensor, before[number - 1][name]) for name, tensor in layer.state_dict().items())
    model.save_pretrained(tmp_path / "kept")
    again, loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "kept", output_loading_info=True)
    assert not loaded["missing_keys"] and not loaded["unexpected_keys"] and len(encoder_layers(again)) == 2
    logits = [document_logits(one, tokenizer, TEXTS, record(TOPICS, 32), "scoring") for one in (model, again)]
    np.testing.assert_allclose(*logits, atol=1e-6)


def test_layers_that_are_not_built_alike_stay_where_they_must(tmp_path):
    folder = save_encoder(tmp_path / "modern", "modernbert", **ARCHITECTURES["modernbert"], num_hidden_layers=4)
    model, _ = load_pretrained(folder, list(TOPICS), 0.1, "document")
    kinds = model.config.layer_types
    with pytest.raises(UserError, match=r"\(modernbert\) are not all built alike, so that layer 2 cannot be the first"):
        keep_layers(model, [2, 4])
    model, _ = load_pretrained(folder, list(TOPICS), 0.1, "document")
    keep_layers(model, [1, 2, 4])
    assert model.config.layer_types == [kinds[0], kinds[1], kinds[3]]


def test_a_model_of_which_no_layer_can_be_left_out_is_refused(tmp_path):
    folder = save_encoder(tmp_path / "albert", "albert", embedding_size=16)  # one layer, used again and again
    model, _ = load_pretrained(folder, ["a", "b"], 0.0, "document")
    with pytest.raises(UserError, match=r"\(albert\) has no list of 2 layers") as caught:
        keep_layers(model, [1])
    assert "finetune.layers to []" in str(caught.value)


def test_a_model_is_trained_with_the_layers_that_are_named(place, train):
    before = load_file(place / "models/fetched/pretrained/model.safetensors")
    train(method="full", layers=[2, 4], learning_rate=1e-9, epochs=1)
    after = load_file(place / "models/finetuned/model.safetensors")
    name = "encoder.layer.{}.attention.self.query.weight"
    for now, once in ((0, 1), (1, 3)):
        torch.testing.assert_close(after["bert." + name.format(now)], before[name.format(once)], atol=1e-6, rtol=0)
    said = summary(place)
    assert layers_of(place) == 2 and said["layers"] == [2, 4] and "distil" not in said
    assert said["parameters"] == sum(tensor.numel() for tensor in after.values())


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ([1, 5], "finetune.layers names layer 5, but the model has 4 layers. Name layers from 1 to 4."),
        ([3, 1], "finetune.layers: name each layer once, the lowest first"),
        ([2, 2], "finetune.layers: name each layer once, the lowest first"),
        ([0, 1], "finetune.layers.0"),
    ],
)
def test_layers_that_cannot_be_kept_are_told_in_a_line_before_anything_is_trained(place, train, layers, says):
    for method in ("full", "distil"):
        said = train(expected=1, method=method, layers=layers)
        assert says in said and len(said.splitlines()) == 1


# finetune.method: distil


class Given(torch.nn.Module):
    """Gives the same logits whatever it is asked."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, input_ids):
        return SimpleNamespace(logits=self.logits)


def of(likeness, outputs, answers, truth, temperature=1.0, share=0.0):
    targets = torch.tensor([list(pair) for pair in zip(answers, truth, strict=True)])
    batch = {"input_ids": torch.zeros(len(outputs), 1, dtype=torch.int64)}
    return of_answers(likeness, temperature, share, False)(Given(torch.tensor(outputs)), batch, targets).item()


def test_the_loss_is_the_divergence_from_the_answers_at_a_temperature():
    outputs, answers = [[1.0, 0.0, -1.0], [0.0, 2.0, 0.5]], [[0.5, 0.5, -2.0], [0.0, 3.0, 0.0]]
    unknown = [[NAN] * 3] * 2
    for temperature in (1.0, 3.0):
        p, q = ((torch.tensor(x) / temperature).log_softmax(1) for x in (outputs, answers))
        expected = (q.exp() * (q - p)).sum(1).mean().item() * temperature**2
        assert of(ONE_OF_ALL, outputs, answers, unknown, temperature) == pytest.approx(expected, rel=1e-5)
        assert of(ONE_OF_ALL, answers, answers, unknown, temperature) == pytest.approx(0, abs=1e-6)
    centred = torch.tensor(outputs) - torch.tensor(answers)
    centred = centred - centred.mean(1, keepdim=True)
    hot = of(ONE_OF_ALL, outputs, answers, unknown, 40.0)
    assert hot == pytest.approx((centred**2).mean(1).mean().item() / 2, rel=0.05)  # Hinton et al., section 2.1


def test_labels_count_for_the_documents_that_have_one():
    outputs, answers = [[1.0, 0.0], [0.0, 2.0]], [[0.5, 0.5], [0.0, 3.0]]
    by_answers = [of(ONE_OF_ALL, [o], [a], [[NAN, NAN]]) for o, a in zip(outputs, answers, strict=True)]
    by_label = -torch.tensor(outputs[0]).log_softmax(0)[1].item()
    found = of(ONE_OF_ALL, outputs, answers, [[0.0, 1.0], [NAN, NAN]], share=0.3)
    assert found == pytest.approx((0.7 * by_answers[0] + 0.3 * by_label + by_answers[1]) / 2, rel=1e-5)


def test_outputs_that_are_true_alone_and_numbers_have_losses_of_their_own():
    outputs, answers = [[1.0, -2.0]], [[0.3, 0.4]]
    p, q = (torch.tensor(x).sigmoid() for x in (outputs, answers))
    both = torch.stack([q, 1 - q]), torch.stack([p, 1 - p])
    expected = kl_div(both[1].log(), both[0], reduction="sum").item() / 2
    assert of(EACH_ALONE, outputs, answers, [[NAN, NAN]]) == pytest.approx(expected, rel=1e-5)
    assert of(EACH_ALONE, answers, answers, [[NAN, NAN]], 2.0) == pytest.approx(0, abs=1e-6)
    for temperature in (1.0, 4.0):
        assert of(NUMBERS, [[1.0], [3.0]], [[0.0], [1.0]], [[NAN], [NAN]], temperature) == pytest.approx(2.5)
    assert of(NUMBERS, [[1.0]], [[0.0]], [[3.0]], share=0.5) == pytest.approx(0.5 * 1 + 0.5 * 4)


def test_words_that_do_not_count_add_nothing_to_the_loss_or_its_gradient():
    outputs = torch.tensor([[[1.0, 0.0], [5.0, -5.0], [0.0, 1.0]]], requires_grad=True)
    targets = torch.tensor([[[[0.0, 0.0], [NAN, NAN]], [[NAN, NAN], [NAN, NAN]], [[0.0, 1.0], [0.0, 1.0]]]])
    loss = of_answers(ONE_OF_ALL, 1.0, 0.5, True)(Given(outputs), {"input_ids": torch.zeros(1, 3)}, targets)
    loss.backward()
    first = kl_div(torch.tensor([1.0, 0.0]).log_softmax(0), torch.tensor([0.5, 0.5]), reduction="sum").item()
    of_label = -torch.tensor([0.0, 1.0]).log_softmax(0)[1].item()
    assert loss.item() == pytest.approx((first + 0.5 * of_label) / 2, rel=1e-5)
    assert torch.isfinite(outputs.grad).all() and outputs.grad[0, 1].abs().sum() == 0


def test_answers_stand_beside_the_truth_where_it_is_known():
    answers = [np.float32([1, 2]), np.float32([3, 4])]
    (first, second) = beside(answers, [np.float32([0, 1])])
    assert first.tolist() == [[1, 2], [0, 1]] and first.dtype == np.float32
    assert second[0].tolist() == [3, 4] and np.isnan(second[1]).all()


def test_every_second_layer_is_kept_and_one_at_least():
    assert [every_second(layers) for layers in (2, 3, 6)] == [[1], [1, 3], [1, 3, 5]]
    with pytest.raises(UserError, match="the model has one layer"):
        every_second(1)


def test_a_student_learns_what_its_teacher_answers(place, train):
    put_texts(place, 10, variants=1)
    train(method="full", epochs=4, keep="last")
    teacher, alone = Scorer.load(place / "models/finetuned", "cpu"), summary(place)
    said = train(epochs=4, keep="last", distil={**DISTIL, "epochs": 4})
    student, both = Scorer.load(place / "models/finetuned", "cpu"), summary(place)
    assert "a student with layers 1, 3 of 4 learns what the teacher answers" in said
    assert layers_of(place) == 2 and both["layers"] == [1, 3] and both["method"] == "distil"
    rows = 24 * len(TOPICS) + 20 * len(TOPICS)
    assert both["distil"] == {
        "teacher": {
            "method": "full",
            "layers": 4,
            "parameters": sum(p.numel() for p in teacher.model.parameters()),
            "validation": alone["validation"],  # the teacher is the model that is trained without a student
        },
        "rows": rows,
        "texts": 20 * len(TOPICS),
    }
    assert both["parameters"] == sum(p.numel() for p in student.model.parameters())
    assert both["epochs_run"] == 4 + 4 and both["steps"] == 4 * 9 + 4 * -(-rows // 8)
    new = make_split(400, 20)
    answers = [np.asarray(scorer.logits(new, "scoring")) for scorer in (teacher, student)]
    assert (answers[0].argmax(1) == answers[1].argmax(1)).mean() > 0.9
    assert both["validation"]["macro_f1"] > 0.8


def test_labels_are_not_read_by_a_student_but_where_it_is_told_to(place, train, monkeypatch):
    """The teacher is trained as ever, so it is the student's part alone that is looked at."""
    from stages.finetune.tasks import text_classification

    weights = []
    for share in (0.0, 0.5):
        for turned in (False, True):
            with monkeypatch.context() as patched:
                if turned:
                    original = text_classification.true_outputs
                    patched.setattr(text_classification, "true_outputs", lambda *given, o=original: o(*given)[:, ::-1])
                train(epochs=1, keep="last", distil={**DISTIL, "epochs": 1, "labels": share})
            weights.append((place / "models/finetuned/model.safetensors").read_bytes())
    assert weights[0] == weights[1] and weights[2] != weights[3]


def test_the_student_of_a_contrastive_teacher_keeps_the_layer_that_averages_and_the_head(place, train):
    pairs = {**PARAMETERS["contrastive"], "pairs": 2}
    train(method="contrastive", epochs=1, contrastive=pairs)
    teacher = load_file(place / "models/finetuned/model.safetensors")
    of_student = {**DISTIL, "teacher": "contrastive", "epochs": 1}
    train(epochs=1, keep="auto", layers=[2, 4], contrastive=pairs, distil=of_student)
    student, said = load_file(place / "models/finetuned/model.safetensors"), summary(place)
    assert layers_of(place) == 3 and said["layers"] == [2, 4] and said["keeps_last"]
    assert said["distil"]["teacher"]["layers"] == 4
    for name, tensor in student.items():
        if name.startswith(("classifier", "bert.pooler")):
            assert torch.equal(tensor, teacher[name])
        if ".layer.2." in name:
            assert torch.equal(tensor, teacher[name.replace(".layer.2.", ".layer.4.")])
    query = "bert.encoder.layer.{}.attention.self.query.weight"
    assert not torch.equal(student[query.format(0)], teacher[query.format(1)])  # it has learnt
    Scorer.load(place / "models/finetuned", "cpu")


@pytest.mark.parametrize("teacher", ["auto", "lora", "frozen"])
def test_a_teacher_may_be_trained_by_other_methods(place, train, teacher):
    write_documents(make_split(0, 4 if teacher == "auto" else 24), place / "data/audited/train.parquet")
    train(epochs=1, distil={**DISTIL, "teacher": teacher, "epochs": 1})
    said = summary(place)
    assert said["distil"]["teacher"]["method"] == ("contrastive" if teacher == "auto" else teacher)
    assert said["distil"]["texts"] == 0 and not (place / "models/finetuned/adapter").exists()
    AutoModelForSequenceClassification.from_pretrained(place / "models/finetuned")


def test_a_student_learns_from_the_model_that_texts_without_a_label_made_better(place, train):
    put_texts(place, 10)
    rounds = {**PARAMETERS["unlabelled"], "method": "self_training", "share": 1.0, "most_drift": 1.0}
    train(keep="last", unlabelled={**rounds, "learning_rate": 5e-3})
    said = summary(place)
    assert said["unlabelled"]["stopped"] is None and said["distil"]["texts"] == 10 * len(TOPICS)
    assert said["epochs_run"] == 2 + 1 + 2 and layers_of(place) == 2


def other_task(place, task):
    """Puts documents of another task into a folder."""
    rows, held = make_split(0, 24), make_split(100, 8)
    labels = tuple(TOPICS)
    if task == "token-classification":
        rows, held, labels = make_sentences(0, 60), make_sentences(100, 24), ("PER", "LOC")
    card = make_card(labels, task)
    columns = [field.name for field in task_of(card).columns]
    for frame in (rows, held):
        if task == "multi-label":
            frame["labels"] = [[label] if n % 4 else [label, "tech"] for n, label in enumerate(frame["label"])]
            frame["labels"] = [sorted(set(named)) for named in frame["labels"]]
        if task == "regression":
            frame["value"] = [float(list(TOPICS).index(label)) for label in frame["label"]]
        if task == "pairs":
            frame["text_pair"] = frame["text"]
        frame.drop(columns={"label", "tokens", "tags"} - set(columns), inplace=True)
    write_documents(rows, place / "data/audited/train.parquet")
    write_documents(held, place / "data/splits/validation.parquet")
    write_labels(card, place / LABELS)
    texts = rows[:20].assign(id=[f"new{n}" for n in range(20)])
    write_unlabelled(texts, texts[:0].assign(rule="", reason=""), task_of(card), place / UNLABELLED)
    return card


@pytest.mark.parametrize("task", ["pairs", "multi-label", "regression", "token-classification"])
def test_students_of_every_task(place, train, task):
    card = other_task(place, task)
    train(epochs=3, distil={**DISTIL, "epochs": 3, "labels": 0.5})
    said = summary(place)
    assert said["distil"]["texts"] == 20 and layers_of(place) == 2
    name, sign = task_of(card).headline, 1 if task_of(card).higher_is_better else -1
    of_teacher, of_student = said["distil"]["teacher"]["validation"][name], said["validation"][name]
    assert sign * of_student > sign * of_teacher - 0.25
    Scorer.load(place / "models/finetuned", "cpu")
    if task == "token-classification":
        AutoModelForTokenClassification.from_pretrained(place / "models/finetuned")
        assert load_finetuned(place / "models/finetuned", "cpu")[0].config.num_hidden_layers == 2


def test_a_teacher_with_a_prefix_is_refused_in_a_line(place, train):
    write_parameters(place)
    said = train(expected=1, distil={**DISTIL, "teacher": "prefix"})
    assert "finetune.distil.teacher" in said and len(said.splitlines()) == 1


def test_settings_from_before_there_were_students_still_load(parameters):
    section = {name: value for name, value in PARAMETERS.items() if name not in ("layers", "distil")}
    loaded = type(parameters()).model_validate(yaml.safe_load(yaml.safe_dump(section)))
    assert loaded.layers == [] and loaded.first is loaded and pd.isna(NAN)
