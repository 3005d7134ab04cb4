"""Stages that had finished when DVC was killed, before it recorded them in dvc.lock.

DVC puts what a stage made into its cache and then writes dvc.lock. Where it is killed between or while it writes, it
would run the stage again: its run cache holds only stages of which every output is cached, so no training.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commands.cut_lock import load_fast
from commands.records import GRAPH
from stages.common.core.changes import flat
from stages.common.core.finished import RECORDS, digest, read_finished
from stages.common.core.parameters import PARAMS

NAME = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml with every name filled in.

    Attributes:
        read: Files and folders that it depends on, files of parameters among them.
        made: Its outputs.
    """

    read: list[Path]
    made: list[Path]


def finished_unrecorded(since: int) -> list[str]:
    """The stages that have finished after dvc.lock was written, by their own records.

    Args:
        since: When dvc.lock was written, in nanoseconds since 1970: what was made before is recorded.
    """
    if not RECORDS.is_dir() or RECORDS.stat().st_mtime_ns <= since:
        return []
    return [name for name, stage in graph().items() if _has_finished(name, stage, since)]


def _has_finished(name: str, stage: Stage, since: int) -> bool:
    """Whether all that a stage's last whole run made lies there as it was made, and what it read is older than it."""
    run = read_finished(name)
    return (
        run is not None
        and run.written > since
        and set(map(Path, run.made)) == set(stage.made)
        and all(path.exists() for path in stage.read)
        and _last_touched(stage.read) < run.begun
        and all(digest(Path(place)) == made for place, made in run.made.items())
    )


def graph() -> dict[str, Stage]:
    """The stages of dvc.yaml by name, those of ``foreach`` one by one; without those that name what there is not."""
    values = {"": "", **{name: str(value) for name, value in flat(_read(PARAMS) or {}).items()}}
    stages: dict[str, Stage] = {}
    for name, said in ((_read(GRAPH) or {}).get("stages") or {}).items():
        for item, part in _parts(said):
            try:
                stages[name + item["@"]] = _stage(part, values | item)
            except KeyError:
                continue
    return stages


def _parts(said: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
    items = said.get("foreach")
    if items is None:
        yield {"@": ""}, said
    for key in items or ():
        item = items[key] if isinstance(items, dict) else key
        named = {name.rstrip("."): str(value) for name, value in flat(item, "item").items()}
        yield {"@": f"@{key}", "key": str(key), **named}, said["do"]


def _stage(said: Mapping[str, Any], values: Mapping[str, str]) -> Stage:
    def filled(text: str) -> str:
        return NAME.sub(lambda name: filled(values[name[1]]), text)  # an item of ``foreach`` may hold names, too

    read = [filled(dep) for dep in said.get("deps", ())]
    for entry in said.get("params", ()):
        read += map(filled, entry) if isinstance(entry, dict) else [str(PARAMS)]
    made = [filled(next(iter(out)) if isinstance(out, dict) else out) for out in said.get("outs", ())]
    return Stage(list(map(Path, read)), list(map(Path, made)))


def _last_touched(places: list[Path]) -> int:
    """When the newest file was written, or moved to its place, in nanoseconds since 1970."""
    files = [file.stat() for place in places for file in _files(place)]
    return max((max(file.st_mtime_ns, file.st_ctime_ns) for file in files), default=0)


def _files(place: Path) -> list[Path]:
    """A file, or those of a folder that .dvcignore does not name."""
    if place.is_file():
        return [place]
    files = (path for path in place.rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts and path.suffix != ".pyc"]


def _read(path: Path) -> Any:
    """The content of a YAML file; None where there is none that can be read."""
    try:
        return load_fast(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
