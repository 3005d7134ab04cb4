"""Shows what each rule that changes texts did: a few documents, before and after."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
from duckdb import DuckDBPyConnection

from stages.clean.parameters import Examples
from stages.clean.parts import Part
from stages.clean.repair import CHANGED_BY, CHANGED_TEXT, NAMES_RULE
from stages.common.core.seeding import derived_seed
from stages.common.documents.table import write_parquet
from stages.common.text_rules.chain import Rule, trace_rule

AROUND = 60  # characters that are shown before the first and after the last difference
LONGEST = 300  # characters that are shown at most

CHANGES = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("id", "rule", "before", "after")])
DRAWN = pa.schema([("id", pa.string()), ("rule", pa.string()), ("draw", pa.uint64()), ("text", pa.string())])
FIRST = """
SELECT id, rule, text FROM read_parquet($files)
QUALIFY row_number() OVER (PARTITION BY rule ORDER BY draw, id) <= $per_rule ORDER BY rule, id
"""


def draw_examples(documents: pd.DataFrame, examples: Examples) -> pd.DataFrame:
    """Chooses documents that each rule changed; the masking of names, which takes a model to show, has no examples.

    Args:
        documents: What :func:`stages.clean.repair.repair` gives.
        examples: How many, and the seed of the choice.

    Returns:
        One row an example: id, rule, the number by which it was drawn (the smallest ones are), and the text.
    """
    touched = pd.DataFrame({"id": documents["id"], "text": documents[CHANGED_TEXT], "rule": documents[CHANGED_BY]})
    touched = touched.explode(["rule", "text"]).dropna(subset="rule")
    touched = touched[touched["rule"] != NAMES_RULE]
    draws = [derived_seed(examples.seed, rule, name) for rule, name in zip(touched["rule"], touched["id"], strict=True)]
    touched = touched.assign(draw=pd.array(draws, dtype="uint64")).sort_values(["rule", "draw", "id"])
    drawn: pd.DataFrame = touched.groupby("rule").head(examples.per_rule)[DRAWN.names]
    return drawn


def write_drawn(drawn: pd.DataFrame, path: Path) -> None:
    """Writes what :func:`draw_examples` made."""
    write_parquet(pa.Table.from_pandas(drawn, schema=DRAWN, preserve_index=False), path)


def show_changes(
    corpus: DuckDBPyConnection, parts: list[Part], rules: Mapping[str, Rule], per_rule: int
) -> pd.DataFrame:
    """Shows what rules did, in the documents that were drawn first.

    Args:
        corpus: What runs the query.
        parts: Their files ``drawn`` are read.
        rules: The rules, by name.
        per_rule: Examples of each rule, at most.

    Returns:
        One row an example: id, rule, before, after; sorted by rule and id.
    """
    drawn = corpus.sql(FIRST, params={"files": [str(part.path("drawn")) for part in parts], "per_rule": per_rule})
    shown = []
    for name, rule, text in drawn.fetchall():
        before, after = passages(*trace_rule(text, rules, rule))
        shown.append({"id": name, "rule": rule, "before": before, "after": after})
    return pd.DataFrame(shown, columns=CHANGES.names, dtype="str")


def passages(before: str, after: str) -> tuple[str, str]:
    """What differs between two versions of a text, with a little around it.

    Args:
        before: One version.
        after: The other.

    Returns:
        A passage of each, cut to a length that can be shown; what is left out is marked by ``…``.
    """
    start = max(_shared_start(before, after) - AROUND, 0)
    same_end = _shared_start(before[::-1], after[::-1])

    def cut(text: str) -> str:
        end = min(max(len(text) - same_end + AROUND, start), start + LONGEST)
        return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")

    return cut(before), cut(after)


def write_changes(changes: pd.DataFrame, path: Path) -> None:
    """Writes what :func:`show_changes` made."""
    write_parquet(pa.Table.from_pandas(changes, schema=CHANGES, preserve_index=False), path)


def _shared_start(one: str, other: str) -> int:
    """How many characters two texts have in common before they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
