"""CONTRIBUTING.md's walks, done word by word in a copy of the tiny repository."""

import hashlib
import json
import re

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score

from tests.corpus import run
from tests.imports import ROOT

pytestmark = pytest.mark.slow
SECTIONS = re.split(r"^## ", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)
BLOCK = re.compile(
    r"^```(?:python|yaml)\n# ([^\s,]+)(?:, (after|instead of): ?([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
QUESTIONS = "".join(
    f"__label__DESC what is the name of thing number {number} in the old house\n"
    f"__label__NUM how many days did the {number} small ships take to sail home\n"
    for number in range(30)
)


def walk(repository, title):
    """Does what a section says; its blocks name a file, and where in it they go."""
    (section,) = (section for section in SECTIONS if section.startswith(title))
    blocks = BLOCK.findall(section)
    assert len(blocks) == section.count("```python") + section.count("```yaml") > 1
    for name, mode, anchor, content in blocks:
        path = repository / name
        if mode == "":
            assert not path.exists(), name
            path.write_text(content)
        else:
            lines = path.read_text().splitlines(keepends=True)
            (place,) = (number for number, line in enumerate(lines) if anchor in line)
            if mode == "after":
                lines.insert(place + 1, content)
            else:
                lines[place] = lines[place].replace(anchor, content.rstrip("\n"))
            path.write_text("".join(lines))
    run(repository, "python", "-m", "commands.graph")


def hashes(repository):
    lock = yaml.safe_load((repository / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in lock.values() for out in stage["outs"]}


def stages_run(done):
    return {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage '")}


def test_a_rule_that_is_added_but_off_makes_the_same_bytes_and_trains_nothing_again(repository):
    before = hashes(repository)
    walk(repository, "Add a cleaning rule")
    (repository / "docs").mkdir()
    run(repository, "python", "-m", "commands.parameters")
    assert "ellipses: false" in (repository / "params.yaml").read_text()
    reran = stages_run(run(repository, "dvc", "repro", "finetune"))
    assert "clean" in reran and not reran & {"audit", "finetune"}
    assert hashes(repository)["data/clean"] == before["data/clean"]
    code = (
        "import pandas as pd\nfrom stages.common.text_rules.settings import TextRules\n"
        "print(TextRules(ellipses=True).apply(pd.Series(['wait\\u2026 what'], dtype='str'))[0])"
    )
    assert run(repository, "python", "-c", code).stdout == "wait... what\n"


def test_a_metric_is_reported_and_trains_nothing_again(repository):
    walk(repository, "Add a metric")
    assert stages_run(run(repository, "dvc", "repro", "evaluate")) == {"evaluate"}
    kappa = json.loads((repository / "reports/evaluate/summary.json").read_text())["encoder"]["cohen_kappa"]
    predictions = pd.read_parquet(repository / "data/predictions.parquet")
    expected = cohen_kappa_score(predictions["label"], predictions["predicted"])
    assert kappa["value"] == pytest.approx(expected)
    assert kappa["low"] <= kappa["value"] <= kappa["high"]


def test_a_reader_reads_what_no_other_did(repository):
    (repository / "questions.txt").write_text(QUESTIONS)
    assert hashlib.sha256(QUESTIONS.encode()).hexdigest() in (ROOT / "CONTRIBUTING.md").read_text()
    walk(repository, "Add a reader")
    run(repository, "dvc", "repro", "--quiet", "download")  # the tiny dataset still reads as before
    run(repository, "dvc", "exp", "run", "--quiet", "-S", "dataset=questions", "download")
    documents = pq.read_table(repository / "data/raw/documents.parquet").to_pandas()
    assert documents["label"].value_counts().to_dict() == {"DESC": 30, "NUM": 30}
    assert set(documents["text"]) == {line.partition(" ")[2] for line in QUESTIONS.splitlines()}


def test_a_task_goes_through_the_whole_graph_by_its_own_files(repository):
    walk(repository, "Add a task")
    entry = repository / "catalog/datasets/tiny.yaml"
    entry.write_text(entry.read_text().replace("task: text-classification", "task: frequent-labels"))
    run(repository, "dvc", "repro", "--quiet")
    summary = json.loads((repository / "reports/evaluate/summary.json").read_text())
    assert summary["task"] == "frequent-labels"
    metrics = json.loads((repository / "reports/evaluate/metrics.json").read_text())
    assert metrics["encoder_vs_baseline"] == metrics["difference"]["accuracy"]["outcome"]
    assert (repository / "reports/index.html").stat().st_size > 10_000
    (repository / "texts.txt").write_text("the oven and the flour\n")
    done = run(repository, "python", "-m", "commands.predict", "texts.txt", "--threads", "1")
    assert json.loads(done.stdout)["label"] in {"kitchen", "garden", "harbour"}
