"""The table of answers: what several people, or functions, said about documents, one row an answer."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.common.core.messages import UserError
from stages.common.documents.table import write_parquet

ANSWERS = "answers.parquet"  # in data/raw: all of them
COUNTED = Path("data/answers.parquet")  # those that annotate let count, one an annotator and document
ADJUDICATOR = "adjudicator"  # whose answers outrank all others
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("seconds", pa.float64()),
        pa.field("round", pa.string()),
        pa.field("guideline", pa.string()),
    ]
)
ORDER = ["id", "annotator", "time", "round", "answer"]


def read_answers(path: Path) -> pd.DataFrame:
    """Reads a table of answers.

    Args:
        path: A parquet file with the columns of :data:`SCHEMA`.

    Returns:
        One row an answer, sorted by :data:`ORDER`, so that the order in the file makes no difference. ``answer`` is
        the card's name of a label; for several labels a JSON array of names in alphabetical order; for tagged words a
        JSON array of ``[first word, word after the last, type]``; for a number the number. ``time`` says when the
        answer was given and ``seconds`` how long it took; ``round`` names the round and ``guideline`` is the SHA-256 of
        the guideline; what is not known is null.

    Raises:
        UserError: If there is no such file, or it is not a table of answers.
    """
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise UserError(f"{path}: does not exist.", "Run `dvc repro`.") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: is not parquet ({error}).", "Run `dvc repro`.") from None
    if table.schema.names != SCHEMA.names:
        raise UserError(f"{path}: has not the columns {', '.join(SCHEMA.names)}.", "Run `dvc repro`.")
    return sort_answers(table.cast(SCHEMA).to_pandas())


def write_answers(answers: pd.DataFrame, path: Path) -> None:
    """Writes a table of answers, sorted: the same bytes for any order of the rows."""
    write_parquet(pa.Table.from_pandas(sort_answers(answers)[SCHEMA.names], SCHEMA, preserve_index=False), path)


def no_answers() -> pd.DataFrame:
    """The table of a dataset with one label a document."""
    rows: pd.DataFrame = SCHEMA.empty_table().to_pandas()
    return rows


def sort_answers(answers: pd.DataFrame) -> pd.DataFrame:
    """Brings answers into the order of :data:`ORDER`."""
    return answers.sort_values(ORDER, kind="stable", na_position="first", ignore_index=True)
