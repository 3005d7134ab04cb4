"""Decides by counts over the whole corpus what becomes of escaped tags, before any rule runs."""

from collections import Counter
from typing import Any

from stages.clean.parameters import CleanParameters
from stages.clean.parts import Part
from stages.clean.rows import count_markup_of
from stages.common.documents.partitions import Workers
from stages.common.text_rules.markup import decide


def decide_markup(parts: list[Part], workers: Workers, parameters: CleanParameters) -> dict[str, Any]:
    """What becomes of escaped tags, and why.

    Args:
        parts: Their ``raw`` files are read.
        workers: Who counts.
        parameters: What they say, unless that is ``evidence``.

    Returns:
        ``decided``, the value of ``clean.markup`` that the rules run with (prediction reads it, too), and the counts
        behind it, where they were needed.
    """
    if parameters.markup != "evidence":
        return {"decided": parameters.markup}
    counts: Counter[str] = Counter()
    if parameters.entities:
        counts = sum(workers.map(count_markup_of, parts, "markup"), Counter())
    return {
        "decided": decide(counts),
        **{name: counts[name] for name in ("escaped_used", "escaped_mentioned", "raw_used")},
    }
