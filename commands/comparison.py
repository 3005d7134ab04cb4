"""What two runs have in common and where they differ: reads their predictions, and says it in words."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.core.parameters import load_section
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.names import title
from stages.common.metrics.significance import Difference
from stages.common.tasks import TASKS
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import Compared
from stages.evaluate.tasks import EvaluateTask, evaluate_task

PREDICTIONS = Path("data/predictions.parquet")
SHOWN = 10  # documents that are printed, at most; all of one kind before the other
OTHERS = ("predicted", "baseline_predicted", "frozen_predicted")  # the columns that differ from run to run


def compare_runs(one: str, other: str) -> list[str]:
    """How two runs compare, in lines of text.

    Args:
        one: What :func:`commands.compare.main` takes.
        other: Likewise.

    Raises:
        UserError: If one cannot be found, or they were not tested on the same documents.
    """
    parameters = load_section("evaluate", EvaluateParameters)
    mine, theirs = read_predictions(one), read_predictions(other)
    room = room_of(one, mine)
    if room is not room_of(other, theirs) or not tested_alike(mine, theirs):
        raise UserError(
            f"{one} and {other} were not tested on the same documents with the same labels "
            f"({len(mine)} and {len(theirs)} documents).",
            "Compare runs whose data and split are the same.",
        )
    compared = room.compare(mine, theirs, parameters)
    return [f"a: {one}", f"b: {other}", f"{len(mine):,} test documents", "", *in_words(compared)]


def read_predictions(name: str) -> pd.DataFrame:
    """The predictions of a run, sorted by id.

    Args:
        name: What :func:`commands.compare.main` takes.

    Raises:
        UserError: If there is no such run, or its encoder has no answer to some documents.
    """
    try:
        table: pd.DataFrame = pd.read_parquet(_opened(name)).sort_values("id", ignore_index=True)
    except (pa.ArrowInvalid, KeyError) as error:
        raise UserError(f"{name}: not a table of predictions ({error}).", "Name a run of the graph.") from None
    if "predicted" in table and table["predicted"].isna().any():
        raise UserError(
            f"{name}: its encoder has no answer to some documents.", "See its reports/evaluate/metrics.json."
        )
    return table


def room_of(name: str, table: pd.DataFrame) -> EvaluateTask:
    """The file of the first task whose predictions a table holds.

    Raises:
        UserError: If there is none.
    """
    for task in TASKS.values():
        room = evaluate_task(task)
        if room.are_predictions(table):
            return room
    raise UserError(
        f"{name}: its columns ({', '.join(map(str, table.columns))}) are those of no task's predictions.",
        "Name a run of the graph.",
    )


def tested_alike(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two tables are of the same documents with the same right answers and, in any order, the same labels."""
    if {*one.columns} - {*OTHERS} != {*other.columns} - {*OTHERS}:
        return False
    known = [name for name in one.columns if name not in OTHERS and not str(name).startswith("p:")]
    mine, theirs = (table[known].map(_plain) for table in (one, other))
    return bool(mine.equals(theirs))


def in_words(compared: Compared) -> list[str]:
    """A comparison in lines of text."""
    lines = []
    for name, (one, other) in compared.metrics.items():
        line = f"{title(name)}: a {_interval(one)}, b {_interval(other)}"
        if name in compared.differences:
            difference = compared.differences[name]
            line += f"; a minus b {_interval(difference.estimate, '+.4f')}: a is {_outcome(difference)}"
        lines.append(line)
    if compared.counts:
        test, counts = compared.counts["mcnemar"], compared.counts
        only = f"only a is right on {counts['only_a_right']}, only b on {counts['only_b_right']}"
        lines.append(f"McNemar's test ({test['method']}): p = {test['p_value']:.4g}; {only}")
    lines.append("")
    lines += [
        f"{row.id}: is {row.label}; a says {row.encoder}, b says {row.other}"
        for row in compared.documents.head(SHOWN).itertuples()
    ]
    if len(compared.documents) > SHOWN:
        lines.append(f"... and {len(compared.documents) - SHOWN} more")
    return lines


def _opened(name: str) -> Any:
    path = PREDICTIONS if name == "workspace" else Path(name)
    for candidate in (path, path / PREDICTIONS):
        if candidate.is_file():
            return candidate
    import dvc.api  # takes a second, and only this needs it
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError, resolve_rev

    try:
        with Repo() as repo:
            revision = resolve_rev(repo.scm, name)  # dvc.api knows revisions, but no experiments by their names
        with dvc.api.open(str(PREDICTIONS), rev=revision, mode="rb") as file:
            return io.BytesIO(file.read())
    except (DvcException, SCMError, OSError) as error:
        raise UserError(
            f"{name}: no file, and DVC finds no predictions of such a run ({error}).",
            "`dvc exp show` lists the experiments; one whose outputs are not in the cache must be run or pulled first.",
        ) from None


def _plain(value: Any) -> Any:
    """A list of labels or tags, which parquet gives as an array, as something that can be compared."""
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _interval(estimate: Estimate, form: str = ".4f") -> str:
    if estimate.value is None:
        return f"undefined ({estimate.reason})"
    if estimate.low is None:
        return f"{estimate.value:{form}}"
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"


def _outcome(difference: Difference) -> str:
    outcome = difference.outcome
    return outcome if outcome in ("better", "worse") else f"not told apart from b ({outcome})"
