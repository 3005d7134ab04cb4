"""What the readers of tables have in common: which columns hold what, and how a label is written there."""

import codecs
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, model_validator

from stages.common.core.messages import UserError, suggestion
from stages.common.core.validation import Strict
from stages.download.readers.base import AnnotationKind, BaseReader
from stages.download.readers.record import ANNOTATION, Batch

IN_LIST = "\x1f"  # joins the labels of a list, so that all cells are strings
MARKS = {
    **dict.fromkeys(("0", "0.0", "false", "False", "FALSE"), False),
    **dict.fromkeys(("1", "1.0", "true", "True", "TRUE"), True),
}  # how a cell says whether a label applies


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"there is no encoding {name!r}") from None
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]


class Labelled(BaseReader):
    """How the source writes its labels; by the names of the card if nothing is said.

    Attributes:
        label_numbers_from: They are numbers in the order of the card's labels, and this is the first one's.
        label_names: The card's name for each one that the source writes.
    """

    label_numbers_from: int | None = None
    label_names: dict[str, str] | None = None

    @model_validator(mode="after")
    def _labels_are_written_in_one_way(self) -> Self:
        if self.label_names is not None and self.label_numbers_from is not None:
            raise ValueError("give either 'label_names' or 'label_numbers_from'")
        return self

    def named_labels(self, labels: list[str]) -> dict[str, str]:
        """The card's name for each label as the source writes it.

        Args:
            labels: The names in the card, in its order.
        """
        if self.label_names is not None:
            return self.label_names
        if self.label_numbers_from is not None:
            return {str(number): name for number, name in enumerate(labels, self.label_numbers_from)}
        return {name: name for name in labels}


class SeparatedLabels(Strict):
    """A column whose cells hold any number of labels; an empty one says that none applies.

    Attributes:
        column: Its name.
        separator: What stands between two labels; white space around them does not count. Null where the cells are
            lists, as they can be in JSON lines and parquet.
    """

    column: str
    separator: str | None = Field(default=None, min_length=1)


class Columns(Labelled):
    """Which columns of a table hold what. What is predicted stands in ``label``, ``labels`` or ``value``.

    Attributes:
        text: The columns that make up the text.
        join: What stands between them.
        text_pair: The column of the second text, if documents are pairs.
        label: The column of the one label of a document.
        labels: Any number of labels: a column for each, which says whether it applies (0 or 1, false or true), or one
            column for all of them.
        value: The column of a number.
        id: The column of the publisher's id; by default an id is made of a hash of the record.
        group: The column that says which documents belong together, such as those made from one template.
        annotations: Columns to keep aside in annotations.parquet: ``label`` for one that is written like the label,
            ``text`` for any other.
    """

    text: list[str] = Field(min_length=1)
    join: str = " "
    text_pair: str | None = None
    label: str | None = None
    labels: Annotated[list[str], Field(min_length=2)] | SeparatedLabels | None = None
    value: str | None = None
    id: str | None = None
    group: str | None = None
    annotations: dict[str, Literal["label", "text"]] = Field(default={})

    @model_validator(mode="after")
    def _one_thing_is_predicted(self) -> Self:
        if sum(said is not None for said in (self.label, self.labels, self.value)) > 1:
            raise ValueError("give one of 'label', 'labels' and 'value'")
        return self

    @property
    def fills(self) -> frozenset[str]:
        """The columns of the document table that it fills, beside the text."""
        said = {"text_pair": self.text_pair, "label": self.label, "labels": self.labels, "value": self.value}
        return frozenset(name for name, columns in said.items() if columns is not None)

    @property
    def names_groups(self) -> bool:
        """Whether it fills ``group``, too: documents of one group are on one side of a split."""
        return self.group is not None

    @property
    def kept_aside(self) -> Mapping[str, AnnotationKind]:
        """The columns that are kept in annotations.parquet, and how each is written."""
        return self.annotations

    @property
    def texts(self) -> list[str]:
        """The names of the columns that hold texts."""
        return [*self.text, *([self.text_pair] if self.text_pair else [])]

    @property
    def list_column(self) -> str | None:
        """The column whose cells are lists of labels, if there is one."""
        if isinstance(self.labels, SeparatedLabels) and self.labels.separator is None:
            return self.labels.column
        return None

    @property
    def wanted(self) -> list[str]:
        """The names of all columns that are read, each once."""
        if isinstance(self.labels, SeparatedLabels):
            targets = [self.labels.column]
        else:
            targets = self.labels or [name for name in (self.label, self.value) if name]
        keys = [name for name in (self.id, self.group) if name]
        return list(dict.fromkeys([*keys, *self.texts, *targets, *self.annotations]))

    def check(self, present: list[str], place: str) -> None:
        """Checks that the table has the columns.

        Args:
            present: The names of its columns.
            place: Where they stand, for the message.

        Raises:
            UserError: If one is missing or named twice.
        """
        for name in self.wanted:
            if name not in present:
                shown = ", ".join(repr(column[:40]) for column in present[:20])
                hint = (
                    "If that is one name with all the others in it, correct `delimiter`." if len(present) == 1 else ""
                )
                mend = f"{suggestion(name, present)} {hint}" if len(present) < 20 else "Correct the catalog entry."
                raise UserError(f"{place}: there is no column {name!r}; it has {shown}.", mend)
            if present.count(name) > 1:
                raise UserError(f"{place}: {present.count(name)} columns are named {name!r}.", "Rename one of them.")

    def batch(self, table: pa.Table, hashes: Callable[[], pa.Array], place: Callable[[int], str]) -> Batch:
        """Makes a batch of a table.

        Args:
            table: Columns of strings, those of :attr:`wanted` among them.
            hashes: Gives an id for each row, for use if the publisher has none.
            place: From the number of a row to where it stands.
        """
        texts = [table[name] for name in self.text]
        text = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, self.join)
        columns = {"text": text}
        given = {"text_pair": self.text_pair, "label": self.label, "value": self.value}
        columns |= {name: table[column] for name, column in given.items() if column}
        if self.labels:
            columns["labels"] = pa.array(self._label_lists(table, place), pa.list_(pa.string()))
        if self.group:  # the column's name stands before it, so that no group has the name of a document
            named = pc.binary_join_element_wise(self.group, table[self.group], "#")
            columns["group"] = pc.if_else(pc.equal(table[self.group], ""), None, named)
        rows = pa.table(columns | {ANNOTATION + name: table[name] for name in self.annotations})
        if self.id is None:
            return Batch(rows, hashes, True, place)
        published = table[self.id].combine_chunks()
        return Batch(rows, lambda: published, False, place)

    def _label_lists(self, table: pa.Table, place: Callable[[int], str]) -> list[list[str] | None]:
        """The labels of each row as the source writes them; None where it says nothing."""
        if isinstance(self.labels, SeparatedLabels):
            cells, separator = table[self.labels.column].to_pylist(), self.labels.separator or IN_LIST
            return [cell if cell is None else _stripped(cell.split(separator)) for cell in cells]
        names = self.labels or []
        rows: list[list[str] | None] = []
        for number, cells in enumerate(zip(*(table[name].to_pylist() for name in names), strict=True)):
            wrong = next((pair for pair in zip(names, cells, strict=True) if pair[1] and pair[1] not in MARKS), None)
            if wrong:
                name, cell = wrong
                raise UserError(
                    f"{place(number)}: column {name!r} holds {cell!r}, which is neither 0 nor 1.",
                    "Correct that cell; or name one column of labels and what separates them.",
                )
            missing = not all(cells)
            rows.append(None if missing else [name for name, cell in zip(names, cells, strict=True) if MARKS[cell]])
        return rows


def _stripped(labels: list[str]) -> list[str]:
    return [label.strip() for label in labels if label.strip()]
