"""Writes what is kept, what is rejected and what is flagged, part by part."""

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from stages.clean.parts import Part
from stages.common.core.messages import progress
from stages.common.documents.table import FLAGS, DocumentStream, ParquetStream, columns_among, rejected_schema

# What became of each document, in the order of their numbers, so that a part is a run of rows.
OUTCOMES = """
CREATE TABLE outcomes AS
SELECT number, rule, reason, "group" FROM rejected FULL JOIN groups USING (number) ORDER BY number
"""
REMARKS = """
CREATE TABLE remarks AS
SELECT number, rule, reason FROM flags
UNION ALL SELECT number, 'private_data', held FROM kept WHERE held IS NOT NULL AND $report_private
ORDER BY number, rule, reason
"""
OUTCOME = """
SELECT coalesce("group", id) AS "group", outcomes.rule, outcomes.reason
FROM documents LEFT JOIN outcomes USING (number) WHERE number BETWEEN $first AND $last
ORDER BY number
"""
REMARK = """
SELECT id, remarks.rule, remarks.reason FROM remarks JOIN documents USING (number)
WHERE number BETWEEN $first AND $last ORDER BY number, remarks.rule, remarks.reason
"""


def write_tables(corpus: DuckDBPyConnection, parts: list[Part], report_private: bool, folder: Path) -> int:
    """Writes documents.parquet, rejected.parquet and flags.parquet.

    Args:
        corpus: What became of the documents.
        parts: Their ``texts`` are read.
        report_private: Whether private data in a document that is kept is a flag.
        folder: Where the tables go.

    Returns:
        How many documents were kept.

    Raises:
        AssertionError: If a document was lost or counted twice: a fault of this program.
    """
    corpus.execute(OUTCOMES)
    corpus.execute(REMARKS, {"report_private": report_private})
    rules = [rule for (rule,) in corpus.sql("SELECT DISTINCT rule FROM rejected ORDER BY rule").fetchall()]
    columns = columns_among(pq.read_schema(parts[0].path("texts")).names)
    kept, dropped = 0, rejected_schema(columns)
    with ExitStack() as stack:
        documents = stack.enter_context(DocumentStream(folder / "documents.parquet", columns))
        flags = stack.enter_context(ParquetStream(folder / "flags.parquet", FLAGS))
        # Rejected rows are sorted by rule and id, so they wait in one file a rule.
        waiting = {rule: parts[0].folder / f"rejected-{rule}" for rule in rules}
        streams = {rule: stack.enter_context(ParquetStream(path, dropped)) for rule, path in waiting.items()}
        for part in progress(parts, "write", "partition", len(parts)):
            here = {"first": part.start, "last": part.start + part.rows - 1}
            outcome = corpus.sql(OUTCOME, params=here).to_arrow_table()
            texts = pq.read_table(part.path("texts"))
            rows = texts.set_column(texts.column_names.index("group"), "group", outcome["group"])
            rows = rows.append_column("rule", outcome["rule"]).append_column("reason", outcome["reason"])
            left = rows.filter(pc.is_null(rows["rule"]))
            documents.write(left)
            kept += len(left)
            flags.write(corpus.sql(REMARK, params=here).to_arrow_table())
            rows = rows.append_column("place", pa.nulls(len(rows), pa.string()))
            for rule in pc.unique(rows["rule"].drop_null()).to_pylist():
                streams[rule].write(rows.filter(pc.equal(rows["rule"], rule)))
    written = 0
    with ParquetStream(folder / "rejected.parquet", dropped) as rejected:
        for path in waiting.values():
            for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches(1_000):
                rejected.write(pa.Table.from_batches([batch]))
                written += len(batch)
    total = sum(part.rows for part in parts)
    if kept + written != total:
        raise AssertionError(f"{total} documents came in, {kept} stay, {written} go")
    return kept
