"""Reads what several people answered about the documents of a dataset, from tables that lie beside them."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from stages.common.core.messages import UserError
from stages.common.documents.answers import SCHEMA
from stages.download.answer_forms import Fault, Form, Kind
from stages.download.readers.columns import Encoding, Labelled
from stages.download.readers.csv import CsvReader
from stages.download.readers.jsonl import JsonlReader, JsonReader
from stages.download.readers.orange import OrangeReader
from stages.download.readers.parquet import ParquetReader
from stages.download.readers.record import ANNOTATION, BadRecord, Batch, as_number, repeat_id

KEPT = ("time", "seconds", "round", "guideline")  # what else may be known of an answer

TableReader = CsvReader | JsonlReader | JsonReader | ParquetReader | OrangeReader  # answers may stand beside the texts


class AnswerTable(Labelled):
    """A table of answers, with a line of column names.

    It has a row an answer, then give ``annotator`` and ``answer``; or a row a document and a column an annotator, then
    give ``annotators``. An empty cell says that this person did not answer.

    Attributes:
        file: The name of the file.
        id: The column of the document's id. Left out, the answers stand beside the texts, in a file of the entry's
            parts: the part's own reader reads them, and each row is about the document that is made of it.
        annotator: The column of who answered.
        answer: The column of the answer.
        annotators: The columns of the annotators.
        time: The column of when the answer was given (ISO 8601, or seconds since 1970).
        seconds: The column of how long it took.
        round: The column of the round's name.
        guideline: The column of the SHA-256 of the guideline that held.
        prefix: What stands before it in the document's id, where the table has only the rest.
        separator: What stands between two labels of an answer that is several; null where answers are JSON arrays.
        delimiter: The character between fields.
        quote: The character around fields; null if quotes mean nothing.
        encoding: Of the file.
    """

    file: str
    id: str | None = None
    annotator: str | None = None
    answer: str | None = None
    annotators: list[str] | None = Field(default=None, min_length=1)
    time: str | None = None
    seconds: str | None = None
    round: str | None = None
    guideline: str | None = None
    prefix: str = ""
    separator: str | None = Field(default=None, min_length=1)
    delimiter: str = Field(default=",", pattern=r"^[\x00-\x7f]$")
    quote: str | None = Field(default='"', pattern=r"^[\x00-\x7f]$")
    encoding: Encoding = "utf-8"

    @model_validator(mode="after")
    def _has_one_shape(self) -> Self:
        others = [name for name in ("annotator", "answer", *KEPT) if getattr(self, name)]
        if self.annotators and others:
            raise ValueError(f"a table with a column an annotator has no column {others[0]!r}")
        if not self.annotators and not (self.annotator and self.answer):
            raise ValueError("give either 'annotator' and 'answer' or 'annotators'")
        given = [name for name in ("prefix", "delimiter", "quote", "encoding") if name in self.model_fields_set]
        if self.id is None and given:
            raise ValueError(f"without 'id' the part's own reader reads the answers: {given[0]!r} is said there")
        return self

    def read(self, path: Path, readers: Sequence[TableReader] = ()) -> Iterator[pd.DataFrame | BadRecord]:
        """Yields rows that were read, and those that could not be.

        Args:
            path: The file.
            readers: Of the parts that lie in it, for a table without ``id``. What they cannot read is not told again.

        Yields:
            The columns of :data:`~stages.common.documents.answers.SCHEMA` as strings, as the source writes them, null
            where it has nothing, and ``place``.
        """
        if self.id is not None:
            for found in self._reader(self.id).read(path):
                yield (
                    found
                    if isinstance(found, BadRecord)
                    else self._rows(found, self._prefixed(found.ids().to_pylist()))
                )
            return
        seen: Counter[str] = Counter()
        aside = dict.fromkeys(self._names, "text")
        for reader in readers:
            for found in reader.model_copy(update={"annotations": aside}).read(path):
                if isinstance(found, Batch):
                    ids = found.ids().to_pylist()
                    yield self._rows(found, list(numbered(ids, seen)) if found.hashed else ids)

    def _prefixed(self, ids: list[str | None]) -> list[str | None]:
        return [self.prefix + row_id if row_id else row_id for row_id in ids] if self.prefix else ids

    @property
    def _names(self) -> list[str]:
        return self.annotators or list(self._columns.values())

    def _reader(self, row_id: str) -> CsvReader:
        """What reads the table as if the answers were texts."""
        names = self._names
        return CsvReader(
            format="csv",
            delimiter=self.delimiter,
            quote=self.quote,
            encoding=self.encoding,
            id=row_id,
            text=names[:1],
            annotations=dict.fromkeys(names, "text"),
        )

    @property
    def _columns(self) -> dict[str, str]:
        """The columns of what is known of an answer, by the name that it has among answers."""
        return {name: getattr(self, name) for name in ("annotator", "answer", *KEPT) if getattr(self, name)}

    def _rows(self, batch: Batch, ids: Sequence[str | None]) -> pd.DataFrame:
        table = pd.DataFrame({"id": ids, "place": [batch.place(n) for n in range(len(batch.rows))]})
        if self.annotators:
            each = [
                table.assign(annotator=name, answer=batch.rows[ANNOTATION + name].to_pandas())
                for name in self.annotators
            ]
            rows = pd.concat(each)
            rows = rows[rows["answer"].fillna("") != ""]
        else:
            columns = {name: batch.rows[ANNOTATION + column].to_pandas() for name, column in self._columns.items()}
            rows = table.assign(**columns)
        empty = {name: None for name in KEPT if name not in rows}
        return rows.assign(**empty).replace("", None).reset_index(drop=True)


def numbered(ids: Iterable[str], seen: Counter[str]) -> Iterator[str]:
    """Ids that are hashes, with a number after each repeat (:func:`~stages.download.identity.unique_ids`)."""
    for row_id in ids:
        seen[row_id] += 1
        yield repeat_id(row_id, seen[row_id])


def collect_answers(
    tables: list[AnswerTable],
    files: Mapping[str, Path],
    readers: Mapping[str, Sequence[TableReader]],
    labels: list[str],
    known: Mapping[str, int],
    kind: Kind = "label",
) -> tuple[pd.DataFrame, list[BadRecord]]:
    """Reads all answers of a dataset, and lists those that cannot be used.

    An answer that occurs twice counts once. Of two that one annotator gave about one document in one round the later
    one counts; where no time tells them apart, neither does.

    Args:
        tables: Where they stand.
        files: The files by name.
        readers: Of the entry's parts, by the name of their file.
        labels: The names of the card's labels.
        known: How many words each document has, by its id; any number where words are not tagged.
        kind: What an answer is, as :class:`stages.common.tasks.Task` says it.

    Returns:
        The answers, with the columns of :data:`~stages.common.documents.answers.SCHEMA`; and what was left out, each
        with its place and the reason.

    Raises:
        UserError: If an answer is not in the catalog entry.
    """
    found: list[pd.DataFrame] = []
    bad: list[BadRecord] = []
    for table in tables:
        named = table.named_labels(labels)
        for item in table.read(files[table.file], readers.get(table.file, ())):
            if isinstance(item, BadRecord):
                bad.append(item)
            else:
                found.append(_canonical(item, Form(kind, named, table.separator, known), bad))
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*SCHEMA.names, "place"])
    unknown = ~rows["id"].isin(known.keys())
    bad += _listed(rows[unknown], "unknown_document", "there is no document with the id {id!r}")
    rows = rows[~unknown]
    same = ["id", "annotator", "round"]
    rows = rows.sort_values([*same, "time", "answer", "place"], na_position="first", kind="stable")
    repeated = rows.duplicated([*same, "answer", "time"], keep="first")
    bad += _listed(rows[repeated], "repeated", "the same answer of {annotator!r} about {id!r} stands there twice")
    rows = rows[~repeated]
    last = rows.duplicated(same, keep="last")
    untold = rows.duplicated([*same, "time"], keep=False) & rows.duplicated(same, keep=False)
    bad += _listed(rows[last & ~untold], "replaced", "{annotator!r} gave a later answer about {id!r}")
    bad += _listed(
        rows[untold], "answered_twice", "{annotator!r} answered twice about {id!r}, and no time says which holds"
    )
    return rows.loc[~(last | untold), SCHEMA.names].reset_index(drop=True), bad


def _canonical(rows: pd.DataFrame, form: Form, bad: list[BadRecord]) -> pd.DataFrame:
    """The rows in the form of the table of answers; ``bad`` takes those that lack something."""
    for column in ("id", "annotator", "answer"):
        missing = rows[column].isna()
        bad += _listed(rows[missing], "incomplete", f"has no {column}")
        rows = rows[~missing]
    read = list(map(form.read, rows["place"], rows["id"], rows["answer"]))
    faulty = np.array([isinstance(answer, Fault) for answer in read], dtype=bool)
    rows = rows.assign(written=rows["answer"], answer=pd.Series(map(str, read), index=rows.index, dtype="str"))
    bad += _listed(rows[faulty], "answer", "the answer {answer}", "written")
    rows = rows[~faulty]
    times = rows["time"].map(_time, na_action="ignore")
    seconds = rows["seconds"].map(as_number, na_action="ignore")
    for column, values in (("time", times), ("seconds", seconds)):
        wrong = rows[column].notna() & values.isna()
        if wrong.any():
            row = rows[wrong].iloc[0]
            raise UserError(f"{row['place']}: {row[column]!r} is no {column}.", f"Correct it, or leave out `{column}`.")
    return rows.assign(
        time=pd.to_datetime(times, utc=True).astype("datetime64[us, UTC]"),
        seconds=seconds.astype("float64"),
    )


def _time(text: str) -> pd.Timestamp | None:
    number = as_number(text)
    try:
        return pd.Timestamp(text) if math.isnan(number) else pd.Timestamp(number, unit="s", tz="UTC")
    except (ValueError, OverflowError):
        return None


def _listed(rows: pd.DataFrame, rule: str, reason: str, content: str = "answer") -> list[BadRecord]:
    """One record a row, with the reason filled in from its columns, and one of them for its content."""
    return [
        BadRecord.of(row["place"], rule, reason.format_map(row), str(row[content] or "").encode())
        for row in rows.rename(columns=str).to_dict("records")
    ]
