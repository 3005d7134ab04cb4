"""Checks what the readers found against the card: complete rows, labels that the card knows, tags of its types."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.common.core.messages import UserError
from stages.common.documents.table import ORIGINAL, documents_schema
from stages.common.tasks import task_of
from stages.download.entry import DatasetEntry, Part
from stages.download.readers.record import ANNOTATION, BadRecord, Batch
from stages.download.targets import check_targets, with_column

HASHED = "hashed"  # whether an id is a hash of the record, and so may occur again


@dataclass
class Tally:
    """What was found in a dataset.

    Attributes:
        rejected: The records that cannot be used.
        labels: How many documents each label has; for token classification, how many entities each type has.
        most_labels: Of one document.
        values: The numbers that are predicted, float64, batch by batch.
        splits: How many documents each published split has.
        documents: How many documents there are.
    """

    rejected: list[BadRecord] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    most_labels: int = 0
    values: list[npt.NDArray[np.float64]] = field(default_factory=list)
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
    optional = task_of(entry).target if entry.answers else None
    for item in found:
        if isinstance(item, BadRecord):
            reject([item], most_rejected, tally)
            continue
        batch, incomplete = _complete(item, optional)
        reject(incomplete, most_rejected, tally)
        checked = check_targets(batch, part.reader, names)
        batch = checked.batch
        reject(checked.bad, most_rejected, tally)
        tally.labels.update(checked.labels)
        tally.most_labels = max(tally.most_labels, checked.most_labels)
        tally.values.append(checked.values)
        if part.split:
            tally.splits[part.split] += len(batch.rows)
        tally.documents += len(batch.rows)
        yield batch


def as_documents(batch: Batch, split: str | None, entry: DatasetEntry) -> pa.Table:
    """Makes documents of a batch, but for what follows when the ids are final.

    Args:
        batch: A checked batch.
        split: The split that the publisher put it into.
        entry: The dataset's catalog entry.

    Returns:
        The columns of a document table without ``derived_from``, and without ``group`` unless the publisher names
        groups (null where a document has none); then ``hashed`` and the annotations.
    """
    given = {"id": batch.ids(), **{name: batch.rows[name] for name in batch.rows.column_names}}
    constant = {"published_split": split, "method": ORIGINAL, HASHED: batch.hashed}
    later = ("derived_from",) if entry.names_groups else ("group", "derived_from")
    wanted = [column for column in documents_schema(task_of(entry).columns) if column.name not in later]
    aside = [pa.field(ANNOTATION + name, pa.string()) for name in entry.annotations]
    columns = {}
    for column in (*wanted, pa.field(HASHED, pa.bool_()), *aside):
        value = pa.scalar(constant.get(column.name), column.type)
        columns[column.name] = given.get(column.name, pa.repeat(value, len(batch.rows)))
    return pa.table(columns)


def reject(records: list[BadRecord], most_rejected: int, tally: Tally) -> None:
    """Counts records that cannot be used.

    Raises:
        UserError: If they are more than ``most_rejected`` by now.
    """
    tally.rejected.extend(records)
    if len(tally.rejected) > most_rejected:
        first = tally.rejected[0]
        raise UserError(
            f"{first.place}: {first.reason}; with this, more than {most_rejected} records cannot be used.",
            "Correct the file or the entry's reader, or raise download.most_rejected.",
        )


def check(entry: DatasetEntry, tally: Tally) -> None:
    """Checks a dataset as a whole.

    Raises:
        UserError: If there is no document in it, or all of them are to be predicted alike.
    """
    if not tally.documents:
        raise UserError(f"{entry.title}: there is not one document in it.", "Check the entry's parts and readers.")
    answer = task_of(entry).answer
    if entry.answers:
        return  # what people answered is not known here
    if answer in ("label", "labels") and len(tally.labels) < 2:
        label = next(iter(tally.labels), None)
        said = f"all documents have the label {label!r}" if label else "no document has a label"
        raise UserError(f"{entry.title}: {said}.", "A classifier needs two classes.")
    if answer == "labels" and tally.most_labels < 2:
        raise UserError(
            f"{entry.title}: no document has two labels.",
            "Correct `separator` in the entry's reader; or name the column as its `label`, for text-classification.",
        )
    if answer == "value" and np.ptp(np.concatenate(tally.values)) == 0:
        value = tally.values[0][0]
        raise UserError(f"{entry.title}: all documents have the value {value:g}.", "There is nothing to predict.")


def summarise(name: str, tally: Tally) -> dict[str, Any]:
    """What the stage's summary says.

    Args:
        name: The entry's name.
        tally: What was found.
    """
    values = np.concatenate([np.zeros(0), *tally.values])
    numbers = {"least": values.min(), "mean": values.mean(), "most": values.max()} if len(values) else {}
    return {
        "dataset": name,
        "documents": tally.documents,
        "rejected": len(tally.rejected),
        "labels": dict(sorted(tally.labels.items())),
        **({"values": {key: round(float(value), 6) for key, value in numbers.items()}} if numbers else {}),
        "published_splits": dict(sorted(tally.splits.items())),
    }


def _complete(batch: Batch, optional: str | None) -> tuple[Batch, list[BadRecord]]:
    """The rows that lack nothing but what is ``optional``, and those that do."""
    if optional and optional in batch.rows.column_names and not pa.types.is_list(batch.rows[optional].type):
        batch = with_column(batch, optional, _none_if_empty(batch.rows[optional]))
    rows = batch.rows
    missing: dict[int, str] = {}
    columns = {"text": pc.is_null(rows["text"])}  # a text that is there but empty is a matter for the cleaning rules
    for column in ("text_pair", "labels"):
        if column in rows.column_names and column != optional:
            columns[column] = pc.is_null(rows[column])
    for column in ("label", "value"):
        if column in rows.column_names and column != optional:
            columns[column] = _is_empty(rows[column])
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


def _none_if_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(_is_empty(column), None, column.cast(pa.string()))


def _is_empty(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return pc.fill_null(pc.equal(column.cast(pa.string()), ""), True)
