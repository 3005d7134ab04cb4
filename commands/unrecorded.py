"""Stages that had finished when DVC was killed, before it recorded them in dvc.lock.

DVC puts what a stage made into its cache and then writes dvc.lock. Where it is killed between or while it writes, it
would run the stage again: its run cache holds only stages of which every output is cached, so no training.
"""

import json
import re
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commands.cut_lock import load_fast
from commands.hashes import directory_hash, file_hash
from commands.records import GRAPH, LOCK
from stages.common.core.changes import flat
from stages.common.core.parameters import PARAMS

NAME = re.compile(r"\$\{([^}]+)\}")
RUNNING = (" repro", " exp run")  # the commands of DVC that run stages


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml with every name filled in.

    Attributes:
        read: Files and folders that it depends on, files of parameters among them.
        made: Its outputs, and whether DVC's cache holds each one.
    """

    read: list[Path]
    made: dict[Path, bool]


def finished_unrecorded(rwlock: Path, since: int) -> list[str]:
    """The stages that are finished, though dvc.lock does not say so.

    Such a stage has all of its outputs; they are not those of dvc.lock; nothing that it reads is newer than they are;
    they are known to be whole: DVC has them in its cache, or was just running this stage, which makes all or none.

    Args:
        rwlock: DVC's file of who reads and writes what, as a killed DVC left it.
        since: When dvc.lock was written, in nanoseconds since 1970: what was made before is recorded.
    """
    recorded = (_read(LOCK) or {}).get("stages") or {}
    running = _being_made(rwlock)
    found = []
    for name, stage in graph().items():
        if not stage.made or not all(path.exists() for path in stage.made):
            continue
        if _oldest(stage.made) <= max(since, _newest(stage.read)):
            continue
        hashes = {path: _hash(path) for path in stage.made}
        before = {Path(out["path"]): out.get("md5") for out in recorded.get(name, {}).get("outs", [])}
        whole = all(_is_cached(hashes[path]) for path, cached in stage.made.items() if cached)
        if hashes != before and (whole or {path.resolve() for path in stage.made} <= running):
            found.append(name)
    return found


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
    def filled(text: str) -> Path:
        return Path(NAME.sub(lambda name: values[name[1]], text))

    read = [filled(dep) for dep in said.get("deps", ())]
    for entry in said.get("params", ()):
        read += [filled(path) for path in entry] if isinstance(entry, dict) else [PARAMS]
    made = {}
    for out in said.get("outs", ()):
        path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
        made[filled(path)] = bool(options.get("cache", True))
    return Stage(read, made)


def _being_made(rwlock: Path) -> set[Path]:
    """The outputs of the stage that a DVC was running; empty where that can't be read."""
    try:
        writing = json.loads(rwlock.read_text(encoding="utf-8"))["write"]
        return {Path(path) for path, by in writing.items() if any(command in by["cmd"] for command in RUNNING)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def _newest(places: list[Path]) -> int:
    return max((file.stat().st_mtime_ns for place in places for file in _files(place)), default=0)


def _oldest(places: Mapping[Path, bool]) -> int:
    return min((file.stat().st_mtime_ns for place in places for file in _files(place)), default=0)


def _files(place: Path) -> list[Path]:
    """A file, or those of a folder that .dvcignore does not name."""
    if place.is_file():
        return [place]
    return [path for path in place.rglob("*") if path.is_file() and not _is_compiled(path)]


def _is_compiled(path: Path) -> bool:
    return "__pycache__" in path.parts or path.suffix == ".pyc"


def _hash(path: Path) -> str:
    if path.is_file():
        return file_hash(path)
    compiled = [file.relative_to(path).as_posix() for file in path.rglob("*") if _is_compiled(file)]
    return directory_hash(path, compiled)


def _is_cached(md5: str) -> bool:
    return Path(_cache(), "files/md5", md5[:2], md5[2:]).exists()


def _cache() -> Path:
    """Where DVC's cache is; several checkouts may share one."""
    config = ConfigParser(interpolation=None, strict=False)
    with suppress(ConfigParserError):
        config.read([".dvc/config", ".dvc/config.local"], encoding="utf-8")
    return Path(".dvc", config.get("cache", "dir", fallback="cache"))


def _read(path: Path) -> Any:
    """The content of a YAML file; None where there is none that can be read."""
    try:
        return load_fast(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
