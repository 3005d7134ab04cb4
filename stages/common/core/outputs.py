"""All or nothing: a stage's outputs are written beside their place and renamed together at the end."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.common.core.finished import record_finished


@contextmanager
def new_outputs(*places: Path) -> Iterator[tuple[Path, ...]]:
    """Gives one temporary sibling for each output, and renames all of them when the block ends without an error.

    A stage that is killed leaves the old outputs or none. What it left beside them is removed by its next run.

    Args:
        *places: Where the outputs belong: folders, or files if the name has a suffix.

    Yields:
        The temporary siblings in the same order: empty folders; files that do not exist yet.
    """
    siblings = tuple(place.with_name(f".{place.name}.partial") for place in places)
    for place, sibling in zip(places, siblings, strict=True):
        _remove(sibling)
        (sibling if not place.suffix else sibling.parent).mkdir(parents=True, exist_ok=True)
    try:
        yield siblings
        for sibling in siblings:
            _flush(sibling)
        record_finished(dict(zip(places, siblings, strict=True)))
    except BaseException:
        for sibling in siblings:
            _remove(sibling)
        raise
    for place in places:
        _remove(place)
    for place, sibling in zip(places, siblings, strict=True):
        sibling.replace(place)


def write_json(path: Path, content: Any) -> None:
    """Writes JSON that people and git can read: indented, keys in the given order, text as it is, NaN an error."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _flush(path: Path) -> None:
    """Puts a file, or all files of a folder, on the disk, so that a power cut after the rename finds them whole."""
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
