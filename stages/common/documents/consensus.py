"""The table of consensus: what several people's answers about a document came to, one row a document that has any."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.common.core.messages import UserError
from stages.common.documents.table import said_in_words, write_parquet

CONSENSUS = Path("data/annotated/consensus.parquet")
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("confidence", pa.float64()),
        pa.field("probabilities", pa.list_(pa.float64())),
        pa.field("gold", pa.string()),
        pa.field("seen", pa.bool_(), nullable=False),
        pa.field("left_out", pa.bool_(), nullable=False),
    ]
)


def read_consensus(path: Path = CONSENSUS) -> pd.DataFrame:
    """Reads the table.

    Returns:
        One row a document of a dataset with answers, sorted by id; no row where a dataset has one label a document.
        ``label``: what the answers came to, or the gold label where that was used; ``confidence``: the probability of
        it; ``probabilities``: of all labels, in the card's order, null where nobody answered; ``gold``: the publisher's
        label; ``seen``: whether the choice of a method saw the gold label, so that the document must not be tested
        on; ``left_out``: whether its label is too unsure to be trained on.

    Raises:
        UserError: If there is no such table.
    """
    with said_in_words(path):
        table = pq.read_table(path)
    if table.schema.names != SCHEMA.names:
        raise UserError(f"{path}: has not the columns {', '.join(SCHEMA.names)}.", "Run `dvc repro`.")
    rows: pd.DataFrame = table.to_pandas()
    return rows


def write_consensus(consensus: pd.DataFrame, path: Path) -> None:
    """Writes the table, sorted by id."""
    rows = consensus.sort_values("id", ignore_index=True)
    write_parquet(pa.Table.from_pandas(rows[SCHEMA.names], SCHEMA, preserve_index=False), path)


def no_consensus() -> pd.DataFrame:
    """The table of a dataset with one label a document."""
    rows: pd.DataFrame = SCHEMA.empty_table().to_pandas()
    return rows
