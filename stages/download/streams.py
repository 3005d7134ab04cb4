"""Opens a data file as a plain stream of bytes, whatever it is packed in: gz, bz2, xz, zst, a member of an archive."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.fetching.archives import Limited, is_archive, most_unpacked_bytes, open_members

# The bytes that a compressed file begins with, and what unpacks the rest.
UNPACKERS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda stream: cast(IO[bytes], gzip.GzipFile(fileobj=stream)),
    b"BZh": lambda stream: cast(IO[bytes], bz2.BZ2File(stream)),
    b"\xfd7zXZ\x00": lambda stream: cast(IO[bytes], lzma.open(stream)),  # noqa: SIM115  # the caller closes it
    b"\x28\xb5\x2f\xfd": lambda stream: cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd")),
}
BZ2_FIRST_BLOCK = b"1AY&SY"  # follows "BZh" and a digit; tells bz2 from a text that begins with BZh


@contextmanager
def open_data(path: Path, member: str | None) -> Iterator[tuple[str, IO[bytes]]]:
    """Opens a data file and unpacks it while it is read.

    Args:
        path: The file: as it is, compressed, or an archive.
        member: A shell pattern that one member of the archive matches; None if the file is no archive, or
            has one member only.

    Yields:
        The name that messages call it by, and its bytes.

    Raises:
        UserError: If the archive has no such member or more than one, a file that is no archive is to have one, it is
            damaged, or unpacks to more than its size can explain.
    """
    if path.is_dir():
        raise UserError(f"{path.name}: is a folder.", "Name a file, or read it with `format: folder`.")
    if member is None and not is_archive(path):
        with path.open("rb") as file:
            yield path.name, _unpacked(file, path, path.name)
        return
    pattern = member or "*"
    with closing(open_members(path, pattern)) as members:
        name, stream = next(members, ("", None))
        if stream is None:
            raise UserError(f"{path.name}: has no member {pattern}.", "Correct `member` in the catalog entry.")
        yield Path(name).name, _unpacked(stream, path, f"{path.name}: {name}")
        if next(members, None):
            raise UserError(f"{path.name}: has several members {pattern}.", "Name one by `member` in the entry.")


def _unpacked(stream: IO[bytes], path: Path, name: str) -> IO[bytes]:
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, stream))
    head = buffered.peek(10)[:10]
    for magic, unpack in UNPACKERS.items():
        if head.startswith(magic) and (magic != b"BZh" or head[4:10] == BZ2_FIRST_BLOCK):
            limited = Limited(unpack(buffered), most_unpacked_bytes(path), name)
            return io.BufferedReader(limited)
    return buffered
