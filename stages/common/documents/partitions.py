"""Runs pure functions over partitions: in this process, in processes of this machine, or on a Dask cluster."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from stages.common.core.execution import Execution, load_execution
from stages.common.core.messages import UserError, progress

if TYPE_CHECKING:
    from distributed import Client

PARTITION_ROWS = 1_000  # of a table in memory
IN_PROCESS_ROWS = 10_000  # so many rows are done before other processes would have started
CONNECT_SECONDS = 5
WORKER_SECONDS = 30  # that a scheduler without workers is given to get one
DEATHS = 3  # of workers while they worked on one partition, after which it is given up

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers:
    """What runs a function over tasks.

    Args:
        client: Of a Dask cluster; None to run in this process.
    """

    def __init__(self, client: "Client | None") -> None:
        self._client = client

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task], what: str) -> list[Result]:
        """Applies a function to each task. If a worker dies, what it was doing is done again by another.

        Args:
            function: Gives the same result, or writes the same files, each time; it can be pickled (a module's
                function, or a partial of one). What is large goes through files, not through arguments and results.
            tasks: One argument a call.
            what: The progress bar's title.

        Returns:
            The results in the order of the tasks.

        Raises:
            UserError: If partitions kill the workers that work on them.
        """
        if self._client is None:
            return [function(task) for task in progress(tasks, what, "partition", len(tasks))]
        from distributed import KilledWorker, as_completed

        futures = self._client.map(function, tasks, pure=False)
        try:
            for done in progress(as_completed(futures), what, "partition", len(tasks)):
                done.result()
        except KilledWorker:
            raise UserError(
                f"{what}: {DEATHS + 1} workers died while they worked on one partition, perhaps for want of memory.",
                "Set fewer `workers` in execution.yaml, or give those of the cluster more memory.",
            ) from None
        results: list[Result] = self._client.gather(futures)
        return results


@contextmanager
def start_workers(rows: int, folder: Path | None = None) -> Iterator[Workers]:
    """Connects with the cluster that execution.yaml names, or else starts processes of this machine, if it pays.

    Args:
        rows: Rows that are to be worked on.
        folder: Where tasks read and write files, if they do.

    Yields:
        The workers; they end with the block.

    Raises:
        UserError: If the scheduler does not answer, has no workers, or they do not see the folder.
    """
    execution = load_execution()
    if execution.scheduler:
        with _cluster(execution, folder) as client:
            yield Workers(client)
    elif execution.worker_count == 1 or rows <= IN_PROCESS_ROWS:
        yield Workers(None)
    else:
        with _processes(execution.worker_count) as client:
            yield Workers(client)


def map_partitions(function: Callable[[pd.DataFrame], pd.DataFrame], rows: pd.DataFrame, what: str) -> pd.DataFrame:
    """Applies a function to partitions of a table in memory and puts the results one below the other.

    Partitions have the same rows whatever the number of workers, so the result has the same bytes too.

    Args:
        function: From rows to rows; it can be pickled and looks at no other partition.
        rows: The table.
        what: The progress bar's title.

    Returns:
        The results in the order of the rows, with a fresh index.
    """
    parts = [rows.iloc[start : start + PARTITION_ROWS] for start in range(0, max(len(rows), 1), PARTITION_ROWS)]
    with start_workers(len(rows)) as workers:
        return pd.concat(workers.map(function, parts, what), ignore_index=True)


@contextmanager
def _processes(count: int) -> Iterator["Client"]:
    """Starts worker processes on this machine; Dask does not limit their memory: partitions are small."""
    import dask
    from distributed import Client, LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=0,
            security=True,  # others on this machine cannot send work to it
            dashboard_address="127.0.0.1:0",  # any free port
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _cluster(execution: Execution, folder: Path | None) -> Iterator["Client"]:
    from distributed import Client, Security

    address, tls = execution.scheduler, execution.tls
    security = tls and Security(
        tls_ca_file=tls.ca_file, tls_client_cert=tls.cert, tls_client_key=tls.key, require_encryption=True
    )
    try:
        client = Client(address, timeout=CONNECT_SECONDS, security=security)
    except (OSError, ValueError) as error:
        raise UserError(
            f"The Dask scheduler at {address} does not answer ({error}).",
            "Start it, or change `scheduler` in execution.yaml or $PLUMBLINE_SCHEDULER.",
        ) from None
    with client:
        _check_workers(client, str(address), folder)
        yield client


def _check_workers(client: "Client", address: str, folder: Path | None) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError:
        raise UserError(f"The Dask scheduler at {address} has no workers.", "Start some with `dask worker`.") from None
    try:
        seen: dict[str, Any] = client.run(_sees, str(folder or Path.cwd()))
    except ImportError as error:
        raise UserError(
            f"A worker of {address} cannot import this project's code ({error}).",
            "Start `dask worker` in a checkout of the same revision, with the same requirements.",
        ) from None
    blind = sorted(worker for worker, sees in seen.items() if not sees)
    if blind:
        raise UserError(
            f"The worker at {blind[0]} does not see {folder}.",
            "Workers need the files of this checkout under the same path: start them where they are.",
        )


def _sees(folder: str) -> bool:
    return Path(folder).is_dir()
