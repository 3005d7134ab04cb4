import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from tests.corpus import commit, make_repository, run

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch loads: the workers of a test run share the cores

AXE = "axe-playwright-python==0.1.8"  # its wheel holds axe-core 4.12.1
AXE_HASH = "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8"

# A test run in the background of a shell inherits that Ctrl-C is ignored, and so would what the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: how long an example takes says more about the machine. CI tries the same examples each time.
settings.register_profile("plumbline", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("plumbline")


def pytest_collection_modifyitems(items):
    """Tests that use the finished repository are slow, whatever file they are in."""
    for item in items:
        if "finished" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def make_documents():
    """Builds a document table from texts; a column can be given for all rows or row by row."""

    def build(texts, **columns):
        ids = columns.pop("id", [f"d{number}" for number in range(len(texts))])
        row = {"label": "a", "tokens": None, "tags": None, "published_split": None, "group": ids, "method": "original"}
        frame = pd.DataFrame({"id": ids, "text": list(texts)})
        for name, value in {**row, **columns}.items():
            values = value if isinstance(value, list) else [value] * len(frame)
            frame[name] = pd.Series(values, dtype=object)
        frame["derived_from"] = [[row_id] for row_id in ids]
        return frame

    return build


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A tiny repository after its first `dvc repro`, committed, with a claim about it: made once for all processes.

    What git saw as new after the run is listed in ``made.txt`` beside it. Tests copy it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "finished"
        if not (shared / "made.txt").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make_repository(folder)
            run(folder, "dvc", "repro")
            made = run(folder, "git", "status", "--porcelain", "--untracked-files=all", "--ignored").stdout
            commit(folder, "a run")
            run(folder, "python", "-m", "commands.claim")
            commit(folder, "what is claimed of it")
            (shared / "made.txt").write_text(made)
    return folder


@pytest.fixture
def repository(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "repository", symlinks=True))


@pytest.fixture(scope="session")
def chromium():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        message = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return program


@pytest.fixture(scope="session")
def axe(pytestconfig, tmp_path_factory):
    """The source of axe-core, which looks for faults that keep people out; fetched once, from the package index."""
    kept = pytestconfig.cache.mkdir("axe") / f"{AXE_HASH}.js"
    if not kept.exists():
        folder = tmp_path_factory.mktemp("axe")
        (folder / "requirements.txt").write_text(f"{AXE} --hash=sha256:{AXE_HASH}")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--dest",
            folder,
        ]
        done = subprocess.run([*command, "--requirement", folder / "requirements.txt"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"axe-core could not be fetched from the package index: {done.stderr.strip()[-200:]}")
        (wheel,) = folder.glob("*.whl")
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == AXE_HASH
        with zipfile.ZipFile(wheel) as archive:
            fetched = folder / "axe.js"
            fetched.write_bytes(archive.read("axe_playwright_python/axe.min.js"))
        shutil.copy(fetched, kept.with_suffix(f".{os.getpid()}"))
        kept.with_suffix(f".{os.getpid()}").replace(kept)
    return kept.read_text(encoding="utf-8")
