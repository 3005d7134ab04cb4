"""The stage on a real Dask cluster: a scheduler and worker processes of their own, over TCP on this machine."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from stages.clean import parts
from tests.clean.test_stage import clean, story  # noqa: F401 - clean is a fixture
from tests.imports import ROOT

pytestmark = pytest.mark.slow


def start(*arguments):
    settings = {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__GIL__ENABLED": "false"}
    command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stderr=subprocess.DEVNULL)


@contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def cluster():
    """The address of a scheduler, and its two worker processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    scheduler = ["--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard", "--no-show"]
    worker = [address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
    with ExitStack() as stack:
        stack.enter_context(ended(start("dask_scheduler", *scheduler)))
        yield address, [stack.enter_context(ended(start("dask_worker", *worker))) for _ in range(2)]


def kill_in_the_middle(worker, folder, killed):
    """Kills a worker as soon as some parts are done and before all are."""
    while True:
        done = len(list(folder.glob("data/.clean.partial/.parts-*/facts/*")))
        if done >= 3:
            worker.send_signal(signal.SIGKILL)
            killed.append(done)
            return
        time.sleep(0.005)


def test_a_cluster_makes_the_same_bytes_even_if_a_worker_is_killed(clean, cluster, monkeypatch):  # noqa: F811
    texts = [story(n // 2) + " x" * (n % 2) for n in range(300)] + ["one two three four"] * 3
    folder = clean(texts)
    paths = [path for place in ("data/clean", "reports/clean") for path in (folder / place).iterdir()]
    before = {path: path.read_bytes() for path in paths}

    address, workers = cluster
    monkeypatch.setenv("PLUMBLINE_SCHEDULER", address)
    monkeypatch.setattr(parts, "PART_ROWS", 20)
    monkeypatch.setattr(parts, "PIECE_ROWS", 20)
    clean(texts)
    assert {path: path.read_bytes() for path in paths} == before

    killed = []
    killer = threading.Thread(target=kill_in_the_middle, args=(workers[0], folder, killed))
    killer.start()
    clean(texts)
    killer.join()
    assert killed[0] < 16
    assert workers[0].wait() == -signal.SIGKILL
    assert {path: path.read_bytes() for path in paths} == before
    assert not list(folder.rglob(".parts-*"))
