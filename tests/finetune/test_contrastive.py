"""finetune.method contrastive: pairs, losses, the head, and a model that transformers loads as ever."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from transformers import AutoModelForSequenceClassification

from stages.common.core.messages import UserError
from stages.common.documents.card import LABELS, write_labels
from stages.common.documents.table import read_documents, write_documents
from stages.common.model.loading import load_pretrained
from stages.common.model.mean_pooling import add_mean_pooling
from stages.common.model.scorer import Scorer
from stages.common.training.architecture import trial_inputs
from stages.finetune.contrastive import NEVER, cosine_loss, fit_head, pairs_within, supervised_loss
from tests.common.tiny_encoder import TOPICS, save_encoder
from tests.finetune.conftest import fill, make_card, make_split, write_parameters
from tests.finetune.test_stage import run
from tests.finetune.test_stage_methods import as_sets, only_epochs

FEW = {"method": "contrastive", "epochs": 4, "learning_rate": 5e-3}


@pytest.fixture
def few(tmp_path, encoder):
    """The stage's folder with six training documents a class."""
    folder = fill(tmp_path / "few", encoder)
    write_documents(make_split(0, 6), folder / "data/audited/train.parquet")
    write_parameters(folder, **FEW)
    return folder


def test_no_pair_comes_twice_and_six_documents_have_fifteen():
    pairs = pairs_within(np.repeat([0, 1, 2], [6, 1, 2]), 20, 1)
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 15 + 1 + 1
    assert {tuple(pair) for pair in pairs[:15].tolist()} == {(i, j) for j in range(6) for i in range(j)}
    assert pairs[15:].tolist() == [[6, 6], [7, 8]]  # one document alone has itself


def test_pairs_are_capped_without_being_listed():
    targets = np.arange(20_000) % 200
    pairs = pairs_within(targets, 20, 1)
    assert len(pairs) == 200 * 100 * 20 // 2 < 200 * math.comb(100, 2)
    assert (targets[pairs[:, 0]] == targets[pairs[:, 1]]).all() and (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    np.testing.assert_array_equal(pairs, pairs_within(targets, 20, 1))
    assert not np.array_equal(pairs, pairs_within(targets, 20, 2))
    huge = pairs_within(np.zeros(300_000, dtype=np.int64), 1, 1)  # of 45 billion pairs
    assert len(huge) == 150_000 and huge.max() < 300_000 and (huge[:, 0] < huge[:, 1]).all()


def test_the_losses_are_those_of_their_papers():
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]), dim=1)
    targets = torch.tensor([0, 0, 1])
    same, different = (1 - 0.6) ** 2, (0.8**2 + 0.0) / 2
    assert cosine_loss(vectors, targets).item() == pytest.approx((same + different) / 2)
    first = -math.log(math.exp(0.6 / 0.5) / (math.exp(0.6 / 0.5) + math.exp(0.0)))
    second = -math.log(math.exp(0.6 / 0.5) / (math.exp(0.6 / 0.5) + math.exp(0.8 / 0.5)))
    assert supervised_loss(vectors, targets, 0.5).item() == pytest.approx((first + second) / 2)
    assert cosine_loss(vectors, torch.tensor([0, 1, 2])).item() == pytest.approx((0.6**2 + 0.8**2) / 3)
    alone = vectors[:1].clone().requires_grad_()
    for loss in (cosine_loss(alone, targets[:1]), supervised_loss(alone, targets[:1], 0.5)):
        loss.backward()
        assert loss.item() == 0 and not alone.grad.any()


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta", "camembert", "ernie"])
def test_the_first_token_holds_the_mean_of_all_and_the_head_is_the_regression(tmp_path, architecture):
    more = {} if architecture in ("bert", "ernie") else {"max_position_embeddings": 66}
    folder = save_encoder(tmp_path / architecture, architecture, **more)
    model, _ = load_pretrained(folder, ["a", "b", "c"], 0.1, "document")
    plain, _ = load_pretrained(folder, ["a", "b", "c"], 0.1, "document")
    add_mean_pooling(model)
    model.eval()
    plain.eval()
    ids = torch.randint(5, 40, (12, 9), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[::2, 6:] = 0
    with torch.inference_mode():
        states = plain.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
        means = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        wanted = torch.nn.functional.layer_norm(means, (means.shape[1],), eps=1e-12)
        given = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1][:, 0]
    torch.testing.assert_close(given, wanted, atol=2e-5, rtol=0)
    targets = np.arange(12) % 2 * 2  # no document has the second label
    fit_head(model, given.numpy(), targets, "none")
    unit = given.double().numpy() / math.sqrt(given.shape[1])
    regression = LogisticRegression().fit(unit, targets)
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask).logits.double().numpy()
    np.testing.assert_allclose(logits[:, 2] - logits[:, 0], regression.decision_function(unit), atol=1e-4)
    assert (logits[:, 1] < logits[:, [0, 2]].min(axis=1) - NEVER / 2).all()
    model.save_pretrained(tmp_path / "saved")
    loaded, info = AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    with torch.inference_mode():
        again = loaded.eval()(input_ids=ids, attention_mask=mask).logits.double().numpy()
    np.testing.assert_array_equal(again, logits)


@pytest.mark.parametrize("architecture", ["distilbert", "electra"])
def test_a_model_of_another_build_is_refused_in_one_line(tmp_path, architecture):
    sizes = {
        "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
        "electra": {"embedding_size": 16},
    }
    folder = save_encoder(tmp_path / architecture, architecture, **sizes[architecture])
    model, _ = load_pretrained(folder, ["a", "b"], 0.0, "document")
    with pytest.raises(UserError, match=rf"contrastive needs a model of BERT's build .*; this is {architecture}\."):
        add_mean_pooling(model)
    assert model(**trial_inputs(model)).logits.shape == (1, 2)  # it is as it was


@pytest.mark.parametrize("loss", ["cosine", "supervised"])
def test_few_documents_are_learnt_and_two_runs_give_the_same_bytes(few, encoder, tmp_path, monkeypatch, capfd, loss):
    again = fill(tmp_path / "again", encoder)
    write_documents(make_split(0, 6), again / "data/audited/train.parquet")
    for folder in (few, again):
        write_parameters(folder, **FEW, contrastive={"loss": loss, "pairs": 5, "temperature": 0.1})
        code, _, err = run(folder, monkeypatch, capfd)
        assert code == 0 and only_epochs(err), err
    for name in ("models/finetuned/model.safetensors", "reports/finetune/summary.json"):
        assert (few / name).read_bytes() == (again / name).read_bytes()
    summary = json.loads((few / "reports/finetune/summary.json").read_text())
    assert summary["training_rows"] == 18 and summary["steps"] == 4 * math.ceil(3 * 15 / 8)
    assert summary["real_tokens"] <= summary["computed_tokens"] < 2 * summary["real_tokens"]
    assert summary["validation"]["accuracy"] > 0.8
    scorer = Scorer.load(few / "models/finetuned", "cpu")
    validation = read_documents(few / "data/splits/validation.parquet")
    guessed = scorer.logits(validation, "scoring").argmax(axis=1)
    assert (guessed == [list(TOPICS).index(label) for label in validation["label"]]).mean() == pytest.approx(
        summary["validation"]["accuracy"]
    )


def test_training_makes_the_encoder_better_than_its_head_alone(few, monkeypatch, capfd):
    accuracy = []
    for rate in (1e-9, 3e-3):
        write_parameters(few, **{**FEW, "learning_rate": rate, "epochs": 8})
        assert run(few, monkeypatch, capfd)[0] == 0
        accuracy.append(json.loads((few / "reports/finetune/summary.json").read_text())["validation"]["loss"])
    assert accuracy[1] < accuracy[0] - 0.05


def test_validation_labels_decide_nothing_where_the_last_epoch_is_kept(few, monkeypatch, capfd):
    weights = []
    validation = read_documents(few / "data/splits/validation.parquet")
    for labels in (validation["label"], validation["label"].sample(frac=1, random_state=0).to_numpy()):
        write_documents(validation.assign(label=labels), few / "data/splits/validation.parquet")
        write_parameters(few, **{**FEW, "early_stopping_patience": 1}, keep="last")
        assert run(few, monkeypatch, capfd)[0] == 0
        weights.append((few / "models/finetuned/model.safetensors").read_bytes())
        assert json.loads((few / "reports/finetune/summary.json").read_text())["best_epoch"] == 4
        assert Scorer.load(few / "models/finetuned", "cpu").inference.temperature is None
    assert weights[0] == weights[1]


def test_a_label_with_one_document_is_named_and_still_learnt(few, monkeypatch, capfd):
    lone = pd.concat([make_split(0, 6).query("label != 'tech'"), make_split(0, 1).query("label == 'tech'")])
    write_documents(lone, few / "data/audited/train.parquet")
    write_parameters(few, **FEW, class_weights="balanced")
    code, _, err = run(few, monkeypatch, capfd)
    assert code == 0
    assert "one training document only has the label 'tech': it has no pair and is only told apart from others" in err
    guessed = Scorer.load(few / "models/finetuned", "cpu").logits(lone, "scoring").argmax(axis=1)
    assert guessed[-1] == list(TOPICS).index("tech")


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"r_drop": 0.5}, "finetune.r_drop does not go with method contrastive."),
        ({"label_smoothing": 0.1}, "finetune.label_smoothing does not go with method contrastive."),
        ({"micro_batch_size": 2}, "finetune.micro_batch_size does not go with method contrastive."),
        ({"contrastive": {"loss": "triplet"}}, "finetune.contrastive.loss: input should be 'cosine' or 'supervised'"),
    ],
)
def test_what_does_not_go_with_it_ends_in_one_line(few, monkeypatch, capfd, changes, said):
    write_parameters(few, **FEW, **changes)
    code, _, err = run(few, monkeypatch, capfd)
    assert code == 1 and said in err and "Traceback" not in err


def test_a_task_without_one_label_a_document_ends_in_one_line(few, monkeypatch, capfd):
    for name in ("data/audited/train.parquet", "data/splits/validation.parquet"):
        write_documents(as_sets(read_documents(few / name)), few / name)
    write_labels(make_card(("news", *TOPICS), task="multi-label"), few / LABELS)
    code, _, err = run(few, monkeypatch, capfd)
    assert code == 1 and "finetune.method: contrastive goes with one label a document." in err


@pytest.mark.parametrize(
    ("counts", "method", "epochs", "rows", "last"),
    [((32, 1, 5), "contrastive", 5, 16, True), ((33, 1, 5), "full", 1, 8, False), (None, "full", 1, 8, False)],
)
def test_method_auto_goes_by_the_documents_of_a_label_and_the_rest_by_the_method(
    parameters, counts, method, epochs, rows, last
):
    auto = parameters(method="auto", epochs="auto", batch_size="auto", keep="auto", learning_rate="auto")
    settled = auto.settled(None if counts is None else np.repeat(np.arange(len(counts)), counts))
    assert (settled.method, settled.most_epochs, settled.rows_a_step, settled.keeps_last) == (
        method,
        epochs,
        rows,
        last,
    )
    assert settled.largest_rate == {"contrastive": 5e-5, "full": 1e-4}[method]
    said = parameters(method="lora", epochs=3, batch_size=4, keep="last").settled(np.zeros(2, dtype=np.int64))
    assert (said.method, said.most_epochs, said.rows_a_step, said.keeps_last) == ("lora", 3, 4, True)


def test_variants_do_not_count_when_the_method_is_chosen(few, monkeypatch, capfd):
    rows = pd.concat([make_split(0, 6), make_split(10, 30).assign(method="swap")])
    write_documents(rows, few / "data/audited/train.parquet")
    write_parameters(few, method="auto", epochs=1, keep="auto")
    assert run(few, monkeypatch, capfd)[0] == 0
    assert json.loads((few / "reports/finetune/summary.json").read_text())["method"] == "contrastive"
