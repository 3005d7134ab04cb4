"""Lets torch's threads spin where cores are free, and sleep where something else wants them.

Threads that compute together wait for one another several hundred times in a step of training. libgomp, torch's OpenMP,
lets them spin for some milliseconds before they sleep: the shortest wait while each has a core to itself. Once two
programs share the cores, a spinning thread keeps a core from the very thread that it waits for. ``OMP_WAIT_POLICY``
decides it once and for all when libgomp is loaded, but another job may start, or end, at any time.

So a thread of its own measures, while they may spin, how long this process's threads were ready to run but
had no core, which Linux counts. If that is much, it keeps more OpenMP threads in being for some seconds, all asleep,
than there are cores: libgomp then lets none spin (``gomp_throttled_spin_count_var`` in its env.c, ``do_spin`` in its
config/linux/wait.h). Torch's own threads stay as many as they were, and so do the bytes of what they compute.
"""

import ctypes
import functools
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

CALM = 1.0  # seconds over which the waiting is measured while the cores are not busy
LOOK = 0.05  # seconds over which it is measured after a rest: on busy cores, spinning costs much
REST = 5.0  # seconds without spinning after a measurement that found the cores busy
BUSY = 0.2  # share of their time that threads wait for a core, from which on the cores count as busy
SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # whoever sets one of these has decided
WATCHER = "watches the cores"
THREADS = Path("/proc/self/task")


@functools.cache
def sleep_when_busy() -> None:
    """Starts to watch the cores, once in a process; where libgomp or Linux is missing, nothing happens."""
    openmp = Path(torch.__file__).parent / "lib/libgomp.so.1"
    if openmp.exists() and schedule() and not any(name in os.environ for name in SETTINGS):
        threading.Thread(target=_watch, args=(ctypes.CDLL(str(openmp)),), name=WATCHER, daemon=True).start()


def _watch(openmp: ctypes.CDLL) -> None:
    span = LOOK
    while True:
        before = schedule()
        time.sleep(span)
        span = CALM
        if waiting_share(before, schedule()) > BUSY:
            with many_threads(openmp):
                time.sleep(REST)
            span = LOOK


def schedule() -> dict[str, tuple[int, int]]:
    """For each thread of this process, the nanoseconds that it ran and that it waited for a core; empty if unknown.

    Source: Documentation/scheduler/sched-stats.rst of Linux.
    """
    times = {}
    for thread in THREADS.iterdir() if THREADS.exists() else ():
        try:
            ran, waited, _ = (thread / "schedstat").read_text().split()
        except (OSError, ValueError):  # the thread has ended
            continue
        times[thread.name] = int(ran), int(waited)
    return times


def waiting_share(before: Mapping[str, tuple[int, int]], now: Mapping[str, tuple[int, int]]) -> float:
    """The share of the time between two looks that threads waited for a core, of all that they could have run.

    Args:
        before: What :func:`schedule` returned first.
        now: What it returned later; threads that are in one of the two only do not count.
    """
    both = before.keys() & now.keys()
    ran = sum(now[thread][0] - before[thread][0] for thread in both)
    waited = sum(now[thread][1] - before[thread][1] for thread in both)
    return waited / max(ran + waited, 1)


@contextmanager
def many_threads(openmp: ctypes.CDLL) -> Iterator[None]:
    """Keeps more OpenMP threads than there are cores, all asleep; meanwhile, none of them spins for long.

    Args:
        openmp: The libgomp that torch has loaded.
    """
    made, over = threading.Event(), threading.Event()

    def lead() -> None:  # libgomp keeps the threads of a parallel region until the thread that opened it ends
        nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)  # each of them calls free(NULL)
        openmp.GOMP_parallel(nothing, None, openmp.omp_get_num_procs() + 1, 0)
        made.set()
        over.wait()

    leader = threading.Thread(target=lead, daemon=True)
    leader.start()
    made.wait()
    try:
        yield
    finally:
        over.set()
        leader.join()
