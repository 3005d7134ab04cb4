"""What an entry of catalog/datasets says: what the dataset is, where its files come from and how they are read."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stages.common.core.validation import Strict
from stages.common.documents.card import Card, Label, SourceFile
from stages.common.fetching.sources import PinnedFile
from stages.download.readers.columns import Columns
from stages.download.readers.conll import ConllReader
from stages.download.readers.csv import CsvReader
from stages.download.readers.folder import FolderReader
from stages.download.readers.jsonl import JsonlReader
from stages.download.readers.orange import OrangeReader
from stages.download.readers.parquet import ParquetReader

Reader = CsvReader | JsonlReader | ParquetReader | FolderReader | OrangeReader | ConllReader


class Part(Strict):
    """Documents that lie together and are read alike.

    Attributes:
        file: The name of the file that holds them.
        split: The split that the publisher put them into, if there is one.
        reader: How they are read.
    """

    file: str
    split: Literal["train", "validation", "test"] | None = None
    reader: Reader = Field(discriminator="format")

    @property
    def annotations(self) -> dict[str, Literal["label", "text"]]:
        """The columns that are kept aside, and how each is written."""
        return self.reader.annotations if isinstance(self.reader, Columns) else {}


class DatasetEntry(Strict):
    """An entry of catalog/datasets.

    Attributes:
        title: The name that people know the dataset by.
        task: Whether a document has one label, or each of its tokens a BIO tag.
        language: A BCP 47 tag.
        licence: Under what terms the data may be used.
        citation: What to cite.
        known_faults: What is known to be wrong with it.
        labels: In the order of the model's outputs, each with a definition for a human annotator; for token
            classification the types of entities.
        files: The files that it is read from, each pinned by its hash.
        parts: Which documents lie where.
    """

    title: str
    task: Literal["text-classification", "token-classification"]
    language: str
    licence: str
    citation: str
    known_faults: list[str]
    labels: list[Label] = Field(min_length=1)
    files: list[PinnedFile] = Field(min_length=1)
    parts: list[Part] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        labels, files = [label.name for label in self.labels], [file.name for file in self.files]
        for kind, names in (("label", labels), ("file", files)):
            if len(set(names)) < len(names):
                raise ValueError(f"a {kind} is named twice")
        for part in self.parts:
            if part.file not in files:
                raise ValueError(f"part of a file {part.file!r} that is not under files")
            if isinstance(part.reader, ConllReader) != (self.task == "token-classification"):
                raise ValueError(f"a part in the format {part.reader.format!r} does not go with the task {self.task}")
        if self.task == "text-classification" and len(labels) < 2:
            raise ValueError("a classifier needs two labels")
        return self

    @property
    def annotations(self) -> list[str]:
        """The names of all columns that are kept aside."""
        return list(dict.fromkeys(name for part in self.parts for name in part.annotations))

    def card(self, name: str, rows: int) -> Card:
        """The card that travels with the documents."""
        said = self.model_dump(exclude={"files", "parts", "labels"})
        sources = [SourceFile(name=file.name, hash=file.hash) for file in self.files]
        return Card(name=name, rows=rows, labels=self.labels, sources=sources, **said)
