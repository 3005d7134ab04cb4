"""What an entry of catalog/datasets says: what the dataset is, where its files come from and how they are read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from stages.common.core.validation import Strict
from stages.common.documents.card import Card, Label, SourceFile
from stages.common.documents.table import NO_LABEL
from stages.common.fetching.sources import PinnedFile
from stages.common.tasks import Task, known_task, task_of
from stages.download.answers import AnswerTable, TableReader
from stages.download.readers.conll import ConllReader
from stages.download.readers.csv import CsvReader
from stages.download.readers.folder import FolderReader
from stages.download.readers.jsonl import JsonlReader, JsonReader
from stages.download.readers.lines import LinesReader
from stages.download.readers.orange import OrangeReader
from stages.download.readers.parquet import ParquetReader
from stages.download.readers.ratings import RatingsReader
from stages.download.readers.record import BadRecord, Batch

# A further reader takes a file of its own and its name here; its `format` tells it from the others.
Reader = (
    CsvReader
    | JsonlReader
    | JsonReader
    | LinesReader
    | ParquetReader
    | FolderReader
    | OrangeReader
    | ConllReader
    | RatingsReader
)


class Part(Strict):
    """Documents that lie together and are read alike.

    Attributes:
        file: The name of the file that holds them.
        split: The split that the publisher put them into, if there is one; ``unlabelled`` if they have no label.
        reader: How they are read.
    """

    file: str
    split: Literal["train", "validation", "test", "unlabelled"] | None = None
    reader: Reader = Field(discriminator="format")

    @property
    def file_names(self) -> list[str]:
        """The names of all files that are read for it."""
        return [self.file, *self.reader.beside]

    @property
    def has_labels(self) -> bool:
        """Whether its documents may have labels."""
        return self.split != NO_LABEL

    def read(self, files: Mapping[str, Path]) -> Iterator[Batch | BadRecord]:
        """Yields the documents in batches, and the records that could not be read.

        Args:
            files: Where the dataset's files lie, by name.
        """
        return self.reader.read(*(files[name] for name in self.file_names))


class DatasetEntry(Strict):
    """An entry of catalog/datasets.

    Attributes:
        title: The name that people know the dataset by.
        task: The name of its task (:mod:`stages.common.tasks`).
        language: A BCP 47 tag.
        licence: Under what terms the data may be used.
        citation: What to cite.
        known_faults: What is known to be wrong with it.
        labels: In the order of the model's outputs, each with a definition for a human annotator; for token
            classification the types of entities; none where a number is predicted.
        files: The files that it is read from, each pinned by its hash.
        parts: Which documents lie where.
        answers: Where it stands what several people answered about the documents. What the readers of the parts find
            in the place of the label is gold then, and may be missing.
        most_dropped: The share of the documents that one rule of cleaning may drop, if more than clean.most_dropped.
        redistribution: Whether its texts may be passed on: with ``no``, no file that git tracks holds any.
    """

    title: str
    task: Annotated[str, AfterValidator(known_task)]
    language: str
    licence: str
    citation: str
    known_faults: list[str]
    labels: list[Label]
    files: list[PinnedFile] = Field(min_length=1)
    parts: list[Part] = Field(min_length=1)
    answers: list[AnswerTable] = Field(default=[])
    most_dropped: float | None = Field(default=None, ge=0, le=1)
    redistribution: bool | None = None

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        labels, files = [label.name for label in self.labels], [file.name for file in self.files]
        for kind, names in (("label", labels), ("file", files)):
            if len(set(names)) < len(names):
                raise ValueError(f"a {kind} is named twice")
        read = [*(name for part in self.parts for name in part.file_names), *(table.file for table in self.answers)]
        unknown = [name for name in read if name not in files]
        if unknown:
            raise ValueError(f"part of a file {unknown[0]!r} that is not under files")
        for table in self.answers:
            readers = [part.reader for part in self.parts if part.file == table.file]
            if table.id is None and not (readers and all(isinstance(reader, TableReader) for reader in readers)):
                raise ValueError(f"answers in {table.file!r} need 'id': no part with columns is read from that file")
        task = task_of(self)
        for part in self.parts:
            optional = frozenset({task.target} if self.answers else ())
            wanted = task.filled if part.has_labels else task.filled - {task.target}
            if not part.has_labels:
                self._check_unlabelled(part, task)
            if part.reader.fills | (optional & wanted) != wanted:
                given, takes = (" and ".join(sorted(names)) or "nothing" for names in (part.reader.fills, wanted))
                raise ValueError(f"the task {task.name} takes {takes}, but this {part.reader.format} gives {given}")
        if labels and task.answer == "value":
            raise ValueError("a number has no labels: leave the list empty")
        if len(labels) < task.fewest_labels:
            raise ValueError(f"the task {task.name} needs {task.fewest_labels} labels or more")
        return self

    def _check_unlabelled(self, part: Part, task: Task) -> None:
        """Refuses a label in an unlabelled part, and one that is the file of a labelled part that may be tested on."""
        if task.answer == "tags":
            raise ValueError(f"the task {task.name} takes no parts with 'split: unlabelled'")
        if task.target in part.reader.fills:
            how = "say 'labelled: false'" if "labelled" in type(part.reader).model_fields else "name none"
            raise ValueError(f"a part with 'split: unlabelled' has no {task.target}: in its reader, {how}")
        hashes = {file.name: set(file.hashes) for file in self.files}
        for other in self.parts:
            same = other.file == part.file or not hashes[other.file].isdisjoint(hashes[part.file])
            members = {each.reader.inside for each in (part, other)}
            if other.has_labels and other.split != "train" and same and (len(members) == 1 or None in members):
                raise ValueError(f"{part.file!r} is an unlabelled file that is the test file ({other.file!r})")

    @property
    def annotations(self) -> list[str]:
        """The names of all columns that are kept aside."""
        return list(dict.fromkeys(name for part in self.parts for name in part.reader.kept_aside))

    @property
    def names_groups(self) -> bool:
        """Whether the publisher says which documents belong together."""
        return any(part.reader.names_groups for part in self.parts)

    def card(self, name: str, rows: int) -> Card:
        """The card that travels with the documents."""
        said = self.model_dump(exclude={"files", "parts", "labels", "answers"})
        sources = [SourceFile(name=file.name, hash=file.hash) for file in self.files]
        return Card(name=name, rows=rows, labels=self.labels, sources=sources, **said)
