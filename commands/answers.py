"""Writes answers as they come: CSV, JSON lines or parquet."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.core.outputs import new_outputs
from stages.common.documents.table import ParquetStream

SUFFIXES = (".csv", ".jsonl", ".parquet")
Write = Callable[[dict[str, list[Any]]], None]


@contextmanager
def open_answers(path: Path | None, labels: Sequence[str]) -> Iterator[Write]:
    """Opens where answers go; a file appears when all of them are in it.

    Args:
        path: A file whose suffix says the format; None for JSON lines on stdout.
        labels: The labels' names.

    Yields:
        A function that takes columns: id, label, probability, ``p:<label>`` for each label.

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
            numbers = [pa.field(name, pa.float64()) for name in ("probability", *(f"p:{label}" for label in labels))]
            schema = pa.schema([pa.field("id", pa.string()), pa.field("label", pa.string()), *numbers])
            with ParquetStream(sibling, schema) as stream:
                yield lambda columns: stream.write(pa.table(columns, schema=schema))
        else:
            with sibling.open("w", encoding="utf-8", newline="") as file:
                yield _json_lines(file) if path.suffix == ".jsonl" else _table(file)


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
        writer.writerows(zip(*columns.values(), strict=True))

    return write
