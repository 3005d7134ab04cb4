"""Writes answers as they come: CSV, JSON lines or parquet."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.core.outputs import new_outputs
from stages.common.documents.table import ParquetStream
from stages.common.model.inference import Inference
from stages.common.tasks import task_of

SUFFIXES = (".csv", ".jsonl", ".parquet")
SPAN = {
    "label": pa.string(),
    "start": pa.int64(),
    "end": pa.int64(),
    "probability": pa.float64(),
    "text": pa.string(),
    "first_character": pa.int64(),
    "end_character": pa.int64(),
}
STRINGS, NUMBER = pa.list_(pa.string()), pa.float64()
# By what an answer is (stages.common.tasks.Task.answer); where it is one of labels or more, their probabilities follow.
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "label": {"label": pa.string(), "probability": NUMBER},
    "labels": {"labels": STRINGS},
    "tags": {"tokens": STRINGS, "tags": STRINGS, "spans": pa.list_(pa.struct(SPAN))},
    "value": {"value": NUMBER},
}
Write = Callable[[dict[str, list[Any]]], None]


@contextmanager
def open_answers(path: Path | None, inference: Inference) -> Iterator[Write]:
    """Opens where answers go; a file appears when all of them are in it.

    Args:
        path: A file whose suffix says the format; None for JSON lines on stdout.
        inference: That of the model that answers.

    Yields:
        A function that takes columns: those of :func:`schema_of`.

    Raises:
        UserError: If the suffix is another.
    """
    if path is None:
        yield _json_lines(sys.stdout)
        sys.stdout.flush()
        return
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: answers cannot be written as {path.suffix!r}.", f"End it in {', '.join(SUFFIXES)}.")
    with new_outputs(path) as (sibling,):
        if path.suffix == ".parquet":
            schema = schema_of(inference)
            with ParquetStream(sibling, schema) as stream:
                yield lambda columns: stream.write(pa.table(columns, schema=schema))
        else:
            with sibling.open("w", encoding="utf-8", newline="") as file:
                yield _json_lines(file) if path.suffix == ".jsonl" else _table(file)


def schema_of(inference: Inference) -> pa.Schema:
    """The columns of a model's answers: id, what it answers, and ``p:<label>`` for each label of a text."""
    task = task_of(inference)
    each = [] if task.head == "word" else [pa.field(f"p:{label}", NUMBER) for label in inference.labels]
    own = [pa.field(name, kind) for name, kind in COLUMNS[task.answer].items()]
    return pa.schema([pa.field("id", pa.string()), *own, *each])


def _json_lines(file: TextIO) -> Write:
    def write(columns: dict[str, list[Any]]) -> None:
        for row in zip(*columns.values(), strict=True):
            file.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")

    return write


def _table(file: TextIO) -> Write:
    writer = csv.writer(file, lineterminator="\n")

    def write(columns: dict[str, list[Any]]) -> None:
        if file.tell() == 0:
            writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))

    return write


def _cell(value: Any) -> Any:
    """What a cell of a CSV file holds: a list as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
