"""Shows what each rule that changes texts did: a few documents, before and after."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from stages.clean.parameters import Examples
from stages.common.documents import write_parquet
from stages.common.seeding import derived_seed
from stages.common.text_rules.chain import Rule, trace_rule

AROUND = 60  # characters that are shown before the first and after the last difference
LONGEST = 300  # characters that are shown at most

CHANGES = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("id", "rule", "before", "after")])


def show_changes(
    documents: pd.DataFrame, changed_by: pd.Series, rules: Mapping[str, Rule], examples: Examples
) -> pd.DataFrame:
    """Chooses documents that each rule changed, and cuts out the passages.

    Args:
        documents: The documents before the rules.
        changed_by: For each of them, in the same order, the names of the rules that changed it.
        rules: The rules, by name.
        examples: How many, and the seed of the choice.

    Returns:
        One row an example: id, rule, before, after; sorted by rule and id.
    """
    touched = pd.DataFrame({"id": documents["id"], "text": documents["text"], "rule": changed_by.to_numpy()})
    touched = touched.explode("rule").dropna(subset="rule")
    draws = [derived_seed(examples.seed, rule, name) for rule, name in zip(touched["rule"], touched["id"], strict=True)]
    touched = touched.assign(draw=pd.array(draws, dtype="uint64")).sort_values(["rule", "draw", "id"])
    shown = []
    for row in touched.groupby("rule").head(examples.per_rule).sort_values(["rule", "id"]).to_dict("records"):
        before, after = passages(*trace_rule(row["text"], rules, row["rule"]))
        shown.append({"id": row["id"], "rule": row["rule"], "before": before, "after": after})
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
