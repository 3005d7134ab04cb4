"""Makes the document table of what the readers found."""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import pandas as pd

from stages.common.documents import DOCUMENTS, ORIGINAL, REJECTED
from stages.common.messages import UserError, suggestion
from stages.download.entry import DatasetEntry, Part
from stages.download.readers.record import BadRecord, Record


def assemble(
    found: Iterable[tuple[Part, Record | BadRecord]], entry: DatasetEntry, most_rejected: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gives each record its id and sorts the unreadable ones out.

    Args:
        found: Each record with the part of the dataset that it comes from, in any order.
        entry: The dataset's catalog entry.
        most_rejected: How many records may be unreadable.

    Returns:
        The documents (columns of DOCUMENTS) and the rejected records (columns of REJECTED).

    Raises:
        UserError: If there is no document, a label is not in the entry, all labels are the same, or too many
            records are unreadable.
    """
    labels = [label.name for label in entry.labels]
    repeats: Counter[str] = Counter()
    documents, rejected = [], []
    for part, record in found:
        if isinstance(record, BadRecord):
            rejected.append({"rule": record.rule, "reason": record.reason, "place": record.place, "text": record.text})
            if len(rejected) > most_rejected:
                raise UserError(
                    f"{part.file}: more than {most_rejected} unreadable records; at {record.place}: {record.reason}.",
                    "Correct the entry's reader, or raise download.most_rejected.",
                )
            continue
        if record.label not in labels:
            raise UserError(
                f"{part.file}: {record.place}: label {record.label!r} is not in the catalog entry.",
                suggestion(str(record.label), labels),
            )
        row_id = record.id if record.id is not None else _hashed_id(part, record, repeats)
        documents.append((row_id, record.text, record.label, None, None, part.split, row_id, [row_id], ORIGINAL))
    if not documents:
        raise UserError(f"{entry.title}: there is not one document in it.", "Check the entry's parts and readers.")
    frame = pd.DataFrame(documents, columns=DOCUMENTS.names)
    if frame["label"].nunique() < 2:
        raise UserError(
            f"{entry.title}: all documents have the label {labels[0]!r}.", "A classifier needs two classes."
        )
    return frame, pd.DataFrame(rejected, columns=REJECTED.names)


def _hashed_id(part: Part, record: Record, repeats: Counter[str]) -> str:
    """An id made of the source's name, the raw record and, for repeats, which occurrence it is."""
    raw = "\x1f".join([part.file, part.split or "", record.label or "", record.text])
    digest = blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    repeats[digest] += 1
    return digest if repeats[digest] == 1 else f"{digest}-{repeats[digest]}"
