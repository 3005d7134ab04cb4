import json

import pytest

from commands import tables
from stages.common.messages import UserError
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


def test_readme_without_its_marks_is_an_error():
    with pytest.raises(UserError, match="the marks around the table 'stages' are missing"):
        tables.with_tables("# Plumbline\n")


def test_ci_calls_the_commands_of_the_readme():
    ci = (ROOT / ".ci/run").read_text()
    for command in ("make test", "make repro"):
        assert command in ci
        assert command in (ROOT / "README.md").read_text()
