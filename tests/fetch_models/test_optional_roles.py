import hashlib
import re
from pathlib import Path

import pytest
import yaml

from stages.common.core.catalog import load_entry
from stages.common.core.messages import UserError
from stages.common.fetching.roles import read_role
from stages.fetch_models.__main__ import FETCHED, main
from stages.fetch_models.entry import ModelEntry
from stages.fetch_models.parameters import FetchModelsParameters
from tests.imports import ROOT

ROLES = tuple(FetchModelsParameters.model_fields)


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    Path("catalog/models").mkdir(parents=True)

    def enter(name, source=None, target=None, content=b"{}", **more):
        Path(f"{name}.json").write_bytes(content)
        file = {
            "name": "config.json",
            "sha256": hashlib.sha256(b"{}").hexdigest(),
            "sources": [{"url": f"{name}.json"}],
        }
        entry = {"title": name, "licence": "none", "citation": "none", "files": [file], **more}
        if source:
            entry["languages"] = {"source": source, "target": target}
        Path(f"catalog/models/{name}.yaml").write_text(yaml.safe_dump(entry))

    def choose(**roles):
        Path("params.yaml").write_text(yaml.safe_dump({"fetch_models": dict.fromkeys(ROLES) | roles}))

    return enter, choose


def test_by_default_nothing_is_fetched_and_each_record_says_so(workbench):
    workbench[1]()
    main("optional")
    for role in ROLES:
        assert [path.name for path in (FETCHED / role).iterdir()] == ["model.json"]
        assert read_role(FETCHED / role) is None


def test_each_role_gets_the_files_of_its_entry(workbench):
    enter, choose = workbench
    enter("there", "en", "es")
    enter("tagger")
    choose(forward="there", names="tagger")
    main("optional")
    for role in ("forward", "names"):
        assert {path.name for path in (FETCHED / role).iterdir()} == {"config.json", "model.json"}
    assert read_role(FETCHED / "forward").languages.target == "es"
    assert read_role(FETCHED / "names").languages is None
    assert read_role(FETCHED / "backward") is None


def test_the_pretrained_encoder_may_be_listed_file_by_file_and_gets_no_record(workbench):
    workbench[0]("encoder")
    Path("params.yaml").write_text("model: encoder\n")
    main("pretrained")
    assert [path.name for path in (FETCHED / "pretrained").iterdir()] == ["config.json"]


def test_a_name_that_is_not_in_the_catalog_is_refused_with_those_that_are(workbench):
    enter, choose = workbench
    enter("there", "en", "es")
    choose(masked_language_model="nothing")
    with pytest.raises(UserError, match=r"has no entry 'nothing'.*Known are: there"):
        main("optional")


def test_a_file_that_differs_is_named_and_nothing_is_left(workbench):
    enter, choose = workbench
    enter("masked", content=b"changed")
    choose(masked_language_model="masked")
    with pytest.raises(UserError, match=r"config\.json.*sha256"):
        main("optional")
    assert not list(FETCHED.iterdir())


def test_an_entry_gives_its_files_in_one_form(workbench):
    workbench[0]("both", folder="packed")
    with pytest.raises(UserError, match="give either 'files', or 'archive', 'folder' and 'members'"):
        load_entry("models", "both", ModelEntry)


def test_the_form_in_the_catalogs_readme_is_that_of_an_entry():
    text = (ROOT / "catalog/models/README.md").read_text()
    form = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1].replace("64 hexadecimal digits", "a" * 64)
    assert ModelEntry.model_validate(yaml.safe_load(form)).languages.target == "es"
