"""Where a repository may lie and what may be set around it: all of it at once."""

import shutil
import sys

import pandas as pd
import yaml

from tests.corpus import run
from tests.imports import ROOT


def test_it_runs_in_any_folder_inside_another_repository_and_beside_another_environment(repository, tmp_path):
    outer = tmp_path / "größer & with 'quotes'"
    inner = outer / "a folder/übung"
    inner.parent.mkdir(parents=True)
    shutil.rmtree(repository / ".git")
    shutil.move(repository, inner)
    (inner / ".venv").symlink_to(sys.prefix)
    other = tmp_path / "other/bin"
    other.mkdir(parents=True)
    (other / "python").write_text("#!/bin/sh\necho another environment >&2\nexit 9\n")
    (other / "python").chmod(0o755)
    around = {"VIRTUAL_ENV": str(other.parent), "PYTHONSAFEPATH": "1"}
    run(outer, "git", "init", "--quiet", "--initial-branch", "main")
    run(outer, "git", "config", "user.name", "Tests")
    run(outer, "git", "config", "user.email", "tests@example.org")
    run(outer, "git", "add", "--all")
    run(outer, "git", "commit", "--quiet", "--message", "all of it")

    assert "up to date" in run(inner, "dvc", "status", **around).stdout
    params = yaml.safe_load((inner / "params.yaml").read_text())
    params["split"]["seed"] += 1
    (inner / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    before = pd.read_parquet(inner / "data/splits/train.parquet")["id"].tolist()
    run(inner, "dvc", "repro", "split", **around)
    assert pd.read_parquet(inner / "data/splits/train.parquet")["id"].tolist() != before

    (inner / "drei Texte.txt").write_text("boat and tide\noven\nrose\n")
    said = run(inner, "./py", "-m", "commands.predict", "drei Texte.txt", "--out", "Antworten ä.csv", **around)
    assert "3 texts in Antworten ä.csv" in said.stdout
    assert len(pd.read_csv(inner / "Antworten ä.csv")) == 3
    described = run(inner, "./py", "-m", "commands.describe", "Antworten ä.csv", check=False, **around)
    assert "Traceback" not in described.stderr


def test_make_keeps_what_is_set_outside_out(tmp_path):
    """`make` takes the repository's own environment, and Python finds the code in the folder where it runs."""
    place = tmp_path / "with spaces & ä"
    place.mkdir()
    shutil.copy2(ROOT / "Makefile", place)
    (place / ".venv/bin").mkdir(parents=True)
    (place / ".venv/bin/python").write_text('#!/bin/sh\necho "$VIRTUAL_ENV|$PYTHONSAFEPATH|$*"\n')
    (place / ".venv/bin/python").chmod(0o755)
    for name in ("installed", "installed-dev"):
        (place / ".venv" / name).touch()
    done = run(place, "make", "--silent", "-o", ".venv/installed", "graph", PYTHONSAFEPATH="1", VIRTUAL_ENV="/other")
    assert done.stdout == f"{place}/.venv||-m commands.graph\n"
