"""What git and dvc.lock record of runs: outputs and their hashes, parameters, and which revision holds what."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stages.common.core.messages import UserError, one_line
from stages.common.core.provenance import directory_hash, file_hash
from stages.common.core.validation import read_yaml

LOCK, PARAMS = Path("dvc.lock"), Path("params.yaml")
METRICS = Path("reports/evaluate/metrics.json")
CALIBRATION = Path("reports/evaluate/calibration.json")
SUMMARY = Path("reports/finetune/summary.json")
ENVIRONMENT = Path("reports/finetune/environment.json")
MODEL = Path("models/finetuned")

# What rules make is the same bytes on every machine; what a model makes, on the same kind of machine only.
DATA_STAGES = ("download", "fetch_model", "fetch_lexicon", "clean", "augment", "split")
MACHINE = ("python", "system", "processor", "cores", "threads", "device", "precision", "packages")


def git(*arguments: str, root: Path = Path()) -> str:
    """What git prints.

    Raises:
        UserError: If it fails.
    """
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"`git {' '.join(arguments)}` failed: {one_line(done.stderr)}", "Mend that and try again.")
    return done.stdout.strip()


def content_at(revision: str, path: Path | str) -> str | None:
    """A file's content at a revision; None if it has no such file."""
    shown = subprocess.run(["git", "show", f"{revision}:{path}"], capture_output=True, text=True)
    return None if shown.returncode else shown.stdout


def read_lock(root: Path = Path()) -> dict[str, Any]:
    """The stages of dvc.lock.

    Raises:
        UserError: If there is none, or it records no run.
    """
    return stages_of((root / LOCK).read_text(encoding="utf-8") if (root / LOCK).exists() else None, str(root / LOCK))


def stages_of(content: str | None, where: str) -> dict[str, Any]:
    """The stages that a dvc.lock records.

    Args:
        content: What it holds; None if there is none.
        where: How a message names it.

    Raises:
        UserError: If it records no run.
    """
    stages: dict[str, Any] = (yaml.safe_load(content or "") or {}).get("stages", {})
    if not stages:
        raise UserError(f"{where}: records no run.", "Run `make repro` first.")
    return stages


def cached_outputs(stages: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """For each stage, the outputs outside reports/ and their hashes."""
    return {
        name: {o["path"]: o["md5"] for o in stage.get("outs", []) if not o["path"].startswith("reports/")}
        for name, stage in stages.items()
    }


def hash_on_disk(path: Path) -> str:
    """The hash that DVC would record for an output as it lies there now.

    Raises:
        UserError: If there is none.
    """
    return file_hash(path) if path.is_file() else directory_hash(path)


def flat(section: Any, name: str = "") -> dict[str, Any]:
    """The values of nested mappings by their dotted names; lists are values."""
    if not isinstance(section, dict):
        return {name: section}
    values: dict[str, Any] = {}
    for key, value in section.items():
        values |= flat(value, f"{name}.{key}" if name else str(key))
    return values


def with_values(params: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with some values, named by dots, changed."""
    changed = {name: dict(section) if isinstance(section, dict) else section for name, section in params.items()}
    for name, value in values.items():
        *sections, key = name.split(".")
        place = changed
        for section in sections:
            place[section] = dict(place.get(section) or {})
            place = place[section]
        place[key] = value
    return changed


def read_params(root: Path = Path()) -> dict[str, Any]:
    """All of params.yaml."""
    return read_yaml(root / PARAMS)


def read_json(path: Path) -> dict[str, Any]:
    """Reads what a run wrote.

    Raises:
        UserError: If there is no such file.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Run `make repro`, which makes it.") from None
    return content


def find_revision(md5: str) -> str | None:
    """The newest revision, of any branch, tag or experiment, whose dvc.lock names this hash; None if there is none."""
    found = git("log", "--all", "--format=%H", f"-S{md5}", "--", str(LOCK)).split()
    return next((revision for revision in found if md5 in (content_at(revision, LOCK) or "")), None)
