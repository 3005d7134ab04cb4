"""Whether a group of words is answered otherwise than the others: permutations, null swaps, intervals."""

from collections.abc import Mapping
from math import comb

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Counts, Floats
from stages.common.metrics.intervals import Estimate, wilson
from stages.common.metrics.significance import holm
from stages.probe.parameters import ProbeParameters
from stages.probe.scoring import Answers

USUAL = "(the usual answer of a place)"  # a group whose texts are answered less surely moves no label alone
DIFFERS, ALIKE = "treated differently", "no clear difference"
COLUMNS = [
    *("suite", "group", "words", "contexts", "label", "shift", "p_value", "p_adjusted", "verdict"),
    *("pairs", "flips", "flips_low", "flips_high", "null_flips", "null_flips_low", "null_flips_high"),
    *("change", "null_change", "excess", "excess_low", "excess_high"),
]


def compare_groups(suite: str, placed: pd.DataFrame, answers: Answers, parameters: ProbeParameters) -> pd.DataFrame:
    """Holds each group of words against all others of its suite.

    The mean answer to each word over all contexts is what is compared; words are what is permuted, so that a group
    counts as different only if its words differ from the others by more than words do among themselves.

    Args:
        suite: Its name.
        placed: One row a text: context, group, word; each word in each context once.
        answers: The model's, in the same order.
        parameters: The stage's.

    Returns:
        One row a group, with the columns :data:`COLUMNS`, the largest shift first.
    """
    words = placed[["group", "word"]].drop_duplicates(ignore_index=True)
    contexts = placed["context"].nunique()
    scores = answers.scores.reshape(contexts, len(words), -1)
    kinds = answers.kinds.reshape(contexts, len(words))
    tested = _permuted(with_usual(scores).mean(axis=0), words["group"], parameters, suite)
    swaps = {
        group: _swapped(scores, kinds, words["group"].to_numpy() == group, (suite, group), parameters)
        for group in words["group"].unique()
    }
    tested = tested.assign(
        suite=suite, contexts=contexts, label=[[*answers.labels, USUAL][place] for place in tested["label"]]
    ).join(pd.DataFrame(swaps).T, on="group")
    tested["verdict"] = [
        verdict(row["p_adjusted"], row["shift"], contexts, parameters, row["least"])
        for row in tested.to_dict("records")
    ]
    return tested.sort_values("shift", key=lambda column: -column.abs(), kind="stable", ignore_index=True)[COLUMNS]


def with_usual(scores: Floats) -> Floats:
    """Scores with one more column: those of the label that is likeliest in a place on average.

    Args:
        scores: [places, words, labels].
    """
    if scores.shape[2] == 1:
        return scores
    usual = scores.mean(axis=1).argmax(axis=1)[:, None, None]
    return np.concatenate([scores, np.take_along_axis(scores, usual, axis=2)], axis=2)


def verdict(p_adjusted: float, shift: float, count: int, parameters: ProbeParameters, attainable: float = 0.0) -> str:
    """What can be said of a group.

    Args:
        p_adjusted: Its p-value, corrected.
        shift: How far a mean probability is from that of the others.
        count: Contexts or documents behind it.
        parameters: The stage's: level, tolerance, and how many must be behind it.
        attainable: The smallest corrected p-value that there can be with so few words.
    """
    level = 1 - parameters.confidence
    if count < parameters.least:
        return f"no verdict: {count} of the {parameters.least} that it takes"
    if attainable >= level:
        return "no verdict: too few words"
    return DIFFERS if p_adjusted < level and abs(shift) >= parameters.tolerance else ALIKE


def _permuted(means: Floats, groups: pd.Series, parameters: ProbeParameters, suite: str) -> pd.DataFrame:
    """The shift of each group's mean beside the others' and how often permuted words give one as large.

    Args:
        means: The mean answer to each word, [words, labels].
        groups: The group of each word.
        parameters: The stage's.
        suite: Its name, from which randomness comes.
    """
    names = list(groups.unique())
    inside = np.stack([(groups == name).to_numpy() for name in names]).astype(float)  # [groups, words]
    shift = _shifts(inside, means)
    random = np.random.default_rng(derived_seed(parameters.seed, "permutations", suite))
    drawn = np.stack([random.permutation(len(means)) for _ in range(parameters.permutations)])
    size = np.abs(shift).max(axis=1)
    hits = np.zeros(len(names))
    for order in drawn:
        hits += np.abs(_shifts(inside, means[order])).max(axis=1) >= size - 1e-12
    rows = pd.DataFrame({"group": names, "words": inside.sum(axis=1).astype(int)})
    rows["label"] = np.abs(shift).argmax(axis=1)
    rows["shift"] = shift[np.arange(len(names)), rows["label"]]
    rows["p_value"] = (hits + 1) / (parameters.permutations + 1)  # Phipson and Smyth (2010)
    rows["p_adjusted"] = holm(rows["p_value"])
    ways = np.array([float(comb(len(means), int(count))) for count in rows["words"]])
    rows["least"] = len(names) * np.maximum(1 / ways, 1 / (parameters.permutations + 1))
    return rows


def _shifts(inside: Floats, means: Floats) -> Floats:
    """Each group's mean minus that of all other words, [groups, labels]."""
    count = inside.sum(axis=1, keepdims=True)
    of_group = inside @ means
    return np.asarray(of_group / count - (means.sum(axis=0) - of_group) / (len(means) - count))


def _swapped(
    scores: Floats,
    kinds: Counts,
    inside: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    names: tuple[str, str],
    parameters: ProbeParameters,
) -> dict[str, float | None]:
    """Flips and changes where a word of the group is exchanged for one outside, and for another one within.

    Args:
        scores: [contexts, words, labels].
        kinds: [contexts, words].
        inside: Which words are of the group.
        names: Suite and group, from which randomness comes.
        parameters: The stage's.
    """
    random = np.random.default_rng(derived_seed(parameters.seed, "partners", *names))
    own, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    shape = (len(scores), len(own))
    partner = random.choice(others, shape)
    within = own[(np.arange(len(own)) + random.integers(1, len(own), shape)) % len(own)]
    row = np.arange(len(scores))[:, None]
    swaps = {"": partner, "null_": within}
    changes, rates = {}, {}
    for name, exchanged in swaps.items():
        changes[name] = np.abs(scores[row, own] - scores[row, exchanged]).max(axis=2).mean(axis=1)  # [contexts]
        flipped = kinds[row, own] != kinds[row, exchanged]
        rates[name] = wilson(int(flipped.sum()), flipped.size, parameters.confidence)
    means = _of_contexts(changes, parameters)
    known = bool((kinds >= 0).any())
    found: dict[str, float | None] = {"pairs": shape[0] * shape[1]}
    for name, rate in rates.items():
        ends = {"flips": rate.value, "flips_low": rate.low, "flips_high": rate.high}
        found |= {f"{name}{end}": value if known else None for end, value in ends.items()}
    found |= {"change": means["change"].value, "null_change": means["null_change"].value}
    excess = means["excess"]
    return found | {"excess": excess.value, "excess_low": excess.low, "excess_high": excess.high}


def _of_contexts(changes: Mapping[str, Floats], parameters: ProbeParameters) -> dict[str, Estimate]:
    """The mean change of a swap and of a null swap, and by how much the first is larger, over resampled contexts."""
    swap, null = changes[""], changes["null_"]
    bootstrap = Bootstrap(
        np.zeros(len(swap), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )

    def compute(weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        change, null_change = weights @ swap / total, weights @ null / total
        return {"change": change, "null_change": null_change, "excess": change - null_change}

    return bootstrap.estimates(compute)
