"""What the readers of tables have in common: which columns hold what, and how a label is written there."""

import codecs
from collections.abc import Callable
from typing import Annotated, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, model_validator

from stages.common.core.messages import UserError, suggestion
from stages.common.core.validation import Strict
from stages.download.readers.record import ANNOTATION, Batch


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"there is no encoding {name!r}") from None
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]


class Labelled(Strict):
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


class Columns(Labelled):
    """Which columns of a table hold what.

    Attributes:
        text: The columns that make up the text.
        join: What stands between them.
        label: The column of the label.
        id: The column of the publisher's id; by default an id is made of a hash of the record.
        annotations: Columns to keep aside in annotations.parquet: ``label`` for one that is written like the label,
            ``text`` for any other.
    """

    text: list[str] = Field(min_length=1)
    join: str = " "
    label: str
    id: str | None = None
    annotations: dict[str, Literal["label", "text"]] = Field(default={})

    @property
    def wanted(self) -> list[str]:
        """The names of all columns that are read, each once."""
        names = [*([self.id] if self.id else []), *self.text, self.label, *self.annotations]
        return list(dict.fromkeys(names))

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
        columns = {"text": text, "label": table[self.label]}
        rows = pa.table(columns | {ANNOTATION + name: table[name] for name in self.annotations})
        if self.id is None:
            return Batch(rows, hashes, True, place)
        published = table[self.id].combine_chunks()
        return Batch(rows, lambda: published, False, place)
