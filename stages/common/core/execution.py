"""How a run is executed: settings that cannot change a result, and so are no parameters.

They come from the git-ignored ``execution.yaml`` at the top of the checkout (``execution.example.yaml`` shows them);
a variable in the environment, named like the setting in capitals with ``PLUMBLINE_`` before it, wins.
"""

import os
import sys
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from stages.common.core.validation import Strict, load_yaml, read_yaml, validate

EXECUTION = "execution.yaml"


class Certificates(Strict):
    """What a connection to a ``tls://`` scheduler is secured with.

    Attributes:
        ca_file: The certificate of the authority that signed the scheduler's and the workers', a PEM file.
        cert: Our own certificate, a PEM file.
        key: Its private key, a PEM file.
    """

    ca_file: str
    cert: str
    key: str

    @model_validator(mode="after")
    def _files_are_there(self) -> Self:
        for path in (self.ca_file, self.cert, self.key):
            if not Path(path).is_file():
                raise ValueError(f"there is no file {path}")
        return self


class Execution(Strict):
    """How a run is executed.

    Attributes:
        workers: Processes of this machine that work on the rows of a data stage at once; 0 means one for each
            processor core.
        memory_gib: Memory for joins over the whole corpus, in GiB; what needs more goes through the disk.
        scheduler: The address of a Dask cluster that works on the rows instead, such as ``tcp://10.0.0.5:8786``.
        tls: Certificates, for a ``tls://`` address.
        processes: Processes on this machine that fine-tune together, each on its share of every batch.
        accelerate_config: A config file of accelerate's with an ``fsdp_config``, by which they share the weights, too.
        checkpoint_steps: Steps of fine-tuning between two checkpoints, which are a minute apart at most; 0 means none
            are written.
        trackers: Where fine-tuning is recorded beside DVCLive.
    """

    workers: int = Field(default=0, ge=0)
    memory_gib: float = Field(default=1.0, ge=0.1)
    scheduler: str | None = Field(default=None, pattern=r"^(tcp|tls)://\S+:\d+$")
    tls: Certificates | None = None
    processes: int = Field(default=1, ge=1)
    accelerate_config: str | None = None
    checkpoint_steps: int = Field(default=50, ge=0)
    trackers: list[Literal["tensorboard", "wandb", "mlflow"]] = Field(default=[])

    @model_validator(mode="after")
    def _encrypted_with_certificates(self) -> Self:
        if (self.scheduler or "").startswith("tls://") and not self.tls:
            raise ValueError("a tls:// scheduler needs `tls:` with ca_file, cert and key")
        return self

    @property
    def worker_count(self) -> int:
        """The number of worker processes, at least one."""
        if self.workers:
            return self.workers
        return len(_processors())


def physical_cores() -> int:
    """The number of cores that this process may use; hardware threads of one core count once, on Linux."""
    siblings = [Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings") for number in _processors()]
    return len({path.read_text() if path.exists() else str(path) for path in siblings})


def _processors() -> set[int]:
    """The numbers of the processors that this process may use, hardware threads each."""
    return os.sched_getaffinity(0) if sys.platform == "linux" else set(range(os.cpu_count() or 1))


def load_execution() -> Execution:
    """Reads the execution settings; the defaults where nothing is set.

    Queued experiments run in a copy of the checkout without git-ignored files: they read the main checkout's file.

    Raises:
        UserError: If a setting is unknown or its value is not allowed.
    """
    path = Path(os.environ.get("DVC_ROOT", ".")) / EXECUTION
    settings = read_yaml(path) if path.exists() else {}
    variables = {f"PLUMBLINE_{name.upper()}": name for name in Execution.model_fields}
    present = {variable: name for variable, name in variables.items() if variable in os.environ}
    settings |= {name: _value(os.environ[variable]) for variable, name in present.items()}
    return validate(Execution, settings, ", ".join([str(path), *(f"${variable}" for variable in present)]))


def _value(text: str) -> Any:
    """What a variable of the environment says, read as in the file: a number, a name, a list such as ``[wandb]``."""
    try:
        return load_yaml(text)
    except yaml.YAMLError:
        return text
