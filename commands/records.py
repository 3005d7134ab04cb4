"""What a run left in git: parameters, metrics, the environment, and which revision holds what."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from commands.lock import Stages, leading_to, outputs_of, stages_of
from stages.common.core.hashes import directory_hash, file_hash
from stages.common.core.messages import UserError, one_line
from stages.common.core.validation import read_yaml

LOCK, GRAPH, PARAMS = Path("dvc.lock"), Path("dvc.yaml"), Path("params.yaml")
METRICS = Path("reports/evaluate/metrics.json")
SUMMARY = Path("reports/finetune/summary.json")
CLEANED = Path("reports/clean/summary.json")
ENVIRONMENT = Path("reports/finetune/environment.json")
MODEL = Path("models/finetuned")
SPLITS = "data/splits"


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
    """A file's content at a revision; None if it has no such file.

    Args:
        revision: The revision.
        path: Relative to this repository's folder, which may lie inside a larger git repository.
    """
    shown = subprocess.run(["git", "show", f"{revision}:./{path}"], capture_output=True, text=True)
    return None if shown.returncode else shown.stdout


def read_lock(root: Path = Path()) -> Stages:
    """The stages of dvc.lock that dvc.yaml still has, in their order.

    Raises:
        UserError: If there is none, or it records no run.
    """
    lock, graph = (_content(root / path) for path in (LOCK, GRAPH))
    return stages_of(lock, str(root / LOCK), graph)


def cached_outputs(stages: Stages) -> dict[str, dict[str, str]]:
    """For each stage, the outputs outside reports/ and their hashes."""
    outputs: dict[str, dict[str, str]] = {name: {} for name in stages}
    for path, (stage, md5) in outputs_of(stages).items():
        if not path.startswith("reports/"):
            outputs[stage][path] = md5
    return outputs


def data_stages(stages: Stages) -> list[str]:
    """The stages that the splits came from: rules and pinned files, which are the same bytes on every machine.

    The stages after them compute with a model, which is the same bytes on the same kind of machine only.
    """
    return leading_to(stages, SPLITS)


def hash_on_disk(path: Path) -> str:
    """The hash that DVC would record for an output as it lies there now.

    Raises:
        UserError: If there is none.
    """
    return file_hash(path) if path.is_file() else directory_hash(path)


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


def revisions_with(md5: str) -> Iterator[str]:
    """The revisions, of any branch, tag or experiment, whose dvc.lock names a hash, the newest first."""
    for revision in git("log", "--all", "--format=%H", f"-S{md5}", "--", str(LOCK)).split():
        if md5 in (content_at(revision, LOCK) or ""):
            yield revision


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
