"""All documents as DuckDB tables without their texts: joins over the whole corpus within a limit of memory.

The tables: ``documents`` (the columns of FACTS, and whether a document must stay), ``rejected`` and ``flags`` (number,
rule, reason), and the view ``kept`` (the documents that were not rejected so far). Documents go by their numbers, which
are in the order of ids.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from stages.clean.parts import Part
from stages.common.core.execution import load_execution
from stages.common.core.messages import UserError

LOAD = """
CREATE TABLE documents AS
    SELECT *, coalesce(published_split IN ('validation', 'test'), false) OR NOT plain AS must_stay
    FROM read_parquet($files);
"""
TABLES = """
CREATE TABLE rejected (number BIGINT, rule VARCHAR, reason VARCHAR);
CREATE TABLE flags (number BIGINT, rule VARCHAR, reason VARCHAR);
CREATE VIEW kept AS SELECT * FROM documents ANTI JOIN rejected USING (number);
"""


@contextmanager
def open_corpus(folder: Path) -> Iterator[DuckDBPyConnection]:
    """Opens an empty database in a folder; what exceeds the limit of memory goes there too.

    Args:
        folder: A folder for scratch.
    """
    execution = load_execution()
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{execution.memory_gib}GiB",
        "threads": execution.worker_count,
        "temp_directory": str(folder / "spilled"),
    }
    with duckdb.connect(folder / "corpus.duckdb", config=settings) as corpus:
        yield corpus


def load_facts(corpus: DuckDBPyConnection, parts: list[Part]) -> None:
    """Makes the tables out of the ``facts`` files of the parts."""
    corpus.execute(LOAD, {"files": [str(part.path("facts")) for part in parts]})
    corpus.execute(TABLES)


def judge(corpus: DuckDBPyConnection, faults: DuckDBPyRelation) -> None:
    """Rejects the documents that have a fault, but for those that must stay: these are flagged.

    A row of a test or validation split that the publisher fixed always stays. So does a sentence of a token
    classification corpus: short sentences that occur again and again are no mistake there.

    Args:
        corpus: The tables.
        faults: At most one row a document: number, rule, reason.
    """
    faults.to_table("faults")
    corpus.execute("""
        INSERT INTO flags SELECT faults.* FROM faults JOIN documents USING (number) WHERE must_stay;
        INSERT INTO rejected SELECT faults.* FROM faults JOIN documents USING (number) WHERE NOT must_stay;
        DROP TABLE faults;
    """)


def check_something_is_left(corpus: DuckDBPyConnection) -> None:
    """Checks that not everything was rejected.

    Raises:
        UserError: If nothing is left, with the rule that took the most.
    """
    if corpus.sql("FROM kept LIMIT 1").fetchall():
        return
    counted = corpus.sql("SELECT rule, count(*) FROM rejected GROUP BY rule ORDER BY count(*) DESC, rule").fetchall()
    rule, total = (counted[0][0], sum(count for _, count in counted)) if counted else ("none", 0)
    raise UserError(
        f"clean: all {total:,} documents were rejected, most of them by the rule {rule!r}.",
        f"Change clean.{rule} in params.yaml.",
    )
