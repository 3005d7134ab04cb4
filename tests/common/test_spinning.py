"""Threads that wait by spinning, in programs of their own: this one's libgomp may have been told otherwise."""

import os
import subprocess
import sys

import pytest

from stages.common.model.spinning import SETTINGS, waiting_share
from tests.imports import ROOT

pytestmark = pytest.mark.slow

WAITING = """
import ctypes, time
from contextlib import nullcontext
from pathlib import Path
import torch
from stages.common.model.spinning import many_threads

torch.set_num_threads(2)
openmp = ctypes.CDLL(str(Path(torch.__file__).parent / "lib/libgomp.so.1"))
values = torch.ones(1_000_000)

def processor_time():
    before = time.process_time()
    for _ in range(20):
        values.exp_()
        values.fill_(1.0)
        time.sleep(0.02)
    return time.process_time() - before

processor_time()
spinning = processor_time()
with many_threads(openmp):
    sleeping = processor_time()
print(spinning, sleeping, processor_time(), torch.get_num_threads())
"""

WATCHING = """
import threading
from stages.common.model.device import compute_alike
from stages.common.model.spinning import WATCHER

compute_alike(1, {threads})
compute_alike(1, {threads})
print(sum(thread.name == WATCHER for thread in threading.enumerate()))
"""

needs_libgomp = pytest.mark.skipif(sys.platform != "linux", reason="torch brings libgomp on Linux")


def run(program, **settings):
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment = {**kept, "PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_time_that_threads_wait_for_a_core_is_a_share_of_what_they_could_have_run():
    before = {"1": (1_000, 100), "2": (500, 0), "ended": (900, 900)}
    now = {"1": (1_060, 130), "2": (510, 0), "new": (7, 7_000)}
    assert waiting_share(before, now) == pytest.approx(30 / 100)
    assert waiting_share(before, before) == 0.0


@needs_libgomp
def test_no_thread_spins_while_there_are_more_threads_than_cores():
    spinning, sleeping, after, threads = map(float, run(WAITING))
    assert sleeping < spinning / 2
    assert sleeping < after / 2
    assert threads == 2


@needs_libgomp
@pytest.mark.parametrize(
    ("threads", "settings", "watchers"),
    [(2, {}, "1"), (1, {}, "0"), (2, {"OMP_WAIT_POLICY": "ACTIVE"}, "0"), (2, {"GOMP_SPINCOUNT": "1000"}, "0")],
)
def test_one_thread_watches_the_cores_unless_the_user_has_decided(threads, settings, watchers):
    assert run(WATCHING.format(threads=threads), **settings) == [watchers]
