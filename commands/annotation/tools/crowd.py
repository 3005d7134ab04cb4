"""Tables of crowd answers: a column an annotator (wide, as in hatecheck), or a row an answer (long, as in snow2008)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from commands.annotation.answers import read_csv
from commands.annotation.forms import Canonical
from commands.annotation.tools.sheet import Found


class Shape(NamedTuple):
    """How such a table is read.

    Attributes:
        id: The column of the document's id.
        answers: The columns that hold answers: of a wide table one an annotator, of a long one the only one.
        annotator: The column that says who answered; None for a wide table.
        values: From what the table writes to the label that is meant; what is not in it is a label itself.
    """

    id: str
    answers: Sequence[str]
    annotator: str | None
    values: Mapping[str, str]


def read(path: Path, shape: Shape) -> Iterator[Found]:
    """Yields the answers of a table; an empty cell says that this person was not asked or did not answer.

    Args:
        path: A CSV file, or with the suffix .tsv one with tabs.
        shape: How it is read.

    Raises:
        UserError: If it is no such table.
    """
    named = [shape.annotator] if shape.annotator else []
    for place, row in read_csv(path, [shape.id, *named, *shape.answers], "\t" if path.suffix == ".tsv" else ","):
        line = f"line {place.rpartition(':')[2]}"
        for column in shape.answers:
            given = row[column].strip()
            if given:
                which = "" if shape.annotator else f", column {column}"
                yield Found(
                    f"{place}{which}",
                    f"{line}{which}",
                    row[shape.id] or None,
                    Canonical(shape.values.get(given, given)),
                    who=(row[shape.annotator] if shape.annotator else column) or None,
                )
