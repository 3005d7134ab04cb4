"""Starts the stage's processes, where execution.yaml asks for several."""

import logging
import os
import sys
from collections.abc import Callable
from functools import wraps

from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from stages.common.core.execution import Execution
from stages.common.core.messages import UserError

NODES = {
    "NNODES": "--nnodes",
    "NODE_RANK": "--node-rank",
    "MASTER_ADDR": "--master-addr",
    "MASTER_PORT": "--master-port",
}


def is_one_of_many() -> bool:
    """Whether this process was started by torchrun, srun with its variables, or :func:`run_processes`."""
    return "RANK" in os.environ


def is_first() -> bool:
    """Whether this process is the one that speaks and writes: the only one, or that of rank 0."""
    return os.environ.get("RANK", "0") == "0"


def wants_processes(execution: Execution) -> bool:
    """Whether this process is to start others instead of training itself."""
    return not is_one_of_many() and (execution.processes > 1 or os.environ.get("NNODES", "1") != "1")


def run_processes(module: str, execution: Execution, threads: int) -> None:
    """Runs a module in as many processes as execution.yaml says, on this machine or as one of several.

    On several machines, each has ``NNODES``, ``NODE_RANK``, ``MASTER_ADDR`` and ``MASTER_PORT`` in its environment.
    Ends this program with exit code 1 where one of the processes failed; it has said why.

    Args:
        module: What ``python -m`` runs.
        execution: The execution settings.
        threads: Processor threads of each process.
    """
    nodes = [f"{option}={os.environ[name]}" for name, option in NODES.items() if name in os.environ]
    where = nodes if "NNODES" in os.environ else ["--standalone"]
    os.environ["OMP_NUM_THREADS"] = str(threads)
    for name in ("torch.distributed.elastic", "torch.distributed.run"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the processes speak for themselves
    command = [*where, f"--nproc-per-node={execution.processes}", "-m", module, *sys.argv[1:]]
    try:
        torchrun.run(torchrun.parse_args(command))  # type: ignore[no-untyped-call]  # torch has no types there
    except ChildFailedError:
        sys.exit(1)


def the_first_one_tells(stage: Callable[[], None]) -> Callable[[], None]:
    """A stage that leaves it to the first process to tell of the user's mistakes, which all processes meet alike."""

    @wraps(stage)
    def run() -> None:
        try:
            stage()
        except UserError:
            if is_first():
                raise
            sys.exit(1)

    return run
