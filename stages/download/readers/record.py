"""What every reader yields: documents by the batch, and one by one what could not be read."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# A single text beyond this is no document but a fault, such as a quote that was never closed.
MOST_RECORD_BYTES = 8 * 1024**2


ANNOTATION = "annotation:"  # stands before the name of a column that is kept aside


@dataclass(frozen=True)
class Batch:
    """Documents as they stand in their source, some thousands at once.

    Attributes:
        rows: The column ``text``, those of its task that the reader fills, ``group`` where the publisher says which
            documents belong together, and those kept aside, with :data:`ANNOTATION` before their names; all strings
            (lists of strings for tokens, tags and labels), null where the source has nothing.
        ids: Gives the id of each row, null where the source has none.
        hashed: Whether the ids are hashes of the raw records; else they are the publisher's.
        place: From the number of a row, counted from 0, to where it stands, such as a file's line.
    """

    rows: pa.Table
    ids: Callable[[], pa.Array]
    hashed: bool
    place: Callable[[int], str]

    def take(self, kept: npt.NDArray[np.int64]) -> "Batch":
        """A batch of some of the rows."""
        return Batch(
            self.rows.take(kept), lambda: self.ids().take(kept), self.hashed, lambda row: self.place(int(kept[row]))
        )


@dataclass(frozen=True)
class BadRecord:
    r"""A record that could not be read, to be listed among the rejected rows.

    Attributes:
        place: Where it stands.
        rule: The kind of fault, in one word.
        reason: What is wrong with it.
        text: What could be read of it, with bytes that could not as ``\xNN``, cut after 1,000 characters.
    """

    place: str
    rule: str
    reason: str
    text: str

    @classmethod
    def of(cls, place: str, rule: str, reason: str, content: bytes) -> "BadRecord":
        """Makes one of the record's bytes."""
        return cls(place, rule, reason, content[:4_000].decode("utf-8", "backslashreplace")[:1_000])


def repeat_id(row_id: str, count: int) -> str:
    """The id of the first, second, … record with one hash."""
    return row_id if count == 1 else f"{row_id}-{count:07}"


def as_number(cell: str | float) -> float:
    """The number that a cell says, NaN if it says none or an infinite one."""
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and "_" not in str(cell) else math.nan
