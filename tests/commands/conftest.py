"""One run of the tiny repository, claimed and committed, for all tests of the commands."""

import shutil
from pathlib import Path

import pytest

from tests.corpus import commit, make_repository, run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A repository after its first `dvc repro`, committed, with a claim about it. Tests copy it."""
    folder = make_repository(tmp_path_factory.mktemp("finished"))
    run(folder, "dvc", "repro")
    commit(folder, "a run")
    run(folder, "python", "-m", "commands.claim")
    commit(folder, "what is claimed of it")
    return folder


@pytest.fixture
def repository(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "repository", symlinks=True))
