"""The whole stage on a tiny corpus and a tiny encoder."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from stages.common.core.entry import run_program
from stages.common.documents.card import LABELS, write_labels
from stages.common.documents.table import read_documents, write_documents
from stages.common.model.scorer import Scorer
from stages.finetune.__main__ import main
from stages.finetune.tasks import text_classification
from tests.common.tiny_encoder import TOPICS
from tests.finetune.conftest import fill, make_card, make_split, write_parameters
from tests.imports import ROOT

pytestmark = pytest.mark.slow


def run(folder, monkeypatch, capfd):
    """Runs the stage in this process; gives its exit code and what it printed."""
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        run_program(main, debug=False)
    return ended.value.code, *capfd.readouterr()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, encoder):
    """A folder in which the stage ran as DVC runs it, in a process of its own, and what it printed."""
    folder = fill(tmp_path_factory.mktemp("trained"), encoder)
    done = subprocess.run(
        [sys.executable, "-m", "stages.finetune"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def place(tmp_path, encoder):
    return fill(tmp_path, encoder)


def test_the_stage_ends_with_one_line_and_no_noise(trained):
    _, done = trained
    assert done.stdout.startswith("finetune: validation macro_f1 ")
    assert done.stdout.count("\n") == 1
    assert all(line.startswith("finetune: epoch ") for line in done.stderr.splitlines())


def test_the_saved_model_loads_by_the_auto_classes_and_scores_alike(trained):
    folder, _ = trained
    finetuned = folder / "models/finetuned"
    validation = read_documents(folder / "data/splits/validation.parquet")
    scorer = Scorer.load(finetuned, "cpu")
    plain = AutoModelForSequenceClassification.from_pretrained(finetuned)
    inputs = AutoTokenizer.from_pretrained(finetuned)(
        validation["text"].tolist(), padding=True, truncation=True, max_length=32, return_tensors="pt"
    )
    with torch.inference_mode():
        expected = plain.eval()(**inputs).logits.numpy()
    np.testing.assert_allclose(scorer.logits(validation, "scoring"), expected, atol=1e-5)
    assert plain.config.id2label == dict(enumerate(TOPICS))


def test_the_model_holds_nothing_that_moves_when_it_does_not(trained):
    folder, _ = trained
    names = {path.name for path in (folder / "models/finetuned").iterdir()}
    assert names == {"config.json", "inference.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    inference = json.loads((folder / "models/finetuned/inference.json").read_text())
    assert (inference["task"], inference["labels"]) == ("text-classification", list(TOPICS))
    assert inference["temperature"] > 0


def test_the_summary_holds_the_metrics_of_the_saved_model(trained):
    folder, _ = trained
    summary = json.loads((folder / "reports/finetune/summary.json").read_text())
    validation = read_documents(folder / "data/splits/validation.parquet")
    scorer = Scorer.load(folder / "models/finetuned", "cpu")
    logits = scorer.logits(validation, "scoring")
    truth = np.array([list(TOPICS).index(label) for label in validation["label"]])
    metrics = text_classification.validation_metrics(logits, truth, scorer.inference)
    assert summary["validation"] == pytest.approx(metrics)
    assert summary["validation"]["accuracy"] > 0.6  # chance is a third
    assert summary["trainable_parameters"] == sum(parameter.numel() for parameter in scorer.model.parameters())
    assert (summary["training_rows"], summary["augmented_training_rows"], summary["validation_rows"]) == (72, 0, 24)
    assert summary["real_share"] == summary["real_tokens"] / summary["computed_tokens"]
    assert summary["real_share"] > 0.9
    assert summary["unknown_share"] == 0  # its tokenizer has all letters
    headline = json.loads((folder / "reports/finetune/headline.json").read_text())
    assert headline == {"val": {name: summary["validation"][name] for name in ("macro_f1", "loss")}}


def test_texts_that_the_tokenizer_does_not_know_are_warned_of_before_the_training(place, monkeypatch, capfd):
    for path in ("data/audited/train.parquet", "data/splits/validation.parquet"):
        table = read_documents(place / path)
        write_documents(table.assign(text=[f"{text} \u732b" * 3 for text in table["text"]]), place / path)
    code, out, _ = run(place, monkeypatch, capfd)
    assert code == 0
    share = json.loads((place / "reports/finetune/summary.json").read_text())["unknown_share"]
    assert 0.05 < share < 0.5
    assert out.startswith(f"finetune: warning: {share:.0%} of the tokens of the training documents are unknown")


def test_the_environment_says_what_the_run_used(trained):
    folder, _ = trained
    environment = json.loads((folder / "reports/finetune/environment.json").read_text())
    assert environment["packages"]["torch"] == torch.__version__
    assert (environment["device"], environment["precision"], environment["threads"]) == ("cpu", "fp32", 1)
    assert environment["git"] == {"revision": None, "dirty": None}  # no repository there
    assert environment["tokens_per_second"] > 0
    assert environment["peak_memory_mib"] > 100
    assert environment["execution"]["workers"] >= 0


def test_dvclive_holds_each_step_and_epoch_and_no_time_or_temporary_name(trained):
    folder, _ = trained
    live = folder / "reports/finetune/live"
    tables = {
        str(path.relative_to(live / "plots/metrics")): pd.read_csv(path, sep="\t") for path in live.rglob("*.tsv")
    }
    assert set(tables) == {
        "train/learning_rate.tsv",
        "train/loss.tsv",
        "validation/accuracy.tsv",
        "validation/loss.tsv",
        "validation/macro_f1.tsv",
    }
    assert tables["train/loss.tsv"]["step"].tolist() == list(range(1, 19))
    assert tables["validation/macro_f1.tsv"]["step"].tolist() == [9, 18]
    assert list(tables["train/loss.tsv"].columns) == ["step", "loss"]
    assert "partial" not in (live / "metrics.json").read_text()
    assert json.loads((live / "metrics.json").read_text())["step"] == 18


def test_two_runs_give_the_same_bytes_also_from_shuffled_rows(trained, place, monkeypatch, capfd):
    folder, _ = trained
    train = place / "data/audited/train.parquet"
    table = pq.read_table(train)
    pq.write_table(table.take(np.random.default_rng(0).permutation(len(table))), train)
    assert run(place, monkeypatch, capfd)[0] == 0
    made = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert len(made) > 13
    different = {str(name) for name in made if (place / name).read_bytes() != (folder / name).read_bytes()}
    assert different == {"reports/finetune/environment.json", "data/audited/train.parquet"}


def spoil_weights(folder):
    weights = load_file(folder / "models/fetched/pretrained/model.safetensors")
    weights["embeddings.word_embeddings.weight"][:] = float("nan")
    save_file(weights, folder / "models/fetched/pretrained/model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda f: write_documents(make_split(0, 1).iloc[:0], f / "data/audited/train.parquet"),
            "train.parquet: holds no docu",
        ),
        (lambda f: write_labels(make_card(("sport", "tech")), f / LABELS), "has the label 'business', which"),
        (lambda f: write_parameters(f, max_length=65), "finetune.max_length is 65, but the model has positions for 64"),
        (lambda f: write_parameters(f, max_lenght=64), "max_lenght: there is no such key. Did you mean 'max_length'?"),
        (
            lambda f: (f / "models/fetched/pretrained/config.json").unlink(),
            "pretrained/config.json: there is no such file",
        ),
        (spoil_weights, "The training loss is nan at step 1 (epoch 1)"),
    ],
)
def test_a_mistake_ends_in_one_line_and_leaves_the_old_outputs(place, monkeypatch, capfd, spoil, said):
    (place / "reports/finetune").mkdir(parents=True)
    (place / "reports/finetune/summary.json").write_text("old")
    spoil(place)
    code, out, err = run(place, monkeypatch, capfd)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1
    assert (place / "reports/finetune/summary.json").read_text() == "old"
    assert not (place / "models/finetuned").exists()
    assert not list(place.rglob("*.partial"))
