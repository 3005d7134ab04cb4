"""The launcher `./py`: which Python runs the stages."""

import os
import shutil
import subprocess

import pytest

from tests.imports import ROOT


@pytest.fixture
def pythons(tmp_path):
    """Makes environments whose Python says their name, and a checkout with the launcher."""

    def make(*names):
        for name in names:
            program = tmp_path / name / "bin/python"
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f"#!/bin/sh\necho {name} $1\n")
            program.chmod(0o755)
        (tmp_path / "checkout").mkdir(exist_ok=True)
        shutil.copy2(ROOT / "py", tmp_path / "checkout/py")
        return tmp_path

    return make


def who_runs(folder, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "DVC_ROOT")}
    done = subprocess.run(["./py", "x"], cwd=folder, env=kept | environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_repositorys_own_environment_goes_before_another_active_one(pythons):
    place = pythons("checkout/.venv", "active")
    assert who_runs(place / "checkout", VIRTUAL_ENV=str(place / "active")) == "checkout/.venv x"


def test_a_copy_of_the_checkout_takes_the_environment_of_the_checkout_that_dvc_names(pythons):
    place = pythons("main/.venv", "active")
    environment = {"VIRTUAL_ENV": str(place / "active"), "DVC_ROOT": str(place / "main")}
    assert who_runs(place / "checkout", **environment) == "main/.venv x"


def test_without_an_own_environment_the_active_one_is_taken_and_else_python3(pythons):
    place = pythons("active", "path")
    assert who_runs(place / "checkout", VIRTUAL_ENV=str(place / "active")) == "active x"
    (place / "path/bin/python").rename(place / "path/bin/python3")
    assert who_runs(place / "checkout", PATH=f"{place}/path/bin:/usr/bin:/bin") == "path x"
