"""Reads one text file a document, in folders named after the labels, from an archive or from a folder on the disk."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field

from stages.common.archives import open_members
from stages.common.validation import Strict
from stages.download.readers.record import BadRecord, Record


class FolderReader(Strict):
    """How a folder of text files is read.

    Attributes:
        format: ``folder``.
        members: A shell pattern for the names of the text files inside the archive; the folder that a file lies in
            is its label, this folder's name and the file's own without its suffix are its id.
        encodings: Tried in this order, each strictly; a file that fits none is rejected.
    """

    format: Literal["folder"]
    members: str
    encodings: list[str] = Field(default=["utf-8"], min_length=1)

    def read(self, archive: Path) -> Iterator[Record | BadRecord]:
        """Yields the documents of an archive, in no particular order.

        Args:
            archive: A zip or tar file.
        """
        for name, stream in open_members(archive, self.members):
            path, content = PurePosixPath(name), stream.read()
            text = decode(content, self.encodings)
            if text is None:
                tried = ", ".join(self.encodings)
                shown = content.decode("ascii", "backslashreplace")
                yield BadRecord(name, "undecodable", f"its bytes are in none of the encodings tried: {tried}", shown)
            else:
                yield Record(name, text, label=path.parent.name, id=f"{path.parent.name}/{path.stem}")


def decode(content: bytes, encodings: list[str]) -> str | None:
    """The text in the first encoding that fits strictly; None if none does."""
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
