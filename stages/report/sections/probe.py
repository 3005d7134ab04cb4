"""The section about probes: what texts that differ in one thing, and groups of test documents, showed."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from stages.report.excerpts import excerpt
from stages.report.inputs import Probes, Results
from stages.report.parameters import ReportParameters

ALL = "(all)"  # as probe calls groups or functionalities together


def probe(results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What each suite showed, group by group; empty where there were none."""
    probes = results.probes
    if probes is None or not (probes.summary["suites"] or probes.summary["left_out"]):
        return {}
    tables = probes.tables
    by_gap = sorted(tables["gaps"].to_dict("records"), key=lambda row: (row["p_adjusted"], -row["value"]))
    return {
        "summary": probes.summary,
        "texts": sum(suite["texts"] for suite in probes.summary["suites"]),
        "suites": [_suite(suite, probes, parameters) for suite in probes.summary["suites"]],
        "gaps": by_gap[: parameters.listed],
        "gap_count": len(by_gap),
        "metrics": _overall(tables["group_metrics"]).head(parameters.listed).to_dict("records"),
        "metric_count": len(_overall(tables["group_metrics"])),
    }


def _overall(metrics: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of each group that has documents, the worst first."""
    known = metrics[(metrics["label"] == "accuracy") & (metrics["documents"] > 0)]
    return known.sort_values(["share", "attribute", "group"], kind="stable")


def _suite(suite: dict[str, Any], probes: Probes, parameters: ReportParameters) -> dict[str, Any]:
    """A suite with its tables and with texts that fail."""
    own = {name: table[table["suite"] == suite["name"]] for name, table in probes.tables.items() if "suite" in table}
    failures = own["failures"]
    functionalities = failures[(failures["group"] == ALL) & (failures["functionality"] != ALL)]
    single = (failures["functionality"] == ALL) & (failures["group"] != ALL)
    texts = probes.texts[(probes.texts["suite"] == suite["name"]) & (probes.texts["failed"] == True)]  # noqa: E712  # None too
    return {
        **suite,
        "groups": own["groups"].to_dict("records"),
        "swaps": own["swaps"].to_dict("records"),
        "functionalities": functionalities.to_dict("records"),
        "failing_groups": [] if own["swaps"].shape[0] else failures[single].to_dict("records"),
        "examples": list(_examples(texts, parameters)),
        "failing": len(texts),
    }


def _examples(texts: pd.DataFrame, parameters: ReportParameters) -> Iterator[dict[str, Any]]:
    """Failing texts, one of each functionality before a second one of any."""
    turn = texts.groupby("functionality", sort=False).cumcount()
    for row in texts.assign(turn=turn).sort_values("turn", kind="stable").head(parameters.listed).to_dict("records"):
        shown = {name: row[name] if isinstance(row[name], str) else None for name in ("expected", "predicted", "group")}
        held = row["reference"] if isinstance(row["reference"], str) else None
        yield shown | {
            "functionality": row["functionality"],
            "before": row["reference_predicted"] if isinstance(row["reference_predicted"], str) else None,
            "text": excerpt(row["text"], parameters.excerpt_characters),
            "reference": excerpt(held, parameters.excerpt_characters) if held else None,
        }
