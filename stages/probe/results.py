"""The summary of what was probed, and the closing line."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.probe.differences import DIFFERS
from stages.probe.failures import ALL, MORE
from stages.probe.gaps import LARGER
from stages.probe.parameters import ProbeParameters
from stages.probe.suites import Suite


def summary_of(
    suites: Sequence[Suite],
    refused: Mapping[str, str],
    reason: str | None,
    tables: Mapping[str, pd.DataFrame],
    parameters: ProbeParameters,
) -> dict[str, Any]:
    """The content of summary.json.

    Args:
        suites: Those that were asked.
        refused: Why each other one was left out.
        reason: Why groups of test documents are not compared; None where they are.
        tables: What was counted.
        parameters: The stage's.
    """
    return {
        "suites": [_suite(suite, tables) for suite in suites],
        "left_out": dict(refused),
        "without_groups": reason,
        "different": [
            f"{row['suite']}: {row['group']}"
            for name in ("groups", "swaps")
            for row in tables[name].to_dict("records")
            if row["verdict"] == DIFFERS
        ],
        "gaps": [
            f"{row['attribute']}: {row['gap']}" for row in tables["gaps"].to_dict("records") if row["verdict"] == LARGER
        ],
        "confidence": parameters.confidence,
        "tolerance": parameters.tolerance,
        "least": parameters.least,
        "permutations": parameters.permutations,
    }


def _suite(suite: Suite, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    counted = tables["failures"]
    overall = counted[(counted["suite"] == suite.name) & (counted["functionality"] == ALL) & (counted["group"] == ALL)]
    failing = counted[(counted["suite"] == suite.name) & (counted["verdict"] == MORE)]
    return {
        "name": suite.name,
        "title": suite.entry.title,
        "licence": suite.entry.licence,
        "citation": suite.entry.citation,
        "offensive": suite.entry.offensive,
        "texts": len(suite.placed) + len(suite.cases),
        "cases": int(overall["cases"].sum()),
        "failures": int(overall["failures"].sum()),
        "groups_that_fail_more": list(failing["group"]),
        "known": suite.known,
        "mechanics_only": suite.mechanics_only,
    }


def closing(summary: Mapping[str, Any]) -> str:
    """The closing line."""
    if not summary["suites"] and not summary["left_out"]:
        return "no suites"
    parts = [f"{sum(suite['texts'] for suite in summary['suites']):,} texts of {len(summary['suites'])} suites"]
    if summary["left_out"]:
        parts.append(f"{len(summary['left_out'])} left out ({', '.join(summary['left_out'])})")
    for suite in summary["suites"]:
        if suite["mechanics_only"]:
            parts.append(
                f"{suite['name']} shows the mechanics only: the model was trained on {suite['known']:,} of its texts"
            )
        elif suite["cases"]:
            parts.append(f"{suite['name']}: {suite['failures']:,} of {suite['cases']:,} cases fail")
    parts.append(f"answered differently: {', '.join(summary['different']) or 'no group'}")
    return "; ".join(parts)
