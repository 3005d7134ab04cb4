"""What two runs have in common and where they differ: reads their predictions, and says it in words."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml

from stages.common.core.changes import flat
from stages.common.core.messages import UserError
from stages.common.core.parameters import load_section
from stages.common.metrics.intervals import Estimate
from stages.common.metrics.names import title
from stages.common.metrics.significance import Difference, weigh
from stages.common.tasks import TASKS
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import Compared
from stages.evaluate.tasks import EvaluateTask, evaluate_task
from stages.report.excerpts import text_excerpts
from stages.report.results import with_spans

PREDICTIONS, TEST, PARAMS = Path("data/predictions.parquet"), Path("data/splits/test.parquet"), Path("params.yaml")
EXCERPT = 160  # characters of a text
SHOWN = 10  # documents that are printed, at most; all of one kind before the other
OTHERS = (
    "predicted",
    "baseline_predicted",
    "frozen_predicted",
    "most_frequent_predicted",
)  # the columns that differ from run to run


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
    differing = differing_parameters(one, other)
    head = [f"a: {one}", f"b: {other}", f"{len(mine):,} test documents", *in_what_they_differ(differing), ""]
    return [
        *head,
        *in_words(compared, only_seeds(differing)),
        *documents_in_words(compared.documents, texts(one, other)),
    ]


def differing_parameters(one: str, other: str) -> dict[str, tuple[Any, Any]] | None:
    """The parameters in which two runs differ, by their dotted names; None where those of one are not known."""
    contents = [_file_of(name, PARAMS) for name in (one, other)]
    if None in contents:
        return None
    mine, theirs = (flat(yaml.safe_load(content.read())) for content in contents if content is not None)
    return {
        name: (mine.get(name), theirs.get(name))
        for name in dict.fromkeys([*mine, *theirs])
        if mine.get(name) != theirs.get(name)
    }


def only_seeds(differing: dict[str, tuple[Any, Any]] | None) -> bool:
    """Whether two runs differ in seeds and in nothing else."""
    return bool(differing) and all(name.rpartition(".")[2] == "seed" for name in differing or {})


def in_what_they_differ(differing: dict[str, tuple[Any, Any]] | None) -> list[str]:
    """In what two runs differ, and what that means for how sure a difference is."""
    if differing is None:
        return ["in which parameters they differ is not known; seeds alone move metrics too (`make seeds`)"]
    if not differing:
        return ["all their parameters are the same"]
    listed = ", ".join(f"{name} ({mine} and {theirs})" for name, (mine, theirs) in differing.items())
    if only_seeds(differing):
        return [f"they differ in seeds alone: {listed}. What differs below is what seeds do: neither way is better."]
    return [
        f"they differ in: {listed}",
        "intervals are over test documents; how far seeds alone move the metrics, `make seeds` shows",
    ]


def texts(one: str, other: str) -> pd.DataFrame | None:
    """The test documents of the first of two runs that has them, by id; None if neither has."""
    for name in (one, other):
        found = _file_of(name, TEST)
        if found is not None:
            return pd.read_parquet(found)
    return None


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


def in_words(compared: Compared, seeds_alone: bool = False) -> list[str]:
    """A comparison in lines of text.

    Args:
        compared: Two runs.
        seeds_alone: Whether nothing but seeds differs, so that no difference says that one way is better.
    """
    lines = []
    for name, (one, other) in compared.metrics.items():
        line = f"{title(name)}: a {_interval(one)}, b {_interval(other)}"
        if name in compared.differences:
            difference = compared.differences[name]
            line += f"; a minus b {_interval(difference.estimate, '+.4f')}: " + (
                f"{_outcome(difference)} by seeds alone" if seeds_alone else f"a is {_outcome(difference)}"
            )
        lines.append(line)
    if compared.counts:
        test, counts = compared.counts["mcnemar"], compared.counts
        only = f"only a is right on {counts['only_a_right']}, only b on {counts['only_b_right']}"
        lines.append(f"McNemar's test ({test['method']}): p = {test['p_value']:.4g}; {only}")
    outcomes = {name: difference.outcome for name, difference in compared.differences.items()}
    together = weigh(outcomes)
    if not seeds_alone and together not in outcomes.values():
        lines.append(f"metrics disagree, so a against b is {together}")
    return lines


def documents_in_words(documents: pd.DataFrame, test: pd.DataFrame | None) -> list[str]:
    """The documents on which two runs differ, each with the beginning of its text.

    Args:
        documents: Columns id, label, encoder (the one run) and other, as strings.
        test: The test documents; None where they are not at hand.
    """
    shown = documents.head(SHOWN)
    if test is not None:
        shown = with_spans(shown, test, ("label", "encoder", "other"))
    known = {} if test is None else test.set_index("id").to_dict("index")
    lines = [""]
    for row in shown.itertuples():
        lines.append(f"{row.id}: is {row.label}; a says {row.encoder}, b says {row.other}")
        lines += [f"    {text}" for text in text_excerpts(known.get(row.id, {}), EXCERPT)]
    if len(documents) > SHOWN:
        lines.append(f"... and {len(documents) - SHOWN} more")
    return lines


def _file_of(name: str, path: Path) -> Any:
    """A file of a run, opened or as a path; None where the run is a single file, or has no such file."""
    if not (name == "workspace" or Path(name).is_file()):
        try:
            return _opened(name, path)
        except UserError:
            return None
    beside = path if name == "workspace" else Path(name).parent.parent / path  # of a data/predictions.parquet
    is_run = name == "workspace" or Path(name).parts[-2:] == PREDICTIONS.parts
    return beside.open("rb") if is_run and beside.is_file() else None


def _opened(name: str, wanted: Path = PREDICTIONS) -> Any:
    path = wanted if name == "workspace" else Path(name)
    for candidate in (path, path / wanted):
        if candidate.is_file():
            return candidate.open("rb")
    if path.is_dir():
        raise UserError(f"{name}: the folder has no {wanted}.", "Name a folder that holds a run.")
    import dvc.api  # takes a second, and only this needs it
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError, resolve_rev

    try:
        with Repo() as repo:
            revision = resolve_rev(repo.scm, name)  # dvc.api knows revisions, but no experiments by their names
        with dvc.api.open(str(wanted), rev=revision, mode="rb") as file:
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
