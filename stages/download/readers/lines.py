"""Reads one text a line: its label in the same line before it, or in the same line of another file."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from stages.common.core.messages import UserError
from stages.download.readers.blocks import Block, Dialect, parse_blocks, read_blocks
from stages.download.readers.columns import Encoding, Labelled
from stages.download.readers.record import BadRecord, Batch
from stages.download.streams import open_data


class LinesReader(Labelled):
    """How lines of text are read.

    Attributes:
        format: ``lines``.
        labels: The name of a further file whose lines are the labels; by default the first word of a line is its label.
        label_until: Where the label ends if it goes on after this, such as ``:`` in TREC's ``DESC:manner``.
        labelled: Whether lines have labels; with ``false``, in a part with ``split: unlabelled``, a line is a text.
        encoding: Of the files.
    """

    format: Literal["lines"]
    labels: str | None = None
    label_until: str | None = Field(default=None, min_length=1)
    labelled: bool = True
    encoding: Encoding = "utf-8"

    @model_validator(mode="after")
    def _labels_are_for_labelled_lines(self) -> Self:
        if not self.labelled and (self.labels or self.label_until):
            raise ValueError("with 'labelled: false' there are no 'labels' and no 'label_until'")
        return self

    @property
    def fills(self) -> frozenset[str]:
        """The columns of the document table that it fills, beside the text."""
        return frozenset({"label"} if self.labelled else ())

    @property
    def beside(self) -> list[str]:
        """The file of the labels, if there is one."""
        return [self.labels] if self.labels else []

    def read(self, path: Path, labels: Path | None = None) -> Iterator[Batch | BadRecord]:
        """Yields the documents of a file in batches, and the lines that could not be read.

        Args:
            path: The lines of text.
            labels: Their labels, if they are in a file of their own.
        """
        if labels is not None:
            yield self._side_by_side(path, labels)
            return
        with open_data(path, None) as (name, stream):
            found = read_blocks(stream, name, self.encoding, Dialect())
            yield from parse_blocks(lambda block: self._parse(block, name), found, name)

    def _parse(self, block: Block, name: str) -> list[Batch | BadRecord]:
        lines = [block.record(row).decode() for row in range(len(block))]
        if self.labelled:
            pairs = [line.partition(" ") for line in lines]
            rows = {"text": [text for _, _, text in pairs], "label": [self._label(label) for label, _, _ in pairs]}
        else:
            rows = {"text": lines}
        table = pa.table({column: pa.array(values, pa.string()) for column, values in rows.items()})
        return [Batch(table, partial(block.ids, name), True, partial(block.place, name))]

    def _side_by_side(self, path: Path, labels: Path) -> Batch:
        texts, said = self._lines(path), self._lines(labels)
        if len(texts) != len(said):
            raise UserError(
                f"{path.name} has {len(texts):,} lines, {labels.name} {len(said):,}.", "Each text needs its label."
            )
        pairs = list(zip(texts, said, strict=True))
        table = pa.table(
            {
                "text": pa.array([text for text, _ in pairs], pa.string()),
                "label": pa.array([self._label(label.strip()) for _, label in pairs], pa.string()),
            }
        )
        content = "".join(f"{text}\t{label}\n" for text, label in pairs).encode()
        block = Block(content, len(content), 1, Dialect())
        return Batch(table, partial(block.ids, path.name), True, lambda row: f"{path.name}:{row + 1}")

    def _lines(self, path: Path) -> list[str]:
        with open_data(path, None) as (name, stream):
            try:
                text = stream.read().decode(self.encoding).removeprefix("\ufeff")
            except UnicodeDecodeError as error:
                raise UserError(f"{name}: is not {self.encoding} ({error.reason}).", "Correct `encoding`.") from None
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        return lines[:-1] if lines[-1] == "" else lines

    def _label(self, label: str) -> str:
        return label.partition(self.label_until)[0] if self.label_until else label
