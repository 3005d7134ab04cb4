"""Reads members of zip and tar archives without unpacking them: no member outside the archive, no link, no bomb."""

import fnmatch
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from stages.common.core.messages import UserError

# An archive of text seldom shrinks by more than a factor of ten; these leave room and stop a bomb early.
MOST_EXPANSION = 200
ALWAYS_ALLOWED_BYTES = 100 * 1024**2
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip (a wheel is one) or a tar archive (a source distribution is one)."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except (*DAMAGE, OSError):  # a compressed file that is damaged before it could show that it holds an archive
        return False


def most_unpacked_bytes(path: Path) -> int:
    """How many bytes a compressed file of this size may unpack to before it counts as a bomb."""
    return max(ALWAYS_ALLOWED_BYTES, MOST_EXPANSION * path.stat().st_size)


def open_members(archive: Path, pattern: str) -> Generator[tuple[str, IO[bytes]], None, None]:
    """Opens the members of an archive that match a pattern, one after the other.

    Args:
        archive: A zip or tar file, compressed or not; or a folder on the disk, whose files are its members.
        pattern: A shell pattern for the whole member name; ``*`` also matches ``/``.

    Yields:
        Each member's name and a stream of its bytes, valid until the next one; in the order of the names for
        a zip or a folder, of the archive for a tar.

    Raises:
        UserError: If it is no archive, a member's name leads outside, a member is a link or a device, or its content is
            more than its size can explain.
    """
    if archive.is_dir():
        yield from _folder_members(archive, pattern)
        return
    if not is_archive(archive):
        raise UserError(f"{archive.name}: not a zip or tar archive.", "Correct the catalog entry, or fetch it again.")
    limit = most_unpacked_bytes(archive)
    members = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    spent = 0
    try:
        for name, stream in members(archive, pattern):
            limited = Limited(stream, limit - spent, f"{archive.name}: {name}")
            yield name, io.BufferedReader(limited)
            spent += limited.count
    except DAMAGE as error:
        raise _damaged(archive.name, error) from None


def _folder_members(folder: Path, pattern: str) -> Iterator[tuple[str, IO[bytes]]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        _check_member(folder, name, not path.is_symlink() and (path.is_file() or path.is_dir()))
        if path.is_file() and fnmatch.fnmatchcase(name, pattern):
            with path.open("rb") as stream:
                yield name, stream


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
    if path.is_absolute() or ".." in path.parts or (path.parts[:1] and path.parts[0].endswith(":")):
        raise UserError(f"{archive.name}: member {name!r} leads outside the archive.", "Do not trust this file.")
    if not is_plain:
        raise UserError(f"{archive.name}: member {name!r} is a link or a device.", "Only files and folders are read.")


def _damaged(name: str, error: Exception) -> UserError:
    return UserError(f"{name}: cannot be unpacked ({error}).", "It is damaged: fetch it again.")


class Limited(io.RawIOBase):
    """A stream of unpacked bytes that ends with an error past a limit, or where the packed ones are damaged.

    Args:
        stream: What is read.
        limit: The most bytes that may come out of it.
        name: How a message names it.
    """

    def __init__(self, stream: IO[bytes], limit: int, name: str) -> None:
        super().__init__()
        self._stream, self._limit, self._name = stream, limit, name
        self.count = 0

    def readinto(self, buffer: Any) -> int:
        """Reads at most as many bytes as fit; see :class:`io.RawIOBase`."""
        try:
            data = self._stream.read(min(len(buffer), self._limit - self.count + 1))
        except (*DAMAGE, OSError) as error:  # gzip, bz2 and zstd report damage as OSError
            raise _damaged(self._name, error) from None
        self.count += len(data)
        if self.count > self._limit:
            raise UserError(f"{self._name}: unpacks to more than {self._limit:,} bytes.", "It looks like a bomb.")
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """That it can be read."""
        return True
