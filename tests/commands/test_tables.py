import json

import pytest

from commands import tables
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml
from tests.imports import ROOT


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_tables_of_readme_are_those_that_the_command_makes():
    readme = (ROOT / "README.md").read_text()
    assert tables.with_tables(readme) == readme


def test_every_figure_of_the_result_table_is_in_the_committed_metrics():
    metrics = json.loads((ROOT / "reports/evaluate/metrics.json").read_text())
    table = tables.result_table()
    for classifier in ("encoder", "baseline"):
        for figure in ("accuracy", "macro_f1"):
            for value in metrics[classifier][figure].values():
                assert f"{value:.4f}" in table
    assert metrics["encoder_vs_baseline"] in table


def test_every_claim_is_in_the_claim_table_with_its_command():
    table = tables.claim_table()
    for path in sorted((ROOT / "claims").glob("*.yaml")):
        claim = read_yaml(path)
        assert f"make verify CLAIM={path.stem}" in table
        for figure, value in claim["figures"].items():
            if figure.startswith(("encoder.", "baseline.")):
                assert f"{value['value']:.4f} ({value['low']:.4f} to {value['high']:.4f})" in table
        for name, value in claim["parameters"].items():
            assert f"-S {name}={value}" in table


def test_published_figures_are_of_datasets_of_the_catalog():
    for dataset, figures in read_yaml(tables.PUBLISHED).items():
        assert (ROOT / f"catalog/datasets/{dataset}.yaml").exists()
        assert all(sorted(figure) == ["figure", "model", "source", "value"] for figure in figures)


def test_readme_without_its_marks_is_an_error():
    with pytest.raises(UserError, match="the marks around the table 'stages' are missing"):
        tables.with_tables("# Plumbline\n")


def test_ci_calls_the_commands_of_the_readme():
    ci = (ROOT / ".ci/run").read_text()
    for command in ("make test", "make repro"):
        assert command in ci
        assert command in (ROOT / "README.md").read_text()
