"""The hashes that DVC gives files and folders, of what lies on the disk and of parts of a folder that it has listed."""

import hashlib
import json
from collections.abc import Collection
from functools import partial
from pathlib import Path

from stages.common.core.messages import UserError

Listing = list[dict[str, str]]  # of a folder: md5 and relpath of each file, sorted by relpath

MD5 = partial(hashlib.md5, usedforsecurity=False)


def file_hash(path: Path) -> str:
    """The MD5 of a file, as dvc.lock records it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, MD5).hexdigest()


def directory_hash(folder: Path, without: Collection[str] = ()) -> str:
    """The hash that DVC gives a folder.

    Args:
        folder: The folder.
        without: Names of files, relative to the folder, that do not count.

    Returns:
        As dvc.lock records it, such as ``9f…c1.dir``.

    Raises:
        UserError: If there is no such folder.
    """
    return listing_hash(list_folder(folder, without))


def list_folder(folder: Path, without: Collection[str] = ()) -> Listing:
    """The files of a folder as DVC lists them; arguments and errors are those of :func:`directory_hash`."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder.", "Run `dvc repro`, which makes it, or `dvc pull`.")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [{"md5": file_hash(folder / name), "relpath": name} for name in names if name not in without]


def listing_hash(files: Listing) -> str:
    """The hash of a folder: that of the list of its files (dvc_data.hashfile.tree)."""
    return f"{MD5(json.dumps(files, sort_keys=True).encode()).hexdigest()}.dir"


def hash_inside(files: Listing, place: str) -> str | None:
    """The hash of a file or folder inside a folder; None if it is not there.

    Args:
        files: The outer folder's.
        place: Relative to it.
    """
    for file in files:
        if file["relpath"] == place:
            return file["md5"]
    inner = [
        {**file, "relpath": file["relpath"].removeprefix(f"{place}/")}
        for file in files
        if file["relpath"].startswith(f"{place}/")
    ]
    return listing_hash(inner) if inner else None
