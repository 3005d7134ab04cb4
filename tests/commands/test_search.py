"""Sweeps: what runs, what comes out of the run cache, and how a search goes on."""

import json
import re
import time

import optuna
import pytest
import yaml

from commands import search
from stages.common.core.messages import UserError
from tests.corpus import run

SPACE = {
    "sampler": "tpe",
    "seed": 1,
    "metric": "macro_f1",
    "direction": "maximize",
    "parameters": {"finetune.learning_rate": {"low": 1.0e-4, "high": 1.0e-2, "log": True}},
}


def stages_run(said):
    return re.findall(r"Running stage '(\w+)'", said)


def test_a_grid_is_queued_run_by_two_workers_compared_and_chosen_from(repository, tmp_path):
    run(repository, "git", "init", "--quiet", "--bare", str(tmp_path / "origin"))
    run(repository, "git", "remote", "add", "origin", str(tmp_path / "origin"))
    run(repository, "git", "push", "--quiet", "origin", "main")
    run(repository, "dvc", "exp", "run", "--queue", "-S", "finetune.seed=choice(2,3)", "finetune")
    run(repository, "dvc", "queue", "start", "-j", "2")
    deadline = time.monotonic() + 300
    while (status := run(repository, "dvc", "queue", "status").stdout).count("Success") < 2:
        assert "Failed" not in status and time.monotonic() < deadline, status
        time.sleep(1)
    names = re.findall(r"^\w{7}\s+(\S+)", status, re.MULTILINE)
    assert len(names) == 2
    for name in names:
        assert stages_run(run(repository, "dvc", "queue", "logs", name).stdout) == ["finetune"]

    shown = run(repository, "dvc", "exp", "show", "--csv", "--drop", "reports/evaluate.*", "--only-changed").stdout
    assert "val.macro_f1" in shown and "finetune.seed" in shown
    assert all(name in shown for name in names)
    assert "finetune.seed" in run(repository, "dvc", "exp", "diff", "HEAD", names[0]).stdout
    run(repository, "dvc", "plots", "diff", "HEAD", names[0])
    assert names[0] in (repository / "dvc_plots/index.html").read_text()
    run(repository, "dvc", "exp", "branch", names[0], "keep")
    seed = yaml.safe_load(run(repository, "git", "show", "keep:params.yaml").stdout)["finetune"]["seed"]
    run(repository, "dvc", "exp", "push", "--no-cache", "origin", names[0])
    assert names[0] in run(repository, "dvc", "exp", "list", "origin").stdout
    run(repository, "dvc", "exp", "apply", names[0])
    assert yaml.safe_load((repository / "params.yaml").read_text())["finetune"]["seed"] == seed


def test_a_search_runs_finetune_alone_sees_no_test_metric_and_goes_on(repository):
    (repository / "search.yaml").write_text(yaml.safe_dump(SPACE))
    before = (repository / "params.yaml").read_text()
    first = run(repository, "python", "-m", "commands.search", "--trials", "1").stdout
    second = run(repository, "python", "-m", "commands.search", "--trials", "2").stdout
    for said in (first, second):
        assert stages_run(said) == ["finetune"]
    assert "2 trials, 1 of them from before; best macro_f1" in second
    name = re.search(r"dvc exp apply (search-\w+-\d)", second)[1]
    assert (repository / "params.yaml").read_text() == before
    shown = run(repository, "dvc", "exp", "list", "--name-only").stdout.split()
    assert len(shown) == 2 and name in shown
    head = run(repository, "git", "rev-parse", "HEAD").stdout.strip()
    revision = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    changed = run(repository, "git", "diff", "--name-only", "HEAD", revision).stdout.split()
    assert not [path for path in changed if path.startswith("reports/evaluate")]
    summary = json.loads(run(repository, "git", "show", f"{revision}:reports/finetune/summary.json").stdout)
    assert f"best macro_f1 {summary['validation']['macro_f1']:.4f}" in second


@pytest.fixture
def study_at(tmp_path, monkeypatch):
    """A search whose experiments only note what they were asked for."""
    asked = []

    def note(name, values, target):
        asked.append(values["finetune.learning_rate"])
        if len(asked) == 2:
            raise UserError("the run failed.", "Mend it.")
        return "revision"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "git", lambda *_: "0" * 40)
    monkeypatch.setattr(search, "run_experiment", note)
    monkeypatch.setattr(search, "content_at", lambda *_: json.dumps({"validation": {"macro_f1": 0.5}}))
    (tmp_path / "params.yaml").write_text("finetune: {learning_rate: 0.001}\n")
    (tmp_path / "search.yaml").write_text(yaml.safe_dump(SPACE))
    return asked


def test_a_trial_that_was_cut_off_is_tried_again_and_none_is_drawn_twice(study_at):
    space = search.Space.model_validate(SPACE)
    cut_off = search.open_study(space).ask()
    value = search.draw(cut_off, "finetune.learning_rate", space.parameters["finetune.learning_rate"])
    search.main(1, search.SPACE)
    assert study_at == [value]
    with pytest.raises(UserError, match="the run failed"):
        search.main(3, search.SPACE)
    search.main(3, search.SPACE)
    assert len(set(study_at)) == len(study_at) == 4
    states = [trial.state for trial in search.open_study(space).trials]
    assert states.count(optuna.trial.TrialState.COMPLETE) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": {"finetune.learning_rat": {"choices": [1, 2]}}}, "Did you mean 'finetune.learning_rate'?"),
        ({"parameters": {"finetune.learning_rate": {"low": 2.0, "high": 1.0}}}, "low must be below high"),
        ({"samplr": "tpe"}, "there is no such key. Did you mean 'sampler'?"),
        ({"metric": "macro_f2"}, "has no macro_f2. Did you mean 'macro_f1'?"),
        ({"metric": "mae"}, "direction is maximize, but a lower mean absolute error is better"),
        ({"direction": "minimize"}, "direction is minimize, but a higher macro F1 is better"),
    ],
)
def test_a_wrong_search_space_is_one_line(study_at, tmp_path, change, said):
    (tmp_path / "search.yaml").write_text(yaml.safe_dump(SPACE | change))
    with pytest.raises(UserError) as error:
        search.main(1, search.SPACE)
    assert said in str(error.value)
