"""Checks what the readers found against the card: complete rows, labels that the card knows, tags of its types."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.common.documents import DOCUMENTS, ORIGINAL
from stages.common.messages import UserError, suggestion
from stages.download.entry import DatasetEntry, Part
from stages.download.readers.columns import Labelled
from stages.download.readers.record import ANNOTATION, BadRecord, Batch

HASHED = "hashed"  # whether an id is a hash of the record, and so may occur again
FINAL = ("group", "derived_from")  # known when the ids are


@dataclass
class Tally:
    """What was found in a dataset.

    Attributes:
        rejected: The records that cannot be used.
        labels: How many documents each label has; for token classification, how many entities each type has.
        splits: How many documents each published split has.
        documents: How many documents there are.
    """

    rejected: list[BadRecord] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    documents: int = 0


def assemble(
    part: Part, found: Iterable[Batch | BadRecord], entry: DatasetEntry, most_rejected: int, tally: Tally
) -> Iterator[pa.Table]:
    """Makes documents of what a reader found in one part of a dataset.

    Args:
        part: The part.
        found: Batches of documents, and records that could not be read.
        entry: The dataset's catalog entry.
        most_rejected: How many records of the dataset may be unusable.
        tally: Counts what is found.

    Yields:
        Tables with the columns of DOCUMENTS but ``group`` and ``derived_from``, then ``hashed`` and the annotations.

    Raises:
        UserError: If a label or tag is not in the entry, or too many records are unusable.
    """
    names = [label.name for label in entry.labels]
    for item in found:
        batch, incomplete = (None, [item]) if isinstance(item, BadRecord) else _complete(item)
        for record in incomplete:
            _reject(record, most_rejected, tally)
        if batch is None:
            continue
        rows = batch.rows
        if isinstance(part.reader, Labelled):
            named = part.reader.named_labels(names)
            for column in ("label", *(ANNOTATION + name for name, kind in part.annotations.items() if kind == "label")):
                rows = _with_names(rows, column, named, batch.place)
            tally.labels.update(_counts(rows["label"]))
        else:
            tally.labels.update(_entities(rows["tags"], names, batch.place))
        if part.split:
            tally.splits[part.split] += len(rows)
        tally.documents += len(rows)
        yield _documents(rows, part.split, batch.hashed, entry.annotations)


def check(entry: DatasetEntry, tally: Tally) -> None:
    """Checks a dataset as a whole.

    Raises:
        UserError: If there is no document in it, or all of them have the same label.
    """
    if not tally.documents:
        raise UserError(f"{entry.title}: there is not one document in it.", "Check the entry's parts and readers.")
    if entry.task == "text-classification" and len(tally.labels) < 2:
        label = next(iter(tally.labels))
        raise UserError(f"{entry.title}: all documents have the label {label!r}.", "A classifier needs two classes.")


def _complete(batch: Batch) -> tuple[Batch, list[BadRecord]]:
    """The rows that lack nothing, and those that do."""
    rows = batch.rows
    missing: dict[int, str] = {}
    for column in ("id", "text", "label"):
        if column in rows.column_names:
            empty = pc.is_null(rows[column])
            if column != "text":  # a text that is empty is a matter for the cleaning rules
                empty = pc.or_kleene(empty, pc.equal(rows[column], ""))
            missing |= {int(row): column for row in np.flatnonzero(empty.to_numpy())}
    if not missing:
        return batch, []
    bad = [
        BadRecord.of(batch.place(row), "incomplete", f"has no {column}", (rows["text"][row].as_py() or "").encode())
        for row, column in sorted(missing.items())
    ]
    kept = np.setdiff1d(np.arange(len(rows)), list(missing))
    return Batch(rows.take(kept), lambda row: batch.place(int(kept[row])), batch.hashed), bad


def _reject(record: BadRecord, most_rejected: int, tally: Tally) -> None:
    tally.rejected.append(record)
    if len(tally.rejected) > most_rejected:
        first = tally.rejected[0]
        raise UserError(
            f"{first.place}: {first.reason}; this and others are more than {most_rejected} unreadable records.",
            "Correct the file or the entry's reader, or raise download.most_rejected.",
        )


def _with_names(rows: pa.Table, column: str, named: dict[str, str], place: Callable[[int], str]) -> pa.Table:
    """The rows with the labels in a column replaced by the card's names."""
    written = pa.array(named, pa.string())
    found = pc.index_in(rows[column], written)
    if found.null_count > rows[column].null_count:
        row = int(np.flatnonzero(pc.and_(pc.is_null(found), pc.is_valid(rows[column])).to_numpy())[0])
        label = rows[column][row].as_py()
        raise UserError(
            f"{place(row)}: {column.removeprefix(ANNOTATION)} {label!r} is not in the catalog entry.",
            suggestion(label, list(named)),
        )
    return rows.set_column(rows.column_names.index(column), column, pa.array(named.values(), pa.string()).take(found))


def _entities(tags: pa.ChunkedArray, names: list[str], place: Callable[[int], str]) -> dict[str, int]:
    """How many entities each type has."""
    counted = _counts(pc.list_flatten(tags))
    unknown = {tag for tag in counted if tag != "O" and tag[2:] not in names}
    if unknown:
        row, tag = next((row, tag) for row, line in enumerate(tags.to_pylist()) for tag in line if tag in unknown)
        raise UserError(f"{place(row)}: tag {tag!r} is of no type in the catalog entry.", suggestion(tag[2:], names))
    return {tag[2:]: count for tag, count in counted.items() if tag.startswith("B-")}


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    return {counted["values"]: counted["counts"] for counted in pc.value_counts(values).to_pylist()}


def _documents(rows: pa.Table, split: str | None, hashed: bool, annotations: list[str]) -> pa.Table:
    """The rows with all columns but group and derived_from, which follow when the ids are final."""
    constant = {"published_split": split, "method": ORIGINAL, HASHED: hashed}
    columns = {}
    wanted = [column for column in DOCUMENTS if column.name not in FINAL]
    for column in (
        *wanted,
        pa.field(HASHED, pa.bool_()),
        *(pa.field(ANNOTATION + name, pa.string()) for name in annotations),
    ):
        absent = column.name not in rows.column_names
        value = pa.scalar(constant.get(column.name), column.type)
        columns[column.name] = pa.repeat(value, len(rows)) if absent else rows[column.name]
    return pa.table(columns)
