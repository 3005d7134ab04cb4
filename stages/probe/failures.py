"""How often cases fail, by functionality and by group; how often an answer flips, and how far it moves."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import fisher_exact

from stages.common.core.seeding import derived_seed
from stages.common.metrics.counts import Floats
from stages.common.metrics.intervals import wilson
from stages.common.metrics.significance import holm
from stages.probe.differences import ALIKE, verdict
from stages.probe.entry import DIRECTION, INVARIANCE
from stages.probe.parameters import ProbeParameters
from stages.probe.scoring import WITHOUT, Answers

Flags = npt.NDArray[np.bool_]

MORE, LESS = "fails more often", "fails less often"
ALL = "(all)"  # groups or functionalities together
FAILURES = [
    *("suite", "functionality", "group", "cases", "failures", "rate", "rate_low", "rate_high"),
    *("p_value", "p_adjusted", "verdict"),
]
SWAPS = [
    *("suite", "functionality", "group", "texts", "flips", "flips_low", "flips_high", "change"),
    *("null_texts", "null_flips", "null_flips_low", "null_flips_high", "null_change"),
    *("label", "shift", "p_value", "p_adjusted", "verdict"),
]


def failed(cases: pd.DataFrame, after: Answers, before: Answers, tolerance: float) -> Flags:
    """Whether each case fails.

    That is another label than expected, another one than its reference has, or a probability that moved the wrong way
    by more than the tolerance.

    Args:
        cases: Of one suite.
        after: The answers to their texts.
        before: Those to their references; of cases without one, to their texts.
        tolerance: See there.
    """
    place = {label: index for index, label in enumerate(after.labels)}
    at = cases["expected"].map(place).fillna(0).to_numpy(dtype=np.int64)
    rows = np.arange(len(cases))
    moved = (after.scores - before.scores)[rows, at] * np.where(cases["direction"] == "down", -1, 1)
    by_test = {INVARIANCE: _other_kind(after, before), DIRECTION: moved < -tolerance}
    wrong = ~after.given[rows, at]
    return np.select([(cases["test"] == test).to_numpy() for test in by_test], list(by_test.values()), wrong)


def _other_kind(one: Answers, other: Answers) -> Flags:
    return np.asarray(one.kinds != other.kinds)


def failure_table(suite: str, cases: pd.DataFrame, failures: Flags, parameters: ProbeParameters) -> pd.DataFrame:
    """The failure rate of each functionality, of each group, and of each group within each functionality.

    Args:
        suite: Its name.
        cases: Columns functionality and group (None where a case is about nobody).
        failures: Whether each case fails.
        parameters: The stage's.

    Returns:
        The columns :data:`FAILURES`. A group is tested against all other groups (Fisher), corrected for their number
        (Holm); functionalities are not held against each other: they are no equals.
    """
    rows = []
    groups = [name for name in dict.fromkeys(cases["group"]) if isinstance(name, str)]
    about = cases["group"].notna().to_numpy()
    for functionality, group, inside in _parts(cases, groups):
        hits, count = int(failures[inside].sum()), int(inside.sum())
        rate, p_value = wilson(hits, count, parameters.confidence), np.nan
        if functionality == ALL and group != ALL and len(groups) > 1:
            rest = about & ~inside
            others = int(failures[rest].sum())
            p_value = float(fisher_exact([[hits, count - hits], [others, int(rest.sum()) - others]]).pvalue)
        rows.append([suite, functionality, group, count, hits, rate.value, rate.low, rate.high, p_value])
    table = pd.DataFrame(rows, columns=FAILURES[:-2])
    tested = table["p_value"].notna()
    table["p_adjusted"] = holm(table.loc[tested, "p_value"]).reindex(table.index)
    overall = failures[about].mean() if about.any() else 0.0
    table["verdict"] = [
        _verdict(row["p_adjusted"], row["rate"] - overall, row["cases"], parameters) if known else ""
        for row, known in zip(table.to_dict("records"), tested, strict=True)
    ]
    return table[FAILURES]


def _verdict(p_adjusted: float, beyond: float, count: int, parameters: ProbeParameters) -> str:
    said = verdict(p_adjusted, beyond, count, parameters)
    return said if said == ALIKE or said.startswith("no verdict") else MORE if beyond > 0 else LESS


def _parts(cases: pd.DataFrame, groups: list[str]) -> Iterator[tuple[str, str, Flags]]:
    """All cases; each functionality; each group; each group within each functionality."""
    yield ALL, ALL, np.ones(len(cases), dtype=bool)
    functionalities = list(dict.fromkeys(cases["functionality"]))
    inside_of = {name: (cases["functionality"] == name).to_numpy() for name in functionalities}
    inside_group = {name: (cases["group"] == name).to_numpy() for name in groups}
    for name in functionalities if len(functionalities) > 1 else []:
        yield name, ALL, inside_of[name]
    for group in groups:
        yield ALL, group, inside_group[group]
    for name in functionalities if len(functionalities) > 1 else []:
        for group in groups:
            if (inside := inside_of[name] & inside_group[group]).any():
                yield name, group, inside


def swap_table(
    suite: str, cases: pd.DataFrame, after: Answers, before: Answers, null: Answers, parameters: ProbeParameters
) -> pd.DataFrame:
    """How often an answer flips and how far it moves, by group, beside the same for null swaps.

    Args:
        suite: Its name.
        cases: Of invariance: columns functionality, group, null (None where there is no null swap).
        after: The answers to their texts.
        before: To their references.
        null: To the null swaps; to references where there is none.
        parameters: The stage's.

    Returns:
        One row a functionality and group, with the columns :data:`SWAPS`. ``shift`` is the mean change of the
        probability that changed most on average; its p-value comes from random signs of the documents' changes.
    """
    parts = list(dict.fromkeys(zip(cases["functionality"], cases["group"].fillna(ALL), strict=True)))
    rows = []
    for functionality, group in parts:
        inside = ((cases["functionality"] == functionality) & (cases["group"].fillna(ALL) == group)).to_numpy()
        has_null = inside & cases["null"].notna().to_numpy()
        moves = (after.scores - before.scores)[inside]
        label, shift, p_value = _sign_flips(moves, parameters, f"{suite} {functionality} {group}")
        moved = [int(inside.sum()), *_moved(after, before, inside, parameters)]
        moved_by_null = [int(has_null.sum()), *_moved(null, before, has_null, parameters)]
        rows.append([suite, functionality, group, *moved, *moved_by_null, after.labels[label], shift, p_value])
    table = pd.DataFrame(rows, columns=SWAPS[:-2])
    table["p_adjusted"] = holm(table["p_value"])
    table["verdict"] = [
        verdict(row["p_adjusted"], row["shift"], row["texts"], parameters) for row in table.to_dict("records")
    ]
    return table


def _moved(one: Answers, other: Answers, rows: Flags, parameters: ProbeParameters) -> list[float | None]:
    """The share of flips with its interval, and the mean of the largest changes; None where there are no rows."""
    if not rows.any():
        return [None] * 4
    change = float(np.abs(one.scores - other.scores)[rows].max(axis=1).mean())
    if (one.kinds[rows] == WITHOUT).all():
        return [None, None, None, change]
    share = wilson(int(_other_kind(one, other)[rows].sum()), int(rows.sum()), parameters.confidence)
    return [share.value, share.low, share.high, change]


def _sign_flips(moves: Floats, parameters: ProbeParameters, name: str) -> tuple[int, float, float]:
    """The label that moved most on average, how far, and how often random signs move one as far, [texts, labels]."""
    random = np.random.default_rng(derived_seed(parameters.seed, "signs", name))
    mean = moves.mean(axis=0)
    label = int(np.abs(mean).argmax())
    signs = random.choice([-1.0, 1.0], (parameters.permutations, len(moves)))
    largest = np.abs(signs @ moves / len(moves)).max(axis=1)
    hits = int((largest >= abs(mean[label]) - 1e-12).sum())
    return label, float(mean[label]), (hits + 1) / (parameters.permutations + 1)
