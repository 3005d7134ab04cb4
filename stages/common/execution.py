"""How a run is executed: settings that cannot change a result, and so are no parameters.

They come from the git-ignored ``execution.yaml`` at the top of the checkout (``execution.example.yaml`` shows them);
a variable in the environment, named like the setting in capitals with ``PLUMBLINE_`` before it, wins.
"""

import os
import sys
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from stages.common.validation import Strict, read_yaml, validate

EXECUTION = "execution.yaml"


class Execution(Strict):
    """How a run is executed.

    Attributes:
        workers: Processes that work on the rows of a data stage at once; 0 means one for each processor core.
        processes: Processes on this machine that fine-tune together, each on its share of every batch.
        accelerate_config: A config file of accelerate's with an ``fsdp_config``, by which they share the weights, too.
        checkpoint_steps: Steps of fine-tuning between two checkpoints; 0 means none are written.
        trackers: Where fine-tuning is recorded beside DVCLive.
    """

    workers: int = Field(default=0, ge=0)
    processes: int = Field(default=1, ge=1)
    accelerate_config: str | None = None
    checkpoint_steps: int = Field(default=50, ge=0)
    trackers: list[Literal["tensorboard", "wandb", "mlflow"]] = Field(default=[])

    @property
    def worker_count(self) -> int:
        """The number of worker processes, at least one."""
        if self.workers:
            return self.workers
        return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def load_execution() -> Execution:
    """Reads the execution settings; the defaults where nothing is set.

    Queued experiments run in a copy of the checkout without git-ignored files: they read the main checkout's file.

    Raises:
        UserError: If a setting is unknown or its value is not allowed.
    """
    path = Path(os.environ.get("DVC_ROOT", ".")) / EXECUTION
    settings = read_yaml(path) if path.exists() else {}
    validate(Execution, settings, str(path))
    for name in Execution.model_fields:
        if f"PLUMBLINE_{name.upper()}" in os.environ:
            settings[name] = _value(os.environ[f"PLUMBLINE_{name.upper()}"])
    return validate(Execution, settings, "PLUMBLINE variables in the environment")


def _value(text: str) -> Any:
    """What a variable of the environment says, read as in the file: a number, a name, a list such as ``[wandb]``."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text
