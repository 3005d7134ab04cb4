"""Answers as bytes: CSV, JSON lines or parquet, made window by window and joined to one file."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.core.outputs import new_outputs
from stages.common.documents.table import ParquetStream
from stages.common.tasks import task_of

if TYPE_CHECKING:  # it would import transformers, which who only joins answers does not need
    from stages.common.model.inference import Inference

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
EXPLANATIONS = "explanations"  # the column of what stages.explain.explaining.explain_documents gives
EXPLAINED_WORD = {
    "input": pa.string(),
    "start": pa.int64(),
    "end": pa.int64(),
    "text": pa.string(),
    "score": pa.float64(),
}
EXPLANATION = {
    "target": pa.string(),
    "word": pa.int64(),
    "logit": pa.float64(),
    "method": pa.string(),
    "completeness_error": pa.float64(),
    "words": pa.list_(pa.struct(EXPLAINED_WORD)),
}
STRINGS, NUMBER = pa.list_(pa.string()), pa.float64()
# By what an answer is (stages.common.tasks.Task.answer); where it is one of labels or more, their probabilities follow.
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "label": {"label": pa.string(), "probability": NUMBER},
    "labels": {"labels": STRINGS},
    "tags": {"tokens": STRINGS, "tags": STRINGS, "spans": pa.list_(pa.struct(SPAN))},
    "value": {"value": NUMBER},
}


def suffix_of(path: Path | None) -> str:
    """In what form answers are written to a file, or to stdout: JSON lines.

    Raises:
        UserError: If the file's suffix says no form, or it is a folder.
    """
    if path is None:
        return ".jsonl"
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: answers cannot be written as {path.suffix!r}.", f"End it in {', '.join(SUFFIXES)}.")
    if path.is_dir():
        raise UserError(f"{path}: is a folder.", "Name a file.")
    return path.suffix


def schema_of(inference: "Inference", explained: bool = False) -> pa.Schema:
    """The columns of a model's answers: id, what it answers, ``p:<label>`` for each label of a text, explanations."""
    task = task_of(inference)
    each = [] if task.head == "word" else [pa.field(f"p:{label}", NUMBER) for label in inference.labels]
    own = [pa.field(name, kind) for name, kind in COLUMNS[task.answer].items()]
    why = [pa.field(EXPLANATIONS, pa.list_(pa.struct(EXPLANATION)))] if explained else []
    return pa.schema([pa.field("id", pa.string()), *own, *each, *why])


def encode(columns: dict[str, list[Any]], schema: pa.Schema, suffix: str) -> bytes:
    """The answers of some texts in the form in which :func:`join` takes them.

    Args:
        columns: Those of :func:`schema_of`.
        schema: What that returned.
        suffix: That of the file: the rows of a CSV file without its head, JSON lines, or for parquet an Arrow stream.
    """
    if suffix == ".parquet":
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema) as stream:
            stream.write_table(pa.table(columns, schema=schema))
        return bytes(sink.getvalue())
    rows = zip(*(columns[name] for name in schema.names), strict=True)
    if suffix == ".jsonl":
        lines = (json.dumps(dict(zip(schema.names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
        return "".join(lines).encode()
    return _table([_cell(value) for value in row] for row in rows)


def join(path: Path, schema: pa.Schema, parts: Iterable[bytes]) -> None:
    """Writes a file of answers, which appears when all of them are in it.

    Args:
        path: The file.
        schema: Its columns.
        parts: What :func:`encode` made for its suffix, in their order; the bytes of the file do not depend on how
            answers were cut into parts.
    """
    with new_outputs(path) as (sibling,):
        if path.suffix == ".parquet":
            with ParquetStream(sibling, schema) as stream:
                for part in parts:
                    stream.write(pa.ipc.open_stream(part).read_all())
        else:
            with sibling.open("wb") as file:
                file.write(_table([schema.names]) if path.suffix == ".csv" else b"")
                file.writelines(parts)


def _table(rows: Iterable[Iterable[Any]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()


def _cell(value: Any) -> Any:
    """What a cell of a CSV file holds: a list as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
