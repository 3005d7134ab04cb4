"""Reads one text file a document, in folders named after the labels, from an archive or from a folder on the disk."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

import pyarrow as pa
from pydantic import Field

from stages.common.fetching.archives import open_members
from stages.download.readers.columns import Encoding, Labelled
from stages.download.readers.record import MOST_RECORD_BYTES, BadRecord, Batch

BATCH_FILES = 1_000


class FolderReader(Labelled):
    """How a folder of text files is read.

    Attributes:
        format: ``folder``.
        members: A shell pattern for the names of the text files inside the archive or folder; the folder that a file
            lies in is its label, this folder's name and the file's own without its suffix are its id.
        ids: ``path`` makes the id of the whole name inside the archive, where a folder's and a file's name occur again,
            such as in ``train`` and ``test``; ``name`` of these two only.
        labelled: Whether the folder's name is a label; ``false`` in a part with ``split: unlabelled``.
        encodings: Tried in this order, each strictly; a file that fits none is rejected.
    """

    format: Literal["folder"]
    members: str
    ids: Literal["name", "path"] = "name"
    labelled: bool = True
    encodings: list[Encoding] = Field(default=["utf-8"], min_length=1)

    @property
    def fills(self) -> frozenset[str]:
        """The columns of the document table that it fills, beside the text."""
        return frozenset({"label"} if self.labelled else ())

    def read(self, archive: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents of an archive or a folder in batches, and the files that could not be read.

        Args:
            archive: A zip or tar file, or a folder.
        """
        found = self._files(archive)
        while some := list(islice(found, BATCH_FILES)):
            yield from (file for file in some if isinstance(file, BadRecord))
            read = [file for file in some if not isinstance(file, BadRecord)]
            names, ids, texts, labels = zip(*read, strict=True) if read else ([], [], [], [])
            rows = {"text": texts, **({"label": labels} if self.labelled else {})}
            table = pa.table({column: pa.array(values, pa.string()) for column, values in rows.items()})
            yield Batch(table, partial(pa.array, ids, pa.string()), False, names.__getitem__)

    def _files(self, archive: Path) -> Iterator[tuple[str, str, str, str] | BadRecord]:
        for name, stream in open_members(archive, self.members):
            path, content = PurePosixPath(name), stream.read(MOST_RECORD_BYTES + 1)
            if len(content) > MOST_RECORD_BYTES:
                yield BadRecord.of(name, "too_large", f"is longer than {MOST_RECORD_BYTES:,} bytes", content)
                continue
            text = decode(content, self.encodings)
            if text is None:
                tried = ", ".join(self.encodings)
                yield BadRecord.of(
                    name, "undecodable", f"its bytes are in none of the encodings tried: {tried}", content
                )
            else:
                row_id = f"{path.parent.name}/{path.stem}" if self.ids == "name" else str(path.with_suffix(""))
                yield name, row_id, text, path.parent.name


def decode(content: bytes, encodings: list[str]) -> str | None:
    """The text in the first encoding that fits strictly; None if none does."""
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
