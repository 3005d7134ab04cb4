import subprocess
import sys
import threading

import pytest
import torch

from stages.common.core.messages import UserError
from stages.common.training import checkpoints as module
from stages.common.training.checkpoints import Checkpoints, alone, training_key
from stages.common.training.snapshots import Snapshot


def snapshot(step, value=0.0):
    return Snapshot({"model/weight": torch.full((3, 2), value)}, {"progress": {"step": step}, "random": [(1, 2)]})


def write(checkpoints, *steps):
    for step in steps:
        checkpoints.write(snapshot(step, float(step)))
        checkpoints.wait()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path, every=10)


def test_the_newest_two_are_kept_and_the_newest_is_read(checkpoints, tmp_path):
    write(checkpoints, 10, 20, 30)
    assert names(tmp_path) == ["step-00000020.safetensors", "step-00000030.safetensors"]
    newest = checkpoints.newest()
    assert torch.equal(newest.tensors["model/weight"], torch.full((3, 2), 30.0))
    assert newest.facts == {"progress": {"step": 30}, "random": [[1, 2]]}


def test_a_checkpoint_holds_the_moment_it_was_asked_for(checkpoints):
    weight = torch.zeros(3)
    checkpoints.write(Snapshot({"model/weight": weight}, {"progress": {"step": 10}}))
    weight += 1
    checkpoints.wait()
    assert torch.equal(checkpoints.newest().tensors["model/weight"], torch.zeros(3))


def test_without_a_checkpoint_or_with_damaged_ones_alone_training_starts_anew(checkpoints, tmp_path, capfd):
    assert checkpoints.newest() is None
    write(checkpoints, 10, 20)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert checkpoints.newest() is None
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("is cut off or damaged" in line for line in said)
    assert names(tmp_path) == []


def test_what_a_killed_run_was_just_writing_is_removed(checkpoints, tmp_path):
    write(checkpoints, 10)
    (tmp_path / "step-00000020.partial").write_bytes(b"half")
    assert checkpoints.newest().facts["progress"] == {"step": 10}
    assert names(tmp_path) == ["step-00000010.safetensors"]


def test_training_does_not_wait_for_a_slow_disk(checkpoints, tmp_path, monkeypatch):
    disk = threading.Event()
    save = module.save_file
    monkeypatch.setattr(module, "save_file", lambda *what, **how: disk.wait(60) and save(*what, **how))
    checkpoints.write(snapshot(10))
    checkpoints.write(snapshot(20))
    disk.set()
    checkpoints.wait()
    assert names(tmp_path) == ["step-00000010.safetensors"]


def test_a_checkpoint_is_due_by_steps_or_when_a_minute_has_passed(tmp_path, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    checkpoints, without = Checkpoints(tmp_path, every=10), Checkpoints(tmp_path, every=0)
    assert [step for step in range(1, 31) if checkpoints.due(step)] == [10, 20, 30]
    now += 59
    assert not checkpoints.due(31)
    now += 1
    assert checkpoints.due(32)
    assert not without.due(32)
    write(checkpoints, 32)
    assert not checkpoints.due(33)
    now += 60
    assert checkpoints.due(33)


def test_a_clock_starts_anew_in_processes_that_do_not_write(tmp_path, monkeypatch):
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    other = Checkpoints(tmp_path, every=10, writing=False)
    now += 61
    assert other.due(3)
    write(other, 3)
    assert not other.due(4)


def test_someone_who_stops_a_training_hears_where_the_next_run_goes_on(checkpoints, tmp_path):
    assert "starts anew, since it had no checkpoint yet" in checkpoints.next_run()
    write(checkpoints, 10, 20)
    assert checkpoints.next_run() == "Call it again: the training goes on after step 20, its last checkpoint."
    assert "asks for no checkpoints" in Checkpoints(tmp_path, every=0).next_run()


def test_only_the_process_that_writes_leaves_anything(tmp_path):
    other = Checkpoints(tmp_path / "there", every=10, writing=False)
    write(other, 10)
    other.remove()
    assert not (tmp_path / "there").exists()


def test_a_key_depends_on_every_fact_and_on_every_byte_of_the_inputs(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a")
    (tmp_path / "folder/weights").write_text("b")
    places = [tmp_path / "file", tmp_path / "folder"]
    first = training_key({"seed": 1}, places)
    assert training_key({"seed": 1}, places) == first
    assert training_key({"seed": 2}, places) != first
    (tmp_path / "folder/weights").write_text("c")
    assert training_key({"seed": 1}, places) != first


ORPHAN = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_waits_for_an_orphan_and_gives_up_on_one_that_stays(tmp_path, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", ORPHAN, str(tmp_path)], stdout=subprocess.PIPE) as orphan:
        assert orphan.stdout.readline() == b"held\n"
        monkeypatch.setattr(module, "PATIENCE", 0.2)
        with pytest.raises(UserError, match="another process is fine-tuning into it"), alone(tmp_path):
            pass
        monkeypatch.setattr(module, "PATIENCE", 60)
        threading.Timer(0.3, orphan.kill).start()
        with alone(tmp_path):
            assert orphan.wait(10) != 0
