"""Takes files out of a pinned archive, each with a pinned hash of its own."""

import shutil
from pathlib import Path

from pydantic import Field

from stages.common.core.messages import UserError
from stages.common.core.validation import Strict
from stages.common.fetching.archives import open_members
from stages.common.fetching.sources import PinnedFile, check_hash, fetch


class PackedFiles(Strict):
    """A catalog entry whose files lie in one archive.

    Attributes:
        title: The name that people know it by.
        licence: Under what terms it may be used.
        citation: What to cite.
        archive: The archive.
        folder: The folder inside it that holds the files.
        members: The hash of each file wanted, sha256 in hexadecimal, by file name.
    """

    title: str
    licence: str
    citation: str
    archive: PinnedFile
    folder: str
    members: dict[str, str] = Field(min_length=1)


def fetch_packed(entry: PackedFiles, name: str, target: Path, scratch: Path) -> None:
    """Fetches the archive and takes the wanted files out of it.

    Args:
        entry: What is wanted.
        name: The entry's name in the catalog.
        target: The folder for the files.
        scratch: A folder for the archive.

    Raises:
        UserError: If the archive cannot be fetched, lacks a file, or a file's hash is not the pinned one.
    """
    archive = fetch(entry.archive, name, scratch)
    wanted = {f"{entry.folder}/{member}": member for member in entry.members}
    for path, stream in open_members(archive, f"{entry.folder}/*"):
        if path in wanted:
            member = wanted.pop(path)
            with (target / member).open("wb") as file:
                shutil.copyfileobj(stream, file)
            check_hash(target / member, f"sha256:{entry.members[member]}")
    if wanted:
        raise UserError(f"{archive.name}: has no {sorted(wanted)[0]}.", f"Correct catalog entry {name!r}.")
