import json

import pytest

from commands import tables
from commands.claims import claim_names
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml
from tests.imports import ROOT


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_tables_of_readme_are_those_that_the_command_makes():
    readme = (ROOT / "README.md").read_text()
    assert tables.with_tables(readme) == readme


def test_every_metric_of_the_result_table_is_in_the_committed_metrics():
    metrics = json.loads((ROOT / "reports/evaluate/metrics.json").read_text())
    table = tables.result_table()
    for classifier in ("encoder", "baseline"):
        for metric in ("accuracy", "macro_f1"):
            for value in metrics[classifier][metric].values():
                assert f"{value:.4f}" in table
    assert metrics["encoder_vs_baseline"] in table


def test_every_claim_is_in_the_claim_table_with_its_command():
    table = tables.claim_table()
    for name in claim_names():
        claim = read_yaml(ROOT / f"claims/{name}.yaml")
        assert f"make verify CLAIM={name}" in table
        few = claim["parameters"].get("split.train_per_class")
        assert f"{few} labels a class" in table if few else f"{claim['dataset']}, {claim['documents']:,} test" in table
        for metric, value in claim["figures"].items():
            if metric.startswith(("encoder.", "baseline.")):
                assert f"{value['value']:.4f} ({value['low']:.4f} to {value['high']:.4f})" in table
        for name, value in claim["parameters"].items():
            assert f"-S {name}={value}" in table


def test_published_metrics_are_of_datasets_of_the_catalog():
    for dataset, published in read_yaml(tables.PUBLISHED).items():
        assert (ROOT / f"catalog/datasets/{dataset}.yaml").exists()
        assert all(sorted(one) == ["metric", "model", "source", "value"] for one in published)


GRAPH = """
stages:
  fetch_models:
    foreach: [pretrained, names]
    do:
      desc: get a model
      outs: ["models/fetched/${item}"]
  evaluate:
    desc: test it
    outs:
      - data/predictions.parquet
      - reports/evaluate: {cache: false}
"""


def test_the_stage_table_knows_stages_of_several_roles_and_outputs_that_are_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    assert tables.stage_table().splitlines()[2:] == [
        "| `fetch_models` | get a model | `models/fetched/<role>` |",
        "| `evaluate` | test it | `data/predictions.parquet`, `reports/evaluate/` |",
    ]


def test_the_result_table_names_the_metrics_the_direction_and_the_intervals_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports/evaluate").mkdir(parents=True)
    estimate = {"value": 2.5, "low": 2.0, "high": 3.0}
    groups = {name: {"mae": estimate} for name in ("encoder", "baseline", "difference")}
    metrics = {**groups, "encoder_vs_baseline": "better", "documents": 7}
    (tmp_path / "reports/evaluate/metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "reports/evaluate/summary.json").write_text(json.dumps({"confidence": 0.9}))
    table = tables.result_table()
    assert "| on the test split | mean absolute error (lower is better) |" in table
    assert "in brackets 90 % bootstrap intervals" in table


def test_readme_without_its_marks_is_an_error():
    with pytest.raises(UserError, match="the marks around the table 'stages' are missing"):
        tables.with_tables("# Plumbline\n")


def test_ci_calls_the_commands_of_the_readme():
    ci = (ROOT / ".ci/run").read_text()
    for command in ("make test", "make repro"):
        assert command in ci
        assert command in (ROOT / "README.md").read_text()
