"""Adding a metric as CONTRIBUTING.md describes it: a formula, a name, a place in the task's file."""

import json
import os
import shutil
import subprocess
import sys

from sklearn.metrics import hamming_loss

from tests.evaluate.test_further_tasks import fill_several, predictions
from tests.imports import ROOT

FORMULA = '''
"""How many labels are wrong."""

import numpy as np


def hamming_metrics(truth, chosen):
    wrong = (truth != chosen).mean(axis=1)
    return lambda weights: {"hamming_loss": weights @ wrong / len(wrong)}
'''


def insert(path, before, line):
    """Puts a line before one that the file has already."""
    content = path.read_text()
    assert before in content, f"{path.name} has no {before!r}"
    path.write_text(content.replace(before, f"{line}{before}", 1))


def test_a_metric_is_a_formula_a_name_and_a_place_in_the_tasks_file(workplace):
    shutil.copytree(ROOT / "stages", workplace / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    (workplace / "stages/common/metrics/hamming.py").write_text(FORMULA)
    names = workplace / "stages/common/metrics/names.py"
    insert(names, '    "mae": ', '    "hamming_loss": Metric("Hamming loss", higher_is_better=False),\n')
    task = workplace / "stages/evaluate/tasks/multi_label.py"
    insert(task, "        ranking_metrics(", "        hamming_metrics(truth, given.chosen),\n")
    insert(
        task, "from stages.common.metrics.multi_label", "from stages.common.metrics.hamming import hamming_metrics\n"
    )
    insert(task, '"subset_accuracy", "micro_f1"', '"hamming_loss", ')

    fill_several(workplace)
    environment = {**os.environ, "PYTHONPATH": str(workplace), "HF_HUB_OFFLINE": "1"}
    run = [sys.executable, "-m", "stages.evaluate"]
    done = subprocess.run(run, cwd=workplace, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Hamming loss" in done.stdout
    metrics = json.loads((workplace / "reports/evaluate/metrics.json").read_text())
    table = predictions(workplace)
    labels = [column[2:] for column in table if column.startswith("p:")]
    truth, chosen = ([[label in own for label in labels] for own in table[name]] for name in ("labels", "predicted"))
    assert abs(metrics["encoder"]["hamming_loss"]["value"] - hamming_loss(truth, chosen)) < 1e-9
    assert metrics["difference"]["hamming_loss"]["value"] > 0
    assert metrics["difference"]["hamming_loss"]["outcome"] == "worse"
