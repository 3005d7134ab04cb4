"""Checks what is predicted, by its column: labels and tags are in the card and get its names, numbers are numbers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.common.core.messages import UserError, suggestion
from stages.download.readers.base import BaseReader
from stages.download.readers.record import ANNOTATION, BadRecord, Batch, as_number


@dataclass(frozen=True)
class Checked:
    """A batch whose targets were checked.

    Attributes:
        batch: The rows that are kept, with labels by the card's names and numbers as floats.
        bad: The others.
        labels: How many documents each label has; for tags, how many entities each type has.
        most_labels: Of one document.
        values: The numbers, float64, [documents].
    """

    batch: Batch
    bad: list[BadRecord] = field(default_factory=list)
    labels: Mapping[str, int] = field(default_factory=dict)
    most_labels: int = 1
    values: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


def check_targets(batch: Batch, reader: BaseReader, names: list[str]) -> Checked:
    """Checks the columns that are predicted, and those kept aside that are written like labels.

    Args:
        batch: Complete rows.
        reader: What read them.
        names: The labels in the card, in its order.

    Raises:
        UserError: If a label or a tag is not in the card.
    """
    named = reader.named_labels(names)
    for name, kind in reader.kept_aside.items():
        if kind == "label":
            batch = _with_names(batch, ANNOTATION + name, named)
    check = next((CHECKS[column] for column in batch.rows.column_names if column in CHECKS), None)
    return check(batch, named) if check else Checked(batch)


def _check_label(batch: Batch, named: dict[str, str]) -> Checked:
    batch = _with_names(batch, "label", named)
    return Checked(batch, labels=_counts(batch.rows["label"]))


def _check_labels(batch: Batch, named: dict[str, str]) -> Checked:
    """Gives the labels of each document the card's names and order."""
    places = {label: place for place, label in enumerate(dict.fromkeys(named.values()))}
    rows: list[list[str] | None] = []
    for row, written in enumerate(batch.rows["labels"].to_pylist()):
        if written is None:  # where people's answers make the labels
            rows.append(None)
            continue
        unknown = next((label for label in written if label not in named), None)
        if unknown is not None:
            raise _unknown_label(batch, row, "label", unknown, named)
        rows.append(sorted({named[label] for label in written}, key=places.__getitem__))
    column = pa.array(rows, pa.list_(pa.string()))
    most = max((len(labels) for labels in rows if labels), default=0)
    return Checked(with_column(batch, "labels", column), labels=_counts(pc.list_flatten(column)), most_labels=most)


def _check_tags(batch: Batch, named: dict[str, str]) -> Checked:
    """Counts how many entities each type has."""
    names = list(named)
    counted = _counts(pc.list_flatten(batch.rows["tags"]))
    unknown = {tag for tag in counted if tag != "O" and tag[2:] not in names}
    if unknown:
        tags = batch.rows["tags"].to_pylist()
        row, tag = next((row, tag) for row, line in enumerate(tags) for tag in line if tag in unknown)
        raise UserError(
            f"{batch.place(row)}: tag {tag!r} is of no type in the catalog entry.", suggestion(tag[2:], names)
        )
    return Checked(batch, labels={tag[2:]: count for tag, count in counted.items() if tag.startswith("B-")})


def _check_value(batch: Batch, _: dict[str, str]) -> Checked:
    """Turns numbers that are written as strings into floats."""
    written = batch.rows["value"].to_pylist()
    known = np.array([cell is not None for cell in written], dtype=bool)  # people's answers make the others
    values = np.array([math.nan if cell is None else as_number(cell) for cell in written], dtype=np.float64)
    wrong = np.flatnonzero(np.isnan(values) & known)
    texts = batch.rows["text"].take(wrong).to_pylist()
    bad = [
        BadRecord.of(batch.place(row), "value", f"{written[row]!r} is not a finite number", text.encode())
        for row, text in zip(wrong.tolist(), texts, strict=True)
    ]
    kept = np.flatnonzero(~np.isnan(values) | ~known)
    batch = with_column(batch, "value", pa.array(values, mask=~known))
    return Checked(batch.take(kept) if bad else batch, bad, values=values[~np.isnan(values)])


# By the column of the document table.
CHECKS: dict[str, Callable[[Batch, dict[str, str]], Checked]] = {
    "label": _check_label,
    "labels": _check_labels,
    "tags": _check_tags,
    "value": _check_value,
}


def _with_names(batch: Batch, column: str, named: dict[str, str]) -> Batch:
    """The batch with the labels in a column replaced by the card's names."""
    written = batch.rows[column]
    found = pc.index_in(written, pa.array(named, pa.string()))
    if found.null_count > written.null_count:
        row = np.flatnonzero(pc.and_(pc.is_null(found), pc.is_valid(written)).to_numpy())[0]
        raise _unknown_label(batch, int(row), column.removeprefix(ANNOTATION), written[row].as_py(), named)
    return with_column(batch, column, pa.array(named.values(), pa.string()).take(found))


def _unknown_label(batch: Batch, row: int, what: str, label: str, named: dict[str, str]) -> UserError:
    return UserError(
        f"{batch.place(row)}: {what} {label!r} is not in the catalog entry.", suggestion(label, list(named))
    )


def with_column(batch: Batch, name: str, values: pa.Array | pa.ChunkedArray) -> Batch:
    """The batch with another column in the place of one."""
    return replace(batch, rows=batch.rows.set_column(batch.rows.column_names.index(name), name, values))


def _counts(values: pa.ChunkedArray | pa.Array) -> dict[str, int]:
    return {counted["values"]: counted["counts"] for counted in pc.value_counts(values.drop_null()).to_pylist()}
