"""Reads what people answered about texts that lie in another file: the number of a text is the mean of its answers."""

import io
import math
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field

from stages.common.core.messages import UserError, suggestion
from stages.download.readers.base import AnnotationKind, BaseReader
from stages.download.readers.columns import Encoding
from stages.download.readers.record import ANNOTATION, BadRecord, Batch, as_number
from stages.download.streams import open_data


class RatingsReader(BaseReader):
    r"""How answers are read: a line for each answer, with the id of the text that it is about.

    One text may be asked about in several parts of a dataset, such as for several emotions; all documents that are made
    of it are in one group.

    Attributes:
        format: ``ratings``.
        texts: The name of the file of the texts; both files begin with a line of column names and quote nothing.
        id: The column of a text's id there.
        text: The column of the text itself.
        about: The column of the text's id in the file of answers.
        answer: The column of the answer, a number.
        question: What people were asked about, such as ``joy``. It stands before the text and in the document's id.
        annotations: Columns of the answers to keep aside in annotations.parquet, as a text's first answer has them.
        delimiter: The character between fields.
        encoding: Of both files.
    """

    format: Literal["ratings"]
    texts: str
    id: str
    text: str
    about: str
    answer: str
    question: str = Field(min_length=1)
    annotations: dict[str, Literal["text"]] = Field(default={})
    delimiter: str = Field(default="\t", pattern=r"^[\x00-\x7f]$")
    encoding: Encoding = "utf-8"

    @property
    def fills(self) -> frozenset[str]:
        """The columns of the document table that it fills, beside the text."""
        return frozenset({"value"})

    @property
    def beside(self) -> list[str]:
        """The names of further files; ``read`` takes their paths after that of the part's own file."""
        return [self.texts]

    @property
    def names_groups(self) -> bool:
        """Whether it fills ``group``, too: documents of one group are on one side of a split."""
        return True

    @property
    def kept_aside(self) -> Mapping[str, AnnotationKind]:
        """The columns of annotations.parquet that it fills."""
        return self.annotations

    def read(self, answers: Path, *beside: Path) -> Iterator[Batch | BadRecord]:
        """Yields the documents in one batch, and before it the answers that cannot be used.

        Args:
            answers: The file of answers.
            *beside: The file of texts.
        """
        texts = {row[self.id]: row[self.text] for _, _, row in self._rows(beside[0], [self.id, self.text])}
        values: dict[str, list[float]] = {}
        first: dict[str, tuple[str, dict[str, str]]] = {}  # where a text's first answer stands, and its fields
        for place, record, row in self._rows(answers, [self.about, self.answer, *self.annotations]):
            about, value = row[self.about], as_number(row[self.answer])
            if about not in texts:
                yield BadRecord.of(place, "unknown_text", f"{self.texts} has no text {about!r}", record.encode())
            elif math.isnan(value):
                reason = f"the answer {row[self.answer]!r} is not a finite number"
                yield BadRecord.of(place, "value", reason, record.encode())
            else:
                values.setdefault(about, []).append(value)
                first.setdefault(about, (place, row))
        rows = {
            "text": pa.array([f"{self.question}: {texts[about]}" for about in values], pa.string()),
            "value": pa.array([math.fsum(found) / len(found) for found in values.values()], pa.float64()),
            "group": pa.array([f"{self.texts}#{about}" for about in values], pa.string()),
        }
        for name in self.annotations:
            rows[ANNOTATION + name] = pa.array([first[about][1][name] for about in values], pa.string())
        ids, places = [f"{self.question}-{about}" for about in values], [place for place, _ in first.values()]
        yield Batch(pa.table(rows), partial(pa.array, ids, pa.string()), False, places.__getitem__)

    def _rows(self, path: Path, wanted: list[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Where each line of a file stands, the line itself, and its fields by the names of the columns.

        Raises:
            UserError: If a column is missing, a line has more or fewer fields, or the file is in another encoding.
        """
        with open_data(path, None) as (name, stream), io.TextIOWrapper(stream, self.encoding, newline="\n") as lines:
            names: list[str] = []
            try:
                for number, line in enumerate(lines, 1):
                    fields = line.rstrip("\r\n").split(self.delimiter)
                    if not names:
                        names = _checked(fields, wanted, f"{name}:1")
                        continue
                    if len(fields) != len(names):
                        raise UserError(
                            f"{name}:{number}: has {len(fields)} fields, not {len(names)}.",
                            "Mend the line, or correct `delimiter` in the catalog entry.",
                        )
                    yield f"{name}:{number}", line.rstrip("\r\n"), dict(zip(names, fields, strict=True))
            except UnicodeDecodeError as error:
                raise UserError(f"{name}: is not {self.encoding} ({error.reason}).", "Correct `encoding`.") from None


def _checked(names: list[str], wanted: list[str], place: str) -> list[str]:
    for name in wanted:
        if name not in names:
            raise UserError(f"{place}: there is no column {name!r}.", suggestion(name, names))
    return names
