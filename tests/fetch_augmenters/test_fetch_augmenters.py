import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

from stages.common.core.messages import UserError
from stages.common.model.augmenters import read_augmenters
from stages.fetch_augmenters import __main__ as fetch_augmenters
from stages.fetch_augmenters.entry import AugmenterEntry
from tests.imports import ROOT

NONE = {"masked_language_model": None, "forward": None, "backward": None, "names": None}


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    Path("catalog/augmenters").mkdir(parents=True)

    def enter(name, source=None, target=None, content=b"{}"):
        Path(f"{name}.json").write_bytes(content)
        file = {
            "name": "config.json",
            "sha256": hashlib.sha256(b"{}").hexdigest(),
            "sources": [{"url": f"{name}.json"}],
        }
        entry = {"title": name, "licence": "none", "citation": "none", "files": [file]}
        if source:
            entry["languages"] = {"source": source, "target": target}
        Path(f"catalog/augmenters/{name}.yaml").write_text(yaml.safe_dump(entry))

    def choose(**roles):
        Path("params.yaml").write_text(yaml.safe_dump({"fetch_augmenters": {**NONE, **roles}}))

    return enter, choose


def test_by_default_nothing_is_fetched_and_the_list_says_so(workbench):
    workbench[1]()
    fetch_augmenters.main()
    assert [path.name for path in Path("models/augmenters").iterdir()] == ["augmenters.json"]
    assert json.loads(Path("models/augmenters/augmenters.json").read_text()) == NONE


def test_each_role_gets_the_files_of_its_entry(workbench):
    enter, choose = workbench
    enter("there", "en", "es")
    enter("back", "es", "en")
    enter("masked")
    enter("tagger")
    choose(forward="there", backward="back", masked_language_model="masked", names="tagger")
    fetch_augmenters.main()
    listed = read_augmenters(Path("models/augmenters"))
    assert (listed.forward.languages.target, listed.backward.title, listed.masked_language_model.languages) == (
        "es", "back", None,
    )  # fmt: skip
    for role in NONE:
        assert [path.name for path in Path("models/augmenters", role).iterdir()] == ["config.json"]


def test_models_that_do_not_lead_back_are_refused(workbench):
    enter, choose = workbench
    enter("there", "en", "es")
    enter("back", "fr", "en")
    choose(forward="there", backward="back")
    with pytest.raises(UserError, match="back does not translate back what there does"):
        fetch_augmenters.main()
    choose(forward="there")
    with pytest.raises(UserError, match="names one of 'forward' and 'backward'"):
        fetch_augmenters.main()
    choose(masked_language_model="nothing")
    with pytest.raises(UserError, match=r"has no entry 'nothing'.*Known are: back, there"):
        fetch_augmenters.main()


def test_a_file_that_differs_is_named_and_nothing_is_left(workbench):
    enter, choose = workbench
    enter("masked", content=b"changed")
    choose(masked_language_model="masked")
    with pytest.raises(UserError, match=r"config\.json.*sha256"):
        fetch_augmenters.main()
    assert not Path("models/augmenters").exists()


def test_the_form_in_the_catalogs_readme_is_that_of_an_entry():
    said = (ROOT / "catalog/augmenters/README.md").read_text()
    form = re.search(r"```yaml\n(.*?)```", said, re.DOTALL)[1].replace("64 hexadecimal digits", "a" * 64)
    entry = AugmenterEntry.model_validate(yaml.safe_load(form))
    assert entry.languages.target == "es"
