"""Two classifiers on the same documents: differences, McNemar's test, what flipped; and Holm's correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest, chi2

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Floats
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.names import METRICS, title

Names = npt.NDArray[np.object_]
ROUNDING = 1e-12  # the same metric, summed in another order, differs by less
FEW_FLIPS = 25  # below it the chi-squared distribution is no good approximation (Dietterich 1998, 3.1)


@dataclass(frozen=True)
class Difference:
    """A metric of one classifier minus another's on the same documents.

    Attributes:
        estimate: The difference with its paired interval.
        outcome: ``better`` if all of the interval speaks for the one, ``worse`` if for the other, ``no clear
            difference`` if 0 is in it; ``unknown`` where there is no interval.
    """

    estimate: Estimate
    outcome: str

    def as_json(self) -> dict[str, Any]:
        """The fields for a JSON file."""
        return {**self.estimate.as_json(), "outcome": self.outcome}


def unknown(reason: str) -> Difference:
    """The difference between classifiers of which one has no answers."""
    return Difference(Estimate(None, reason=reason), "unknown")


def compare(
    name: str,
    one: tuple[dict[str, Floats], dict[str, Floats]],
    other: tuple[dict[str, Floats], dict[str, Floats]],
    bootstrap: Bootstrap,
) -> Difference:
    """One classifier's metric minus another's, with its interval over paired resamples.

    Args:
        name: The metric's name, which also says whether more of it is better.
        one: Its metrics on the test split and on the resamples.
        other: Likewise.
        bootstrap: What drew them.
    """
    value = one[0][name] - other[0][name]
    difference = bootstrap.interval(
        float(value), one[1][name] - other[1][name], METRICS[name].undefined if np.isnan(value) else None
    )
    if difference.low is None or difference.high is None:
        return Difference(difference, "unknown")
    if difference.low <= ROUNDING and difference.high >= -ROUNDING:
        return Difference(difference, "no clear difference")
    return Difference(difference, "better" if (difference.low > 0) == METRICS[name].higher_is_better else "worse")


def weigh(outcomes: Mapping[str, str]) -> str:
    """What the outcomes of several metrics say together: one of them if all agree, else each with its metrics.

    Args:
        outcomes: By name of the metric, what :attr:`Difference.outcome` is.

    Returns:
        Such as ``worse by accuracy; no clear difference by macro F1``; it begins with ``mixed`` where metrics
        contradict each other.
    """
    by_outcome = {
        outcome: [title(name) for name, each in outcomes.items() if each == outcome]
        for outcome in ("better", "worse", "no clear difference", "unknown")
    }
    said = [f"{outcome} by {' and '.join(names)}" for outcome, names in by_outcome.items() if names]
    if len(said) == 1:
        return next(iter(outcomes.values()))
    return ("mixed: " if by_outcome["better"] and by_outcome["worse"] else "") + "; ".join(said)


def mcnemar(only_one: int, only_other: int) -> dict[str, Any]:
    """McNemar's (1947) test of whether two classifiers err equally often.

    Args:
        only_one: Documents on which only the one is right.
        only_other: Documents on which only the other is right.

    Returns:
        ``method`` (exact, or chi-squared with Edwards' correction), ``statistic`` and the two-sided ``p_value``.
    """
    flipped = only_one + only_other
    if flipped == 0:
        return {"method": "exact", "statistic": None, "p_value": 1.0}
    if flipped < FEW_FLIPS:
        return {"method": "exact", "statistic": None, "p_value": float(binomtest(only_one, flipped).pvalue)}
    statistic = max(abs(only_one - only_other) - 1, 0) ** 2 / flipped
    return {"method": "chi-squared", "statistic": statistic, "p_value": float(chi2.sf(statistic, 1))}


def comparison(
    names: tuple[str, str],
    right: npt.NDArray[np.bool_],
    right_too: npt.NDArray[np.bool_],
    differences: Mapping[str, Difference],
) -> dict[str, Any]:
    """Compares two classifiers on the same documents.

    Args:
        names: How they are called.
        right: Whether the first is right on each document, shape (documents,).
        right_too: Whether the second is.
        differences: The first's metrics minus the second's, by name.

    Returns:
        An entry of comparison.json.
    """
    only_one, only_other = int((right & ~right_too).sum()), int((~right & right_too).sum())
    return {
        "a": names[0],
        "b": names[1],
        "documents": len(right),
        "both_right": int((right & right_too).sum()),
        "only_a_right": only_one,
        "only_b_right": only_other,
        "both_wrong": int((~right & ~right_too).sum()),
        "mcnemar": mcnemar(only_one, only_other),
        **{name: difference.as_json() for name, difference in differences.items()},
    }


def flips(ids: Sequence[str], label: Names, one: Names, other: Names) -> pd.DataFrame:
    """The documents on which exactly one of two classifiers is right.

    Args:
        ids: The documents' ids.
        label: Their labels.
        one: What the first predicts.
        other: What the second predicts.

    Returns:
        Columns id, label, encoder, other and outcome: ``gained`` if only the first is right, ``lost`` if only the
        other.
    """
    table = pd.DataFrame({"id": ids, "label": label, "encoder": one, "other": other}, dtype=object)
    right, right_too = table["encoder"] == table["label"], table["other"] == table["label"]
    table["outcome"] = np.where(right, "gained", "lost")
    return table[right != right_too].sort_values(["outcome", "id"], ignore_index=True)


def holm(p_values: pd.Series) -> pd.Series:
    """Holm's (1979) correction of p-values for how many there are."""
    ordered = p_values.astype(float).sort_values(kind="stable")
    factors = np.arange(len(ordered), 0, -1)
    return (ordered * factors).cummax().clip(upper=1.0).reindex(p_values.index)
