"""Reads members of zip and tar archives without unpacking them: no member outside the archive, no link, no bomb."""

import fnmatch
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from stages.common.messages import UserError

# An archive of text seldom shrinks by more than a factor of ten; these leave room and stop a bomb early.
MOST_EXPANSION = 200
ALWAYS_ALLOWED_BYTES = 100 * 1024**2
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip (a wheel is one) or a tar archive (a source distribution is one)."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def open_members(archive: Path, pattern: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Opens the members of an archive that match a pattern, one after the other.

    Args:
        archive: A zip or tar file, compressed or not.
        pattern: A shell pattern for the whole member name; ``*`` also matches ``/``.

    Yields:
        Each member's name and a stream of its bytes, valid until the next one; in the order of the names for
        a zip, of the archive for a tar.

    Raises:
        UserError: If it is no archive, a member's name leads outside, a member is a link or a device, or its content is
            more than its size can explain.
    """
    if not is_archive(archive):
        raise UserError(f"{archive.name}: not a zip or tar archive.", "Correct the catalog entry, or fetch it again.")
    limit = max(ALWAYS_ALLOWED_BYTES, MOST_EXPANSION * archive.stat().st_size)
    members = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    spent = 0
    try:
        for name, stream in members(archive, pattern):
            limited = _Limited(stream, limit - spent, f"{archive.name}: {name}")
            yield name, cast(IO[bytes], limited)
            spent += limited.count
    except DAMAGE as error:
        raise _damaged(archive.name, error) from None


def _zip_members(archive: Path, pattern: str) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for info in sorted(opened.infolist(), key=lambda info: info.filename):
            kind = stat.S_IFMT(info.external_attr >> 16)
            _check_member(archive, info.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR))
            if not info.is_dir() and fnmatch.fnmatchcase(info.filename, pattern):
                with opened.open(info) as stream:
                    yield info.filename, stream


def _tar_members(archive: Path, pattern: str) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive) as opened:
        for info in opened:
            _check_member(archive, info.name, info.isfile() or info.isdir())
            stream = opened.extractfile(info) if info.isfile() and fnmatch.fnmatchcase(info.name, pattern) else None
            if stream:
                yield info.name, stream


def _check_member(archive: Path, name: str, is_plain: bool) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or path.parts[0].endswith(":"):
        raise UserError(f"{archive.name}: member {name!r} leads outside the archive.", "Do not trust this file.")
    if not is_plain:
        raise UserError(f"{archive.name}: member {name!r} is a link or a device.", "Only files and folders are read.")


def _damaged(name: str, error: Exception) -> UserError:
    return UserError(f"{name}: cannot be unpacked ({error}).", "It is damaged: fetch it again.")


class _Limited:
    """A stream that counts its bytes and ends with an error past a limit."""

    def __init__(self, stream: IO[bytes], limit: int, name: str) -> None:
        self._stream, self._limit, self._name = stream, limit, name
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        wanted = self._limit - self.count + 1 if size is None or size < 0 else size
        try:
            data = self._stream.read(wanted)
        except DAMAGE as error:
            raise _damaged(self._name, error) from None
        self.count += len(data)
        if self.count > self._limit:
            raise UserError(f"{self._name}: unpacks to more than {self._limit:,} bytes.", "It looks like a bomb.")
        return data

    def readable(self) -> bool:
        return True
