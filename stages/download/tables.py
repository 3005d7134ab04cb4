"""Writes the document table and what goes beside it: annotations, rejected records."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.common.core.messages import UserError
from stages.common.documents.answers import ANSWERS, write_answers
from stages.common.documents.table import DocumentStream, ParquetStream, write_rejected
from stages.common.tasks import task_of
from stages.download.answers import TableReader, collect_answers
from stages.download.entry import DatasetEntry
from stages.download.identity import DuplicateIdError, places_of, unique_ids
from stages.download.readers.record import ANNOTATION, BadRecord
from stages.download.sorting import SortedById


def write_tables(rows: SortedById, entry: DatasetEntry, files: dict[str, Path], folder: Path) -> None:
    """Writes documents.parquet, and annotations.parquet if the dataset has any, sorted by id in bounded memory.

    Args:
        rows: The rows that :func:`~stages.download.assemble.assemble` made.
        entry: The dataset's catalog entry.
        files: Where its files lie, by name.
        folder: Where the tables go.

    Raises:
        UserError: If a publisher's id occurs twice, with the places.
    """
    columns = task_of(entry).columns
    try:
        with ExitStack() as stack:
            documents = stack.enter_context(DocumentStream(folder / "documents.parquet", columns))
            if entry.annotations:
                names = (pa.field(name, pa.string()) for name in entry.annotations)
                schema = pa.schema([pa.field("id", pa.string(), nullable=False), *names])
                annotations = stack.enter_context(ParquetStream(folder / "annotations.parquet", schema))
            for piece in unique_ids(rows.pieces()):
                documents.write(_finished(piece))
                if entry.annotations:
                    annotations.write(_annotated(piece, entry.annotations))
    except DuplicateIdError as error:
        row_id = str(error)
        places = [place for part in entry.parts for place in places_of(row_id, part.read(files))]
        mend = "Mend the file; or leave out `id` in the entry, and ids are made of hashes; of folders, say `ids: path`."
        raise UserError(f"{' and '.join(places[:2])}: the id {row_id!r} occurs {len(places)} times.", mend) from None


def write_answer_table(entry: DatasetEntry, files: dict[str, Path], folder: Path) -> list[BadRecord]:
    """Writes answers.parquet, beside the documents that the answers are about.

    Returns:
        The answers that cannot be used.

    Raises:
        UserError: If none can, or one is not in the catalog entry.
    """
    task = task_of(entry)
    tagged = ["tokens"] if task.answer == "tags" else []
    documents = pq.read_table(folder / "documents.parquet", columns=["id", *tagged])
    words = pc.list_value_length(documents["tokens"]) if tagged else pa.repeat(0, len(documents))
    known = dict(zip(documents["id"].to_pylist(), words.to_pylist(), strict=True))
    readers: dict[str, list[TableReader]] = {}
    for part in entry.parts:
        if isinstance(part.reader, TableReader):
            readers.setdefault(part.file, []).append(part.reader)
    labels = [label.name for label in entry.labels]
    answers, bad = collect_answers(entry.answers, files, readers, labels, known, task.answer)
    if answers.empty:
        raise UserError(
            f"{entry.title}: no answer is about a document.", "Correct `id` in the entry's parts and under `answers`."
        )
    write_answers(answers, folder / ANSWERS)
    return bad


def write_rejected_records(rejected: list[BadRecord], entry: DatasetEntry, folder: Path) -> None:
    """Writes rejected.parquet: the records that could not be used, with their place and the reason."""
    rows = [[record.rule, record.reason, record.place, record.text] for record in rejected]
    table = pd.DataFrame(rows, columns=["rule", "reason", "place", "text"])
    empty = {column.name: None for column in task_of(entry).columns}
    write_rejected(table.assign(**empty), folder / "rejected.parquet")


def _finished(piece: pa.Table) -> pa.Table:
    """A document table: each document is derived from itself, and a group of its own unless the publisher names one."""
    ids = piece["id"].combine_chunks()
    own = pa.ListArray.from_arrays(np.arange(len(ids) + 1, dtype=np.int32), ids)
    group = ids
    if "group" in piece.column_names:
        group = pc.coalesce(piece["group"].combine_chunks(), ids)
        piece = piece.drop_columns("group")
    return piece.append_column("group", group).append_column("derived_from", own)


def _annotated(piece: pa.Table, names: list[str]) -> pa.Table:
    """The ids and annotations of the rows that have one."""
    kept = pa.table({"id": piece["id"], **{name: piece[ANNOTATION + name] for name in names}})
    present = [pc.is_valid(kept[name]).to_numpy() for name in names]
    return kept.filter(pa.array(np.logical_or.reduce(present)))
