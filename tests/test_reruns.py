"""What a change reruns, tried with DVC on a tiny repository whose run is finished: none of these trains again."""

import json

import pytest
import yaml

from commands.records import with_values
from tests.corpus import run
from tests.test_end_to_end import output_hashes, stages_run


def changes_for(repository, stage="finetune"):
    """What DVC says has changed of all that a stage depends on."""
    return json.loads(run(repository, "dvc", "status", "--json", stage).stdout)


def replace(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, path
    path.write_text(text.replace(old, new))


def set_parameters(repository, values):
    path = repository / "params.yaml"
    path.write_text(yaml.safe_dump(with_values(yaml.safe_load(path.read_text()), values), sort_keys=False))


@pytest.mark.parametrize(
    ("stage", "values"),
    [
        ("download", {"download.most_rejected": 7}),
        ("clean", {"clean.examples.per_rule": 1, "clean.examples.seed": 9}),
        ("audit", {"audit.folds": 3, "audit.action": "report"}),
    ],
)
def test_a_parameter_that_changes_no_row_neither_trains_nor_tests_again(repository, stage, values):
    set_parameters(repository, values)
    assert stage in stages_run(run(repository, "dvc", "repro", "audit"))
    assert changes_for(repository) == changes_for(repository, "evaluate") == {}


def test_a_corrected_licence_or_citation_does_not_retrain(repository):
    path = repository / "catalog/datasets/tiny.yaml"
    entry = yaml.safe_load(path.read_text()) | {"licence": "corrected", "citation": "corrected"}
    path.write_text(yaml.safe_dump(entry))
    before = output_hashes(repository)
    assert "download" in stages_run(run(repository, "dvc", "repro", "audit"))
    after = output_hashes(repository)
    assert after["data/raw"] != before["data/raw"] and after["data/audited"] != before["data/audited"]
    assert changes_for(repository) == {}


def test_a_text_rule_that_is_added_but_off_does_not_retrain(repository):
    rules = repository / "stages/common/text_rules"
    (rules / "shouting.py").write_text("def quieten(texts):\n    return texts.str.lower()\n")
    settings = rules / "settings.py"
    replace(settings, "    whitespace: bool = False\n", "    whitespace: bool = False\n    shouting: bool = False\n")
    replace(settings, '"lowercase": (', '"shouting": (self.shouting, quieten),\n            "lowercase": (')
    replace(settings, "\nNAMES = ", "\nfrom stages.common.text_rules.shouting import quieten\n\nNAMES = ")
    set_parameters(repository, {"clean.shouting": False})
    assert "clean" in stages_run(run(repository, "dvc", "repro", "audit"))
    assert changes_for(repository) == {}


def test_code_beside_training_does_not_retrain(repository):
    """A metric, an analysis, another task of evaluate, wording of a command, the page: each in a file of its own."""
    for path in (
        "stages/common/metrics/new_metric.py",
        "stages/evaluate/new_analysis.py",
        "stages/evaluate/tasks/new_task.py",
        "stages/report/new_section.py",
        "commands/new_command.py",
    ):
        (repository / path).write_text('"""New."""\n')
    for path in (*(repository / "commands").glob("*.py"), *(repository / "stages/report").rglob("*.py")):
        path.write_text(path.read_text() + "\n# a message in other words\n")
    assert changes_for(repository) == {}


def test_code_that_training_runs_retrains(repository):
    (repository / "stages/common/training/new_module.py").write_text('"""Not imported."""\n')
    assert changes_for(repository) == {}
    path = repository / "stages/common/training/loop.py"
    path.write_text(path.read_text() + "\n# changed\n")
    assert "stages/common/training/loop.py" in json.dumps(changes_for(repository))


def test_a_further_task_is_recorded_without_training_anew_once_the_weights_are_shown_to_be_equal(repository):
    """DVC cannot tell that the file of another task changes no weight: commands.unchanged shows it."""
    (repository / "stages/finetune/tasks/new_task.py").write_text('"""Another task."""\n')
    assert "stages/finetune" in json.dumps(changes_for(repository))
    done = run(repository, "python", "-m", "commands.unchanged", "finetune")
    assert f"models/finetuned {output_hashes(repository)['models/finetuned']}" in done.stdout
    assert changes_for(repository) == {}
    assert "up to date" in run(repository, "dvc", "repro", "evaluate").stdout


def test_a_change_of_the_weights_is_not_recorded_as_none(repository):
    set_parameters(repository, {"finetune.warmup": 0.5})
    before = (repository / "dvc.lock").read_bytes()
    done = run(repository, "python", "-m", "commands.unchanged", "finetune", check=False)
    assert done.returncode == 1
    assert "error: models/finetuned: finetune makes" in done.stderr
    assert (repository / "dvc.lock").read_bytes() == before
