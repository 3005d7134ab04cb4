import json
import shutil

import pytest
import yaml

from commands import verify
from stages.common.messages import UserError
from tests.corpus import commit, run

METRICS = {"encoder": {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}}}
LOCK = {
    "stages": {
        "split": {"outs": [{"path": "data/splits", "md5": "1.dir"}]},
        "finetune": {"outs": [{"path": "models/finetuned", "md5": "2.dir"}]},
    }
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports/evaluate").mkdir(parents=True)
    write(tmp_path)
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "git", "config", "user.name", "Tests")
    run(tmp_path, "git", "config", "user.email", "tests@example.org")
    commit(tmp_path, "a run")
    return tmp_path


def write(folder, accuracy=0.9, **outputs):
    lock = json.loads(json.dumps(LOCK))
    for stage, md5 in outputs.items():
        lock["stages"][stage]["outs"][0]["md5"] = md5
    (folder / "dvc.lock").write_text(yaml.safe_dump(lock))
    metrics = {"encoder": {"accuracy": {**METRICS["encoder"]["accuracy"], "value": accuracy}}}
    (folder / verify.METRICS).write_text(json.dumps(metrics))


def test_the_same_run_is_confirmed(repository, capsys):
    verify.main()
    assert "the model has the same bytes" in capsys.readouterr().out


def test_other_weights_with_a_metric_inside_the_interval_are_confirmed_and_said(repository, capsys):
    write(repository, accuracy=0.86, finetune="3.dir")
    verify.main()
    assert "test accuracy 0.8600 lies inside the committed interval 0.8500 to 0.9500" in (
        said := capsys.readouterr().out
    )
    assert "the model has other bytes" in said


def test_other_data_are_named(repository):
    write(repository, split="3.dir")
    with pytest.raises(UserError, match=r"other bytes than the committed dvc.lock records: data/splits"):
        verify.main()


@pytest.mark.parametrize("accuracy", [0.84, 0.96, None])
def test_a_metric_outside_the_interval_is_no_confirmation(repository, accuracy):
    write(repository, accuracy=accuracy)
    with pytest.raises(UserError, match=r"lies outside the committed interval 0.8500 to 0.9500"):
        verify.main()


def test_without_a_committed_run_that_is_said(repository):
    shutil.rmtree(repository / ".git")
    run(repository, "git", "init", "--quiet")
    with pytest.raises(UserError, match=r"the last commit has no dvc.lock"):
        verify.main()
