import os
import signal
import time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.common.documents import partitions
from stages.common.documents.partitions import map_partitions, start_workers

pytestmark = pytest.mark.slow


def double(rows):
    return rows.assign(twice=rows["number"] * 2)


def die_once(number, folder):
    """Kills the process that runs it, the first time that it gets to number 3."""
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


@pytest.fixture
def no_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)


def test_a_few_rows_are_worked_on_in_this_process(no_settings, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_WORKERS", "2")
    rows = pd.DataFrame({"number": range(2500)})
    assert map_partitions(double, rows, "double")["twice"].tolist() == list(range(0, 5000, 2))
    assert map_partitions(double, rows.iloc[:0], "double").empty
    with start_workers(1) as workers:
        assert set(workers.map(lambda _: os.getpid(), [1, 2, 3], "pids")) == {os.getpid()}


def test_a_worker_that_is_killed_costs_a_retry_and_not_the_run(no_settings, monkeypatch, tmp_path):
    monkeypatch.setenv("PLUMBLINE_WORKERS", "2")
    monkeypatch.setattr(partitions, "IN_PROCESS_ROWS", 0)
    with start_workers(8) as workers:
        found = workers.map(partial(die_once, folder=str(tmp_path)), list(range(8)), "squares")
    assert found == [number * number for number in range(8)]
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SCHEDULER": "tcp://127.0.0.1:9"}, "The Dask scheduler at tcp://127.0.0.1:9 does not answer"),
        ({"SCHEDULER": "127.0.0.1:9"}, r"PLUMBLINE_SCHEDULER.scheduler: string should match"),
        ({"SCHEDULER": "tls://127.0.0.1:9"}, "a tls:// scheduler needs `tls:` with ca_file, cert and key"),
        ({"SCHEDULER": "tls://127.0.0.1:9", "TLS": "{ca_file: a, cert: b, key: c}"}, "there is no file a"),
        ({"WORKERS": "many"}, "PLUMBLINE_WORKERS.workers: input should be a valid integer. It is 'many'"),
        ({"WORKERS": "-1"}, "greater than or equal to 0"),
        ({"MEMORY_GIB": "0"}, "greater than or equal to 0.1"),
    ],
)
def test_a_setting_that_cannot_work_is_one_clear_line_within_seconds(no_settings, monkeypatch, settings, said):
    for name, value in settings.items():
        monkeypatch.setenv(f"PLUMBLINE_{name}", value)
    monkeypatch.setattr(partitions, "CONNECT_SECONDS", 1)
    begin = time.monotonic()
    with pytest.raises(UserError, match=said) as caught, start_workers(1):
        pass
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begin < 20
