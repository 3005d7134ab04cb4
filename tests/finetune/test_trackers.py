import importlib.util
import subprocess

import pandas as pd
import pytest
from accelerate import PartialState
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from stages.common.core.messages import UserError
from stages.common.training import trackers as module
from stages.common.training.trackers import check_trackers, track

pytestmark = pytest.mark.slow

VALUES = [(1, {"train/loss": 0.5, "train/learning_rate": 1e-3}), (2, {"train/loss": 0.25, "train/learning_rate": 5e-4})]


def record(folder, names, values=VALUES):
    PartialState()
    with track(folder / "live", names, "key", {"seed": 1, "micro_batch_size": None}) as log:
        for step, named in values:
            log(step, named)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("MLFLOW_TRACKING_URI", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_tensorboard_holds_what_dvclive_holds_also_when_a_killed_run_is_recorded_again(place):
    record(place, ["tensorboard"], VALUES[:1])
    record(place, ["tensorboard"])
    events = EventAccumulator(str(place / ".trackers/tensorboard/key")).Reload()
    for name in ("loss", "learning_rate"):
        drawn = [(event.step, event.value) for event in events.Scalars(f"train/{name}")]
        table = pd.read_csv(place / f"live/plots/metrics/train/{name}.tsv", sep="\t")
        assert [step for step, _ in drawn] == table["step"].tolist() == [1, 2]
        assert [value for _, value in drawn] == pytest.approx(table[name].tolist())


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow_holds_each_step_in_a_local_database(place):
    import mlflow

    record(place, ["mlflow"])
    (run,) = mlflow.MlflowClient().search_runs([mlflow.get_experiment_by_name("plumbline").experiment_id])
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in history] == [(1, 0.5), (2, 0.25)]
    assert run.data.params["seed"] == "1"
    assert (place / ".trackers/mlflow.db").is_file()


@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed")
def test_wandb_writes_an_offline_run(place):
    record(place, ["wandb"])
    (run,) = (place / ".trackers/wandb").glob("offline-run-*/*.wandb")
    assert b"train/learning_rate" in run.read_bytes()


def test_a_tracker_that_is_not_installed_is_one_line_with_the_command(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"trackers: mlflow is not installed\. Install it with `\.venv/bin/pip install"):
        check_trackers(["mlflow"])


def test_dvclive_records_in_a_git_repository_without_a_commit(place):
    subprocess.run(["git", "init", "--quiet"], cwd=place, check=True)
    record(place, [])
    assert pd.read_csv(place / "live/plots/metrics/train/loss.tsv", sep="\t")["loss"].tolist() == [0.5, 0.25]
