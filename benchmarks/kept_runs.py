"""Runs that are kept, so that a long measurement can be stopped: each a small JSON file, or a row of a table."""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from stages.common.core.messages import progress
from stages.common.core.outputs import new_outputs, write_json

FOLDER = Path(__file__).parent.parent / ".kept_runs"  # git ignores it
PROCESSES = 2


@dataclass(frozen=True)
class Run:
    """A run that is to be made, or taken from where it is kept.

    Attributes:
        settings: All that its result depends on; their hash is the file's name.
        inputs: The arguments of the function that makes it. All of them must be in the settings, at least as a hash.
    """

    settings: Mapping[str, Any]
    inputs: tuple[Any, ...]

    @property
    def path(self) -> Path:
        """Where its result is kept."""
        written = json.dumps(self.settings, sort_keys=True)
        return FOLDER / f"{hashlib.sha256(written.encode()).hexdigest()[:20]}.json"


def results(runs: Sequence[Run], make: Callable[..., dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """The results of runs: those that are kept are read, the others are made, two at a time, in the order given.

    Args:
        runs: The runs.
        make: Makes a result from a run's inputs; runs in another process.
        what: The progress bar's title.

    Returns:
        One result a run, in the same order.
    """
    missing = [run for run in runs if not run.path.exists()]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(make, *run.inputs): run for run in missing}
        try:
            for done in progress(as_completed(waiting), what, "run", len(waiting)):
                run = waiting[done]
                with new_outputs(run.path) as (file,):
                    write_json(file, {"settings": dict(run.settings), "result": done.result()})
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [json.loads(run.path.read_text())["result"] for run in runs]


def digest(*parts: Any) -> str:
    """A hash of what can be written as JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def rows_in(table: Path) -> list[dict[str, str]]:
    """The finished runs of a CSV that git tracks; none where there is no such file yet."""
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def add_row(table: Path, fields: Sequence[str], row: Mapping[str, Any]) -> None:
    """Adds a finished run to a CSV, at once, so that a stop loses nothing; a new file gets its line of names."""
    new = not table.exists()
    table.parent.mkdir(exist_ok=True)
    with table.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
