"""Runs of several seeds are told apart by the metric that counts for their task."""

import json

import pandas as pd
import pytest
import yaml

from commands import seeds
from commands.records import METRICS


@pytest.mark.parametrize(
    ("task", "headline"),
    [("text-classification", "macro_f1"), ("token-classification", "span_f1"), ("regression", "mae")],
)
def test_each_seed_has_a_row_with_its_test_metrics_and_the_headline_on_validation(
    tmp_path, monkeypatch, task, headline
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("dataset: tiny\n")
    (tmp_path / "catalog/datasets").mkdir(parents=True)
    (tmp_path / "catalog/datasets/tiny.yaml").write_text(yaml.safe_dump({"task": task}))
    asked = []

    def note(name, values, target):
        asked.append((name, values, target))
        return str(values["finetune.seed"])

    def content(revision, path):
        value = int(revision) / 10
        validation = {"accuracy": 0.0, headline: value + 1}
        return json.dumps({"encoder": {headline: {"value": value}}} if path == METRICS else {"validation": validation})

    monkeypatch.setattr(seeds, "run_experiment", note)
    monkeypatch.setattr(seeds, "content_at", content)
    seeds.main()
    assert asked == [(f"seed-{seed}", {"finetune.seed": seed}, "evaluate") for seed in (1, 2, 3)]
    table = pd.read_csv(tmp_path / "reports/seeds/tiny.csv")
    assert table.columns.tolist() == ["seed", f"test_{headline}", f"validation_{headline}"]
    assert table[f"validation_{headline}"].tolist() == pytest.approx([1.1, 1.2, 1.3])
