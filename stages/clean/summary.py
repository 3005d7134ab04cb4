"""What the stage says of itself: counts, and never a text."""

from typing import Any

import pandas as pd

from stages.clean.repair import CHANGED_BY, PRIVATE


def summarise(
    raw: pd.DataFrame,
    repaired: pd.DataFrame,
    documents: pd.DataFrame,
    rejected: pd.DataFrame,
    flags: pd.DataFrame,
    pairs: pd.DataFrame,
    leaks: pd.DataFrame,
) -> dict[str, Any]:
    """What ``summary.json`` holds.

    Args:
        raw: The documents that came in.
        repaired: The same with repaired texts, the rules that changed them and counts of private data.
        documents: Those that stay.
        rejected: Those that go, with ``rule``.
        flags: Remarks on documents that stay, with ``rule``.
        pairs: Near-duplicates.
        leaks: Pairs of documents of different published splits.
    """
    private = pd.DataFrame(repaired[PRIVATE].dropna().tolist())
    return {
        "documents_in": len(raw),
        "documents_out": len(documents),
        "rejected": _counts(rejected["rule"]),
        "flagged": _counts(flags["rule"]),
        "changed": _counts(repaired[CHANGED_BY].explode()),
        "private_data": {str(kind): int(counts.sum()) for kind, counts in sorted(private.items())},
        "documents_with_private_data": len(private),
        "near_duplicate_pairs": len(pairs),
        "leaks": _counts(leaks["split"] + " and " + leaks["other_split"]),
    }


def _counts(names: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in names.value_counts().sort_index().items()}
