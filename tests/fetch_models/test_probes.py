"""Files of suites of probes are fetched as pinned; one that can't be is named, and written down the same everywhere."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from stages.common.core.catalog import entry_names, load_entry
from stages.common.core.messages import UserError
from stages.fetch_models.__main__ import main
from stages.probe.entry import ProbeEntry
from tests.imports import ROOT


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    Path("catalog/probes").mkdir(parents=True)
    Path("here.csv").write_text("text\n")
    digest = hashlib.sha256(b"text\n").hexdigest()
    for name, files in {
        "own": [],
        "near": [{"name": "here.csv", "sha256": digest, "sources": [{"url": "here.csv"}]}],
        "far": [
            {"name": "here.csv", "sha256": digest, "sources": [{"url": "here.csv"}]},
            {"name": "gone.csv", "sha256": digest, "sources": [{"url": "gone.csv"}]},
        ],
    }.items():
        Path(f"catalog/probes/{name}.yaml").write_text(yaml.safe_dump({"title": name, "files": files}))

    def choose(suites):
        Path("params.yaml").write_text(yaml.safe_dump({"probe": {"suites": suites, "seed": 1}}))

    return choose


def test_what_can_be_fetched_is_and_what_cannot_is_named_in_one_line(workbench, capsys):
    workbench(["own", "near", "far"])
    main("probes")
    folder = Path("models/fetched/probes")
    assert (folder / "near/here.csv").read_text() == "text\n"
    assert list((folder / "far").iterdir()) == []
    record = json.loads((folder / "probes.json").read_text())
    assert record["own"] is record["near"] is None
    assert record["far"] == "its files could not be fetched; `dvc repro -f fetch_probes` tries again."
    (line,) = capsys.readouterr().out.splitlines()
    assert "1 files of 2 suites" in line
    assert "far is left out: far: cannot get gone.csv" in line


def test_no_suite_leaves_a_record_and_nothing_else(workbench):
    workbench([])
    main("probes")
    assert [path.name for path in Path("models/fetched/probes").iterdir()] == ["probes.json"]


@pytest.mark.parametrize(
    ("suites", "said"), [("own", "probe.suites: "), (["wrong"], "has no entry 'wrong'"), (None, "suites")]
)
def test_a_wrong_list_of_suites_ends_in_one_line(workbench, suites, said):
    workbench(suites)
    with pytest.raises(UserError, match=said):
        main("probes")


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "catalog/probes").glob("*.yaml")))
def test_every_entry_of_the_catalog_is_valid_and_its_own_files_are_as_pinned(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert name in entry_names("probes")
    entry = load_entry("probes", name, ProbeEntry)
    assert entry.licence
    for file in entry.files:
        for source in file.sources:
            if source.url and not source.url.startswith("https://"):
                assert hashlib.sha256(Path(source.url).read_bytes()).hexdigest() == file.sha256


def test_the_suites_that_are_on_by_default_need_nothing_from_outside(monkeypatch):
    monkeypatch.chdir(ROOT)
    for name in yaml.safe_load(Path("params.yaml").read_text())["probe"]["suites"]:
        for file in load_entry("probes", name, ProbeEntry).files:
            assert [source.url for source in file.sources] == [f"catalog/probes/{file.name}"]
