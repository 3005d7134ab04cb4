"""The table of unlabelled documents: texts that may be trained on, and nothing that is to be predicted of them."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.common.documents.table import AFTER, BEFORE, FAULT, said_in_words, to_arrow, to_pandas, write_parquet
from stages.common.tasks import Task

UNLABELLED = Path("data/unlabelled")
DOCUMENTS, REJECTED = "documents.parquet", "rejected.parquet"


def unlabelled_schema(task: Task) -> pa.Schema:
    """The columns of the table: id, text, what else a model reads, group, derived_from and method; never a label.

    Args:
        task: Of the dataset.
    """
    inputs = (field for field in task.columns if field.name in task.inputs)
    return pa.schema([*BEFORE, *inputs, *(field for field in AFTER if field.name != "published_split")])


def read_unlabelled(path: Path = UNLABELLED / DOCUMENTS) -> pd.DataFrame:
    """Reads the documents: originals (``method`` is ``original``) and variants of them.

    Returns:
        One row a document, sorted by id, with the columns of :func:`unlabelled_schema`; no row where
        ``split.unlabelled`` is off.

    Raises:
        UserError: If there is no such table.
    """
    with said_in_words(path):
        table = pq.read_table(path)
    return to_pandas(table.sort_by("id"))


def write_unlabelled(documents: pd.DataFrame, rejected: pd.DataFrame, task: Task, folder: Path) -> None:
    """Writes the documents, sorted by id, and those that may not be trained on, sorted by rule and id.

    Args:
        documents: Rows of a document table; what is to be predicted of them is not written.
        rejected: The same, with ``rule`` and ``reason``.
        task: Of the dataset.
        folder: Where the two files go.
    """
    schema = unlabelled_schema(task)
    why = pa.schema([*(field for field in FAULT if field.name != "place"), *schema])
    write_parquet(to_arrow(documents, schema).sort_by("id"), folder / DOCUMENTS)
    order = [("rule", "ascending"), ("id", "ascending")]
    write_parquet(to_arrow(rejected, why).sort_by(order), folder / REJECTED)
