"""Gives every document an id of its own."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.download.assemble import HASHED
from stages.download.readers.record import BadRecord, Batch, repeat_id


def unique_ids(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Numbers the repeats of records whose id is a hash, from the second one on.

    Args:
        pieces: Rows sorted by id, with the column ``hashed``.

    Yields:
        The rows, each with an id of its own, still sorted.

    Raises:
        DuplicateIdError: If a publisher's id occurs twice.
    """
    last, count = None, 0
    for piece in pieces:
        ids = piece["id"].combine_chunks()
        if ids[0].as_py() != last and not pc.any(pc.equal(ids[1:], ids[:-1])).as_py():
            last, count = ids[-1].as_py(), 1
            yield piece
            continue
        unique = []
        for row_id, hashed in zip(ids.to_pylist(), piece[HASHED].to_pylist(), strict=True):
            count = count + 1 if row_id == last else 1
            last = row_id
            if count > 1 and not hashed:
                raise DuplicateIdError(row_id)
            unique.append(repeat_id(row_id, count))
        yield piece.set_column(0, "id", pa.array(unique, pa.string()))


class DuplicateIdError(Exception):
    """A publisher's id that occurs twice."""


def places_of(row_id: str, found: Iterable[Batch | BadRecord]) -> list[str]:
    """Where the documents stand that have a certain id."""
    return [
        batch.place(row)
        for batch in found
        if isinstance(batch, Batch)
        for row in np.flatnonzero(pc.equal(batch.ids(), row_id).to_numpy(zero_copy_only=False)).tolist()
    ]
