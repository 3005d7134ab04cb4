"""Compares two runs by their predictions: experiments, git revisions, or files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.core.parameters import load_section
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Floats
from stages.common.metrics.significance import comparison, flips
from stages.evaluate.assessment import judge
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.predictions import indices

PREDICTIONS = Path("data/predictions.parquet")
SHOWN = 10  # flipped documents that are printed, at most; all of one kind before the other


def compare_runs(one: str, other: str) -> None:
    """Prints how two runs compare on the same test documents; writes nothing.

    Args:
        one: An experiment's name, a git revision (``workspace`` is the working tree), a predictions.parquet, or a
            folder in which a run is.
        other: Likewise.

    Raises:
        UserError: If one cannot be found, or they were not tested on the same documents.
    """
    parameters = load_section("evaluate", EvaluateParameters)
    tables = [read_predictions(name) for name in (one, other)]
    labels = [column[2:] for column in tables[0].columns if column.startswith("p:")]
    if not tables[0][["id", "label"]].equals(tables[1][["id", "label"]]) or set(tables[1].columns) < {
        f"p:{label}" for label in labels
    }:
        raise UserError(
            f"{one} and {other} were not tested on the same documents with the same labels "
            f"({len(tables[0])} and {len(tables[1])} documents).",
            "Compare runs whose data and split are the same.",
        )
    print("\n".join(described((one, other), tables, labels, parameters)))


def described(
    names: tuple[str, str], tables: list[pd.DataFrame], labels: list[str], parameters: EvaluateParameters
) -> list[str]:
    """The comparison in lines of text.

    Args:
        names: What the runs are called.
        tables: Their predictions, of the same documents in the same order.
        labels: The labels' names.
        parameters: The section ``evaluate`` of params.yaml: resamples, confidence, seed.
    """
    actual = indices(tables[0], labels)
    bootstrap = Bootstrap(actual, parameters.bootstrap_samples, parameters.confidence, parameters.seed)
    answers: list[Floats] = [table[[f"p:{label}" for label in labels]].to_numpy(dtype=np.float64) for table in tables]
    keys = ("a", "b")
    verdict = judge(actual, dict(zip(keys, answers, strict=True)), labels, bootstrap)
    one, other = (np.array(labels, dtype=object)[answer.argmax(axis=1)] for answer in answers)
    label = tables[0]["label"].to_numpy(dtype=object)
    entry = comparison(keys, one == label, other == label, verdict.differences["b"])
    lines = [f"a: {names[0]}", f"b: {names[1]}", f"{len(label):,} test documents", ""]
    for name, title in (("accuracy", "accuracy"), ("macro_f1", "macro F1"), ("log_loss", "log loss")):
        values = [_interval(verdict.assessments[key].overall[name].as_json()) for key in keys]
        said = f"{title}: a {values[0]}, b {values[1]}"
        if name in entry:
            said += f"; a minus b {_interval(entry[name], '+.4f')}: a is {_words(entry[name]['outcome'])}"
        lines.append(said)
    test = entry["mcnemar"]
    counted = f"only a is right on {entry['only_a_right']}, only b on {entry['only_b_right']}"
    lines += [f"McNemar's test ({test['method']}): p = {test['p_value']:.4g}; {counted}", ""]
    flipped = flips(tables[0]["id"].tolist(), label, one, other)
    for row in flipped.head(SHOWN).itertuples():
        lines.append(f"{row.id}: is {row.label}; a says {row.encoder}, b says {row.other}")
    if len(flipped) > SHOWN:
        lines.append(f"... and {len(flipped) - SHOWN} more")
    return lines


def read_predictions(name: str) -> pd.DataFrame:
    """The predictions of a run, sorted by id.

    Args:
        name: What :func:`compare_runs` takes.

    Raises:
        UserError: If there is no such run, or it holds no predictions for text classification.
    """
    try:
        table: pd.DataFrame = pd.read_parquet(_opened(name)).sort_values("id", ignore_index=True)
    except (pa.ArrowInvalid, KeyError) as error:
        raise UserError(f"{name}: not a table of predictions ({error}).", "Name a run of the graph.") from None
    missing = [column for column in ("label", "predicted") if column not in table]
    if missing or not any(str(column).startswith("p:") for column in table):
        raise UserError(
            f"{name}: its predictions lack {missing[0] if missing else 'the probabilities of the labels (p:...)'}.",
            "Name a run on text classification.",
        )
    if table["predicted"].isna().any():
        raise UserError(
            f"{name}: its encoder says nothing of some documents.", "See its reports/evaluate/metrics.json."
        )
    return table


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


def _interval(figure: dict[str, Any], form: str = ".4f") -> str:
    if figure["value"] is None:
        return f"undefined ({figure['reason']})"
    if figure["low"] is None:
        return f"{figure['value']:{form}}"
    return f"{figure['value']:{form}} ({figure['low']:{form}} to {figure['high']:{form}})"


def _words(outcome: str) -> str:
    return outcome if outcome in ("better", "worse") else f"not told apart from b ({outcome})"
