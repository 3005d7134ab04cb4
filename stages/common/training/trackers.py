"""Records a training: with DVCLive always, and elsewhere where execution.yaml says so."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelerate.tracking import GeneralTracker, MLflowTracker, TensorBoardTracker, WandBTracker
from dvclive.dvc import get_dvc_repo
from dvclive.live import Live

from stages.common.core.messages import UserError
from stages.common.training.loop import Log

PROJECT = "plumbline"


def check_trackers(names: Sequence[str]) -> None:
    """Makes sure that every tracker's package is there.

    Raises:
        UserError: If one is missing.
    """
    for name in names:
        if find_spec(name) is None:
            raise UserError(
                f"execution.yaml: trackers: {name} is not installed.",
                f"Install it with `.venv/bin/pip install {name}`, or take {name} out.",
            )


@contextmanager
def track(live_folder: Path, names: Sequence[str], run: str, facts: Mapping[str, Any]) -> Iterator[Log]:
    """Opens the trackers, and closes them when the training ends.

    Args:
        live_folder: Where DVCLive writes.
        names: The other trackers, by their names in execution.yaml; they write below ``.trackers``.
        run: What they call this training.
        facts: Its parameters.

    Yields:
        A function that records values for a step.
    """
    with ExitStack() as stack:
        live = stack.enter_context(_TolerantLive(str(live_folder), dvcyaml=None, save_dvc_exp=False))
        folder = Path(os.environ.get("DVC_ROOT", ".")).resolve() / ".trackers"
        others = [_open(name, folder, run) for name in names]
        for tracker in others:
            tracker.start()
            stack.callback(tracker.finish)
            tracker.store_init_configuration(dict(facts))

        def log(step: int, values: Mapping[str, float]) -> None:
            live.step = step
            for name, value in values.items():
                live.log_metric(name, value)
            for tracker in others:
                tracker.log(dict(values), step=step)

        yield log


def _open(name: str, folder: Path, run: str) -> GeneralTracker:
    folder.mkdir(exist_ok=True)
    if name == "tensorboard":
        shutil.rmtree(folder / name / run, ignore_errors=True)  # a killed run's: what it logged is logged again
        return TensorBoardTracker(run, logging_dir=folder / name)
    if name == "wandb":
        return WandBTracker(os.environ.get("WANDB_PROJECT", PROJECT), name=run, dir=str(folder))
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{folder / name}.db")
    return MLflowTracker(PROJECT, run_name=run)


class _TolerantLive(Live):
    """DVCLive that also works in a git repository without a commit."""

    def _init_dvc(self) -> None:
        repository = get_dvc_repo()
        if repository is not None and getattr(repository.scm, "no_commits", False):
            self._dvc_file = self._init_dvc_file()
        else:
            super()._init_dvc()
