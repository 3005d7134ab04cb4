"""How well the model does on groups of test documents, and how large the gaps between them are, beside chance."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.metrics.bootstrap import Bootstrap, Compute
from stages.common.metrics.counts import Floats, ratio
from stages.common.metrics.intervals import wilson
from stages.common.metrics.significance import holm
from stages.probe.differences import DIFFERS, verdict
from stages.probe.parameters import ProbeParameters
from stages.probe.whole_words import whole_words

Flags = npt.NDArray[np.bool_]

MOST_VALUES = 20  # of an attribute that make groups: the most frequent ones
METRICS = ["attribute", "group", "label", "documents", "share", "share_low", "share_high"]
GAPS = [
    *("attribute", "gap", "groups", "documents", "worst", "best", "value", "low", "high", "by_chance"),
    *("p_value", "p_adjusted", "verdict"),
]
ACCURACY = "accuracy"
LARGER = "larger than by chance"


def by_attributes(test: pd.DataFrame, beside: pd.DataFrame, names: list[str]) -> dict[str, dict[str, Flags]]:
    """The documents of each group, by each attribute that the publisher gives: a group for each of its values."""
    joined = test[["id"]].merge(beside, on="id", how="left")
    groups: dict[str, dict[str, Flags]] = {}
    for name in names:
        values = joined[name].astype(object).where(joined[name].notna(), None)
        counts = values.map(str, na_action="ignore").value_counts()
        kept = sorted(counts.index, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        groups[name] = {value: (values.map(str, na_action="ignore") == value).to_numpy() for value in kept}
    return groups


def by_mentions(test: pd.DataFrame, groups: Mapping[str, list[str]]) -> dict[str, Flags]:
    """The documents that mention each group, by its words."""
    patterns = {group: whole_words(words) for group, words in groups.items()}
    return {
        group: np.array([pattern.search(text) is not None for text in test["text"]], dtype=bool)
        for group, pattern in patterns.items()
    }


def group_tables(
    attributes: Mapping[str, Mapping[str, Flags]], predictions: pd.DataFrame, parameters: ProbeParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracy and recall of each group, and the gaps between the best and the worst of those that are large enough.

    The gap in recall of a label is equal opportunity's (Hardt, Price & Srebro 2016). A gap is never below zero, so
    its interval says how precise it is and not whether it is there; what chance makes of groups of these sizes does.

    Args:
        attributes: For each attribute the documents of each group.
        predictions: Columns label and predicted, one row a test document.
        parameters: The stage's.

    Returns:
        Metrics and gaps, with the columns :data:`METRICS` and :data:`GAPS`.
    """
    right = (predictions["label"] == predictions["predicted"]).to_numpy()
    actual = predictions["label"].to_numpy()
    counted: dict[str, Flags] = {ACCURACY: np.ones(len(actual), dtype=bool)}
    counted |= {f"recall of {label}": actual == label for label in sorted(set(actual))}
    metrics, gaps = [], []
    for attribute, groups in attributes.items():
        for measure, among in counted.items():
            sizes = {group: int((inside & among).sum()) for group, inside in groups.items()}
            for group, inside in groups.items():
                share = wilson(int(right[inside & among].sum()), sizes[group], parameters.confidence)
                metrics.append([attribute, group, measure, sizes[group], share.value, share.low, share.high])
            large = [group for group, size in sizes.items() if size >= parameters.least]
            if len(large) > 1:
                inside = np.stack([groups[group] & among for group in large])
                gaps.append([attribute, measure, len(large), *_gap(large, inside, right, actual, parameters)])
    table = pd.DataFrame(gaps, columns=GAPS[:-2])
    table["p_adjusted"] = holm(table["p_value"])
    table["verdict"] = [
        verdict(row["p_adjusted"], row["value"], row["documents"], parameters).replace(DIFFERS, LARGER)
        for row in table.to_dict("records")
    ]
    return pd.DataFrame(metrics, columns=METRICS), table[GAPS]


def _gap(
    names: list[str], inside: Flags, right: Flags, actual: npt.NDArray[Any], parameters: ProbeParameters
) -> list[Any]:
    """Documents; the worst and the best group; the gap with its interval; the mean of chance, and a p-value.

    Args:
        names: The groups.
        inside: Which documents count for each, [groups, documents].
        right: Whether the model is right, [documents].
        actual: The labels: chance exchanges only documents of one label.
        parameters: The stage's.
    """
    concerned = inside.any(axis=0)
    members, hits = inside[:, concerned].astype(float), right[concerned].astype(float)
    shares = ratio(members @ hits, members.sum(axis=1))
    value = float(shares.max() - shares.min())
    strata = np.unique(actual[concerned].astype(str), return_inverse=True)[1]
    bootstrap = Bootstrap(
        np.zeros(len(hits), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )
    estimate = bootstrap.estimates(_largest_gap(members, hits))["gap"]
    random = np.random.default_rng(derived_seed(parameters.seed, "gaps", *names))
    by_chance = np.empty(parameters.permutations)
    for draw in range(parameters.permutations):
        shuffled = hits.copy()
        for stratum in np.unique(strata):
            places = np.flatnonzero(strata == stratum)
            shuffled[places] = hits[random.permutation(places)]
        drawn = ratio(members @ shuffled, members.sum(axis=1))
        by_chance[draw] = drawn.max() - drawn.min()
    p_value = (int((by_chance >= value - 1e-12).sum()) + 1) / (len(by_chance) + 1)
    smallest = int(members.sum(axis=1).min())
    ends = [names[int(shares.argmin())], names[int(shares.argmax())]]
    return [smallest, *ends, value, estimate.low, estimate.high, float(by_chance.mean()), p_value]


def _largest_gap(members: Floats, hits: Floats) -> Compute:
    """The largest difference of shares of right answers between two groups, of resampled documents."""

    def compute(weights: Floats) -> dict[str, Floats]:
        shares = ratio((weights * hits) @ members.T, weights @ members.T)
        return {"gap": np.nanmax(shares, axis=1) - np.nanmin(shares, axis=1)}

    return compute
