"""What the stage says of itself: counts, and never a text."""

from collections import Counter
from typing import Any

import pandas as pd
from duckdb import DuckDBPyConnection

from stages.clean.rows import Counts

COUNTS = {
    "rejected": "SELECT rule, count(*) FROM rejected GROUP BY rule",
    "flagged": "SELECT rule, count(*) FROM remarks GROUP BY rule",
}


def summarise(corpus: DuckDBPyConnection, counts: list[Counts], leaks: pd.DataFrame) -> dict[str, Any]:
    """What ``summary.json`` holds.

    Args:
        corpus: What became of the documents.
        counts: What the rules found in each part.
        leaks: Pairs of documents of different published splits.
    """
    found = {name: _sorted(dict(corpus.sql(query).fetchall())) for name, query in COUNTS.items()}
    return {
        "documents_in": _number(corpus, "FROM documents SELECT count(*)"),
        "documents_out": _number(corpus, "FROM kept SELECT count(*)"),
        **found,
        "changed": _sorted(sum((part.changed for part in counts), Counter())),
        "private_data": _sorted(sum((part.private for part in counts), Counter())),
        "documents_with_private_data": sum(part.holders for part in counts),
        "near_duplicate_pairs": _number(corpus, "FROM pairs SELECT count(*)"),
        "leaks": _sorted(Counter(leaks["split"] + " and " + leaks["other_split"])),
    }


def _number(corpus: DuckDBPyConnection, query: str) -> int:
    ((number,),) = corpus.sql(query).fetchall()
    return int(number)


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
