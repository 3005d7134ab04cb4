"""Runs a pure function over the rows of a table: partitions of a fixed size, as many processes as there are workers."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import pandas as pd

from stages.common.entry import end_with_parent
from stages.common.execution import load_execution
from stages.common.messages import progress

PARTITION_ROWS = 1_000


def map_partitions(
    function: Callable[[pd.DataFrame], pd.DataFrame], rows: pd.DataFrame, what: str, workers: int | None = None
) -> pd.DataFrame:
    """Applies a function to each partition and puts the results one below the other, in the order of the rows.

    Partitions have the same rows whatever the number of workers, so the result has the same bytes too.

    Args:
        function: From rows to rows; it can be pickled (a module's function, or a partial of one) and looks at no other
            partition.
        rows: The table.
        what: The progress bar's title.
        workers: Processes to use; what execution.yaml says by default.

    Returns:
        The results, with a fresh index.
    """
    parts = [rows.iloc[start : start + PARTITION_ROWS] for start in range(0, max(len(rows), 1), PARTITION_ROWS)]
    processes = min(workers or load_execution().worker_count, len(parts))
    if processes == 1:
        results = [function(part) for part in progress(parts, what, "partition", len(parts))]
    else:
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(processes, mp_context=context, initializer=end_with_parent) as pool:
            results = list(progress(pool.map(function, parts), what, "partition", len(parts)))
    return pd.concat(results, ignore_index=True)
