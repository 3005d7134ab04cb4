"""Chooses the test documents that are explained: the worst errors, those on which the baseline differs, right ones."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.documents.spans import OUTSIDE
from stages.common.documents.targets import text_columns
from stages.common.tasks import Task
from stages.common.text_rules.private_data import count_private

PRIVATE = ("private_data", "emails")  # rules of cleaning whose finds are shown nowhere
ERROR, FLIP, RIGHT = "worst error", "differs from the baseline", "right"
BASELINE = "baseline_predicted"


def without_private_data(documents: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """The documents whose texts may be shown: no private data was found in them, by cleaning or here."""
    flagged = set(flags.loc[flags["rule"].isin(PRIVATE), "id"])
    found: set[Any] = set()
    for column in text_columns(documents):
        found |= set(count_private(documents[column], None).index)
    return documents[~documents["id"].isin(flagged) & ~documents.index.isin(found)].reset_index(drop=True)


def choose(predictions: pd.DataFrame, task: Task, count: int, seed: int) -> pd.DataFrame:
    """Chooses documents, a third of each kind as far as there are any.

    Args:
        predictions: What evaluate wrote, of the documents that may be shown.
        task: Theirs.
        count: How many, at most.
        seed: Decides which right ones.

    Returns:
        Columns id and why, each document once, the worst errors first.
    """
    table = predictions.dropna(subset=["predicted"]).reset_index(drop=True)
    actual = _listed(table[task.target if task.target in table else "label"])
    loss = LOSSES[task.answer](table, actual)
    number = task.answer == "value"
    wrong = loss > np.nanmedian(loss) if number and len(loss) else _listed(table["predicted"]) != actual
    other = _listed(table[BASELINE]) if BASELINE in table else actual
    flipped = (_listed(table["predicted"]) != other) & ~number
    drawn = [derived_seed(seed, "chosen", ident) for ident in table["id"]]
    order = {
        ERROR: table.assign(by=-loss)[wrong.to_numpy()].sort_values(["by", "id"]),
        FLIP: table.assign(by=drawn)[flipped.to_numpy()].sort_values(["by", "id"]),
        RIGHT: table.assign(by=drawn)[~wrong.to_numpy()].sort_values(["by", "id"]),
    }
    return _in_turn({why: rows["id"].tolist() for why, rows in order.items()}, count)


def _in_turn(ids: dict[str, list[str]], count: int) -> pd.DataFrame:
    """Takes one of each kind after the other until there are enough; a document counts for the first that names it."""
    taken: dict[str, str] = {}
    waiting = {why: iter(names) for why, names in ids.items()}
    while waiting and len(taken) < count:
        for why in list(waiting):
            name = next((name for name in waiting[why] if name not in taken), None)
            if name is None:
                del waiting[why]
            elif len(taken) < count:
                taken[name] = why
    table = pd.DataFrame({"id": list(taken), "why": list(taken.values())}, dtype="str")
    return table.sort_values("why", key=lambda column: column.map(list(ids).index), kind="stable", ignore_index=True)


def _listed(column: pd.Series) -> pd.Series:
    """Answers in a form that can be compared: lists and arrays as tuples."""
    return column.map(lambda each: tuple(each) if isinstance(each, list | np.ndarray) else each)


def _of_label(table: pd.DataFrame, actual: pd.Series) -> pd.Series:
    known = [row.get(f"p:{label}", np.nan) for row, label in zip(table.to_dict("records"), actual, strict=True)]
    return pd.Series(-np.log(np.maximum(np.array(known, dtype=np.float64), 1e-300)))


def _of_sets(table: pd.DataFrame, actual: pd.Series) -> pd.Series:
    pairs = zip(_listed(table["predicted"]), actual, strict=True)
    return pd.Series([float(len(set(one) ^ set(other))) for one, other in pairs], dtype="float64")


def _of_tags(table: pd.DataFrame, actual: pd.Series) -> pd.Series:
    pairs = zip(_listed(table["predicted"]), actual, strict=True)
    return pd.Series([float(sum(a != b for a, b in zip(*pair, strict=False))) for pair in pairs], dtype="float64")


def _of_value(table: pd.DataFrame, actual: pd.Series) -> pd.Series:
    return (table["predicted"] - actual).abs().astype("float64")


# How wrong a prediction is, by what a prediction is.
LOSSES: dict[str, Callable[[pd.DataFrame, pd.Series], pd.Series]] = {
    "label": _of_label,
    "labels": _of_sets,
    "tags": _of_tags,
    "value": _of_value,
}


def explained_words(chosen: pd.DataFrame, predictions: pd.DataFrame, target: str) -> list[int]:
    """The word of each chosen document whose tag is explained: the first that is wrong, else the first in a span.

    Args:
        chosen: Column id.
        predictions: What evaluate wrote: ``predicted``, and the true tags under ``label`` or the task's target.
        target: The task's.

    Returns:
        Places in the lists of words; the first word where nothing is wrong and there is no span.
    """
    table = predictions.set_index("id")
    truth = table[target if target in table else "label"]
    return [_first_of_interest(list(table["predicted"][ident]), list(truth[ident])) for ident in chosen["id"]]


def _first_of_interest(predicted: Sequence[str], actual: Sequence[str]) -> int:
    wrong = [place for place, pair in enumerate(zip(predicted, actual, strict=False)) if pair[0] != pair[1]]
    inside = [place for place, tag in enumerate(predicted) if tag != OUTSIDE]
    return next(iter([*wrong, *inside, 0]))


PREDICTIONS = Path("data/predictions.parquet")
