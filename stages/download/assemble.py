"""Checks what the readers found against the card: complete rows, labels that the card knows, tags of its types."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.common.core.messages import UserError, suggestion
from stages.common.documents.table import DOCUMENTS, ORIGINAL
from stages.download.entry import DatasetEntry, Part
from stages.download.readers.columns import Labelled
from stages.download.readers.record import ANNOTATION, BadRecord, Batch

HASHED = "hashed"  # whether an id is a hash of the record, and so may occur again


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
) -> Iterator[Batch]:
    """Checks what a reader found in one part of a dataset, and gives labels the card's names.

    Args:
        part: The part.
        found: Batches of documents, and records that could not be read.
        entry: The dataset's catalog entry.
        most_rejected: How many records of the dataset may be unusable.
        tally: Counts what is found.

    Yields:
        Batches whose rows lack nothing.

    Raises:
        UserError: If a label or tag is not in the entry, or too many records are unusable.
    """
    names = [label.name for label in entry.labels]
    for item in found:
        if isinstance(item, BadRecord):
            _reject([item], most_rejected, tally)
            continue
        batch, incomplete = _complete(item)
        _reject(incomplete, most_rejected, tally)
        if isinstance(part.reader, Labelled):
            named = part.reader.named_labels(names)
            for column in ("label", *(ANNOTATION + name for name, kind in part.annotations.items() if kind == "label")):
                batch = _with_names(batch, column, named)
            tally.labels.update(_counts(batch.rows["label"]))
        else:
            tally.labels.update(_entities(batch, names))
        if part.split:
            tally.splits[part.split] += len(batch.rows)
        tally.documents += len(batch.rows)
        yield batch


def as_documents(batch: Batch, split: str | None, annotations: list[str]) -> pa.Table:
    """Makes documents of a batch, but for their group and what they derive from, which follow when the ids are final.

    Args:
        batch: A checked batch.
        split: The split that the publisher put it into.
        annotations: The names of all columns that are kept aside.

    Returns:
        The other columns of DOCUMENTS, ``hashed`` and the annotations.
    """
    given = {"id": batch.ids(), **{name: batch.rows[name] for name in batch.rows.column_names}}
    constant = {"published_split": split, "method": ORIGINAL, HASHED: batch.hashed}
    wanted = [column for column in DOCUMENTS if column.name not in ("group", "derived_from")]
    aside = [pa.field(ANNOTATION + name, pa.string()) for name in annotations]
    columns = {}
    for column in (*wanted, pa.field(HASHED, pa.bool_()), *aside):
        value = pa.scalar(constant.get(column.name), column.type)
        columns[column.name] = given.get(column.name, pa.repeat(value, len(batch.rows)))
    return pa.table(columns)


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
    columns = {"text": pc.is_null(rows["text"])}  # a text that is there but empty is a matter for the cleaning rules
    if "label" in rows.column_names:
        columns["label"] = _is_empty(rows["label"])
    if not batch.hashed:
        columns["id"] = _is_empty(batch.ids())
    for column, empty in columns.items():
        if pc.any(empty).as_py():
            missing |= dict.fromkeys(np.flatnonzero(empty.to_numpy(zero_copy_only=False)).tolist(), column)
    if not missing:
        return batch, []
    bad = [
        BadRecord.of(batch.place(row), "incomplete", f"has no {column}", (rows["text"][row].as_py() or "").encode())
        for row, column in sorted(missing.items())
    ]
    return batch.take(np.setdiff1d(np.arange(len(rows)), list(missing))), bad


def _is_empty(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return pc.fill_null(pc.equal(column, ""), True)


def _reject(records: list[BadRecord], most_rejected: int, tally: Tally) -> None:
    tally.rejected.extend(records)
    if len(tally.rejected) > most_rejected:
        first = tally.rejected[0]
        raise UserError(
            f"{first.place}: {first.reason}; with this, more than {most_rejected} records cannot be used.",
            "Correct the file or the entry's reader, or raise download.most_rejected.",
        )


def _with_names(batch: Batch, column: str, named: dict[str, str]) -> Batch:
    """The batch with the labels in a column replaced by the card's names."""
    written = batch.rows[column]
    found = pc.index_in(written, pa.array(named, pa.string()))
    if found.null_count > written.null_count:
        row = np.flatnonzero(pc.and_(pc.is_null(found), pc.is_valid(written)).to_numpy())[0]
        label, what = written[row].as_py(), column.removeprefix(ANNOTATION)
        raise UserError(
            f"{batch.place(int(row))}: {what} {label!r} is not in the catalog entry.", suggestion(label, list(named))
        )
    names = pa.array(named.values(), pa.string()).take(found)
    return replace(batch, rows=batch.rows.set_column(batch.rows.column_names.index(column), column, names))


def _entities(batch: Batch, names: list[str]) -> dict[str, int]:
    """How many entities each type has."""
    counted = _counts(pc.list_flatten(batch.rows["tags"]))
    unknown = {tag for tag in counted if tag != "O" and tag[2:] not in names}
    if unknown:
        tags = batch.rows["tags"].to_pylist()
        row, tag = next((row, tag) for row, line in enumerate(tags) for tag in line if tag in unknown)
        raise UserError(
            f"{batch.place(row)}: tag {tag!r} is of no type in the catalog entry.", suggestion(tag[2:], names)
        )
    return {tag[2:]: count for tag, count in counted.items() if tag.startswith("B-")}


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    return {counted["values"]: counted["counts"] for counted in pc.value_counts(values).to_pylist()}
