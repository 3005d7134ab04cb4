"""Several processes that fine-tune together, here two on the processor."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from stages.common.training.checkpoints import Checkpoints
from tests.finetune.conftest import PARAMETERS, fill, put_texts, write_parameters
from tests.finetune.sharing import train_tiny
from tests.imports import ROOT

pytestmark = pytest.mark.slow


def run(folder, **environment):
    return subprocess.run(
        [sys.executable, "-m", "stages.finetune"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def one_and_two(tmp_path_factory, encoder):
    """The same training by one process and by two, without dropout, whose draws differ."""
    folders = []
    for processes in (1, 2):
        folder = fill(tmp_path_factory.mktemp(f"processes{processes}"), encoder)
        write_parameters(folder, dropout=0.0, epochs=1)
        done = run(folder, PLUMBLINE_PROCESSES=str(processes))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("finetune: ") == 1
        folders.append(folder)
    return folders


def losses(folder):
    return pd.read_csv(folder / "reports/finetune/live/plots/metrics/train/loss.tsv", sep="\t")["loss"].tolist()


def test_two_processes_learn_texts_without_a_label_alike(tmp_path, encoder):
    settings = {**PARAMETERS["unlabelled"], "method": "self_training", "share": 1.0, "most_drift": 1.0}
    found = []
    for processes in (1, 2):
        folder = fill(tmp_path / str(processes), encoder)
        put_texts(folder, 10)
        write_parameters(folder, dropout=0.0, epochs=1, keep="last", unlabelled=settings)
        done = run(folder, PLUMBLINE_PROCESSES=str(processes))
        assert done.returncode == 0, done.stderr
        assert not (folder / ".checkpoints").exists()
        found.append(folder)
    one, two = found
    assert len(losses(one)) == 9 + 13  # 72 documents, then with 30 texts 102, in batches of 8
    assert losses(two) == pytest.approx(losses(one), rel=1e-3)


def test_two_processes_train_a_student_alike(tmp_path, encoder):
    found = []
    for processes in (1, 2):
        folder = fill(tmp_path / str(processes), encoder)
        put_texts(folder, 10)
        write_parameters(folder, method="distil", dropout=0.0, epochs=1, distil={**PARAMETERS["distil"], "epochs": 1})
        done = run(folder, PLUMBLINE_PROCESSES=str(processes))
        assert done.returncode == 0, done.stderr
        found.append(folder)
    one, two = found
    assert len(losses(one)) == 9 + 13  # 72 documents, then with 30 texts 102, in batches of 8
    assert losses(two)[:9] == pytest.approx(losses(one)[:9], rel=1e-3)
    assert losses(two)[9:] == pytest.approx(losses(one)[9:], rel=0.05, abs=1e-3)  # the teachers differ by rounding


def test_two_processes_take_the_same_batches_and_come_to_the_same_losses(one_and_two):
    one, two = one_and_two
    assert losses(two) == pytest.approx(losses(one), rel=1e-3)
    summaries = [json.loads((folder / "reports/finetune/summary.json").read_text()) for folder in one_and_two]
    assert summaries[1]["validation"] == pytest.approx(summaries[0]["validation"], abs=0.05)
    assert summaries[1]["real_tokens"] == summaries[0]["real_tokens"]
    assert summaries[1]["trainable_parameters"] == summaries[0]["trainable_parameters"]
    environment = json.loads((two / "reports/finetune/environment.json").read_text())
    assert environment["execution"]["processes"] == 2


def test_what_two_processes_save_is_a_whole_model(one_and_two):
    one, two = (load_file(folder / "models/finetuned/model.safetensors") for folder in one_and_two)
    assert {name: tensor.shape for name, tensor in one.items()} == {name: tensor.shape for name, tensor in two.items()}
    assert not (one_and_two[1] / ".checkpoints").exists()


def test_a_mistake_is_told_once_by_two_processes(tmp_path, encoder):
    folder = fill(tmp_path, encoder)
    write_parameters(folder, max_length=65)
    done = run(folder, PLUMBLINE_PROCESSES="2")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "finetune.max_length is 65" in done.stderr


def test_weights_that_two_processes_share_train_resume_and_are_saved_like_whole_ones(tmp_path, encoder):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, "-m", "tests.finetune.sharing", str(encoder), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "goes on after step 8 of 10" in done.stderr
    first, resumed = (load_file(tmp_path / f"{name}.safetensors") for name in ("first", "resumed"))
    assert all(torch.equal(first[name], resumed[name]) for name in first)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    assert all(torch.equal(tensor, first[name]) for name, tensor in model.state_dict().items())

    alone = []
    checkpoints = Checkpoints(tmp_path / "alone", every=0)
    train_tiny(Accelerator(cpu=True), encoder, checkpoints, lambda step, values: alone.append(values.get("train/loss")))
    shared = [line.split()[1] for line in done.stdout.splitlines()[: len(alone)]]
    steps = [place for place, loss in enumerate(alone) if loss is not None]  # the other records are of a validation
    assert [place for place, loss in enumerate(shared) if loss != "None"] == steps
    assert [float(shared[place]) for place in steps] == pytest.approx([alone[place] for place in steps], rel=1e-3)
