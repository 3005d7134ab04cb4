"""Groups of test documents, by what the publisher says of them and by what they mention."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stages.common.core.messages import UserError, suggestion
from stages.probe.gaps import GAPS, METRICS, Flags, by_attributes, by_mentions, group_tables
from stages.probe.parameters import ProbeParameters
from stages.probe.suites import Suite


@dataclass(frozen=True)
class Compared:
    """What groups of test documents say.

    Attributes:
        tables: Metrics of groups, and gaps between them, by name.
        reason: Why there are none; None where there are.
    """

    tables: dict[str, pd.DataFrame]
    reason: str | None


def compare_documents(
    suites: Sequence[Suite],
    test: pd.DataFrame,
    predictions: pd.DataFrame,
    beside: pd.DataFrame | None,
    parameters: ProbeParameters,
) -> Compared:
    """Compares the groups that test documents belong to.

    Args:
        suites: Those with words of groups say which documents mention one.
        test: The test documents.
        predictions: What evaluate found, keyed by id.
        beside: What the publisher says of documents, keyed by id; None where nothing.
        parameters: The stage's.

    Raises:
        UserError: If an attribute that is asked for is not there.
    """
    for name in parameters.attributes:
        known = [] if beside is None else list(beside.columns.drop("id"))
        if name not in known:
            raise UserError(f"params.yaml: probe.attributes: the documents have no {name!r}.", suggestion(name, known))
    none = {"group_metrics": pd.DataFrame(columns=METRICS), "gaps": pd.DataFrame(columns=GAPS)}
    if not {"label", "predicted"} <= set(predictions.columns):
        return Compared(none, "groups of test documents are compared where each document has one label")
    attributes: dict[str, dict[str, Flags]] = {}
    if beside is not None:
        attributes |= by_attributes(test, beside, parameters.attributes)
    attributes |= {f"mentions, {suite.name}": by_mentions(test, suite.groups) for suite in suites if suite.groups}
    judged = test[["id"]].merge(predictions[["id", "label", "predicted"]], on="id", how="left")
    metrics, gaps = group_tables(attributes, judged, parameters)
    return Compared({"group_metrics": metrics, "gaps": gaps}, None)
