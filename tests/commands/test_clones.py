"""Whatever ends a command that works in a clone, no clone stays."""

import os
import signal
import subprocess
import sys
import time

import pytest

from commands.clones import clean_clone, lines_of
from tests.corpus import commit, environment, run
from tests.imports import ROOT

# A program that works in a clone for long, with a child of its own, and says when it has begun.
PROGRAM = """
from pathlib import Path
from commands.clones import clean_clone, lines_of
from stages.common.core.entry import run_program

def work():
    with clean_clone("HEAD") as root:
        for line in lines_of(["sh", "-c", "echo $$; sleep 300 & wait"], root):
            print(root, line, flush=True)

run_program(work, debug=False)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A git repository with one file; its folder inside it; and a folder for temporary files."""
    repository, scratch = tmp_path / "größer, with spaces", tmp_path / "tmp"
    inner = repository / "inner"
    for folder in (scratch, inner):
        folder.mkdir(parents=True)
    (inner / "file").write_text("one\n")
    run(repository, "git", "init", "--quiet", "--initial-branch", "main")
    run(repository, "git", "config", "user.name", "Tests")
    run(repository, "git", "config", "user.email", "tests@example.org")
    commit(repository, "start")
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(inner)
    return inner, scratch


def test_a_clone_is_at_the_revision_and_does_not_outlast_its_use(place):
    (place[0] / "file").write_text("two, not committed\n")
    with clean_clone("HEAD") as root:
        assert root.name == "inner"
        assert (root / "file").read_text() == "one\n"
        assert list(lines_of(["cat", "file"], root)) == ["one\n"]
        with pytest.raises(subprocess.CalledProcessError):
            list(lines_of(["false"], root))
    assert not list(place[1].iterdir())
    with pytest.raises(ZeroDivisionError), clean_clone("HEAD"):
        raise ZeroDivisionError
    assert not list(place[1].iterdir())


def start(folder):
    """Starts PROGRAM; gives it, its clone, and the process id of what it started, once all of them are there."""
    told = environment(PYTHONPATH=str(ROOT))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=folder, env=told, stdout=subprocess.PIPE, text=True)
    root, _, child = process.stdout.readline().rpartition(" ")
    return process, root, int(child)


def ended(child):
    """Whether a process is gone, or is so in a moment."""
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{child}/stat") as file:  # noqa: PTH123
            if file.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_command_that_is_asked_to_end_removes_its_clone_and_ends_what_it_started(place, number):
    process, _, child = start(place[0])
    assert list(place[1].iterdir())
    process.send_signal(number)
    code = process.wait(60)
    process.stdout.close()
    assert code == (1 if number == signal.SIGINT else 128 + number)
    assert not list(place[1].iterdir())
    assert ended(child)


def test_what_a_killed_command_left_is_removed_by_the_next_one_and_nothing_else_is(place):
    running, root, _ = start(place[0])
    killed, left, child = start(place[0])
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert ended(child)
    (place[1] / "plumbline-clone-of-mine").mkdir()
    with clean_clone("HEAD") as third:
        names = {path.name for path in place[1].iterdir() if path.is_dir()}
        assert names == {root.split("/")[-3], third.parts[-3], "plumbline-clone-of-mine"}
        assert left.split("/")[-3] not in names
    running.terminate()
    running.wait(60)
    running.stdout.close()
    assert [path.name for path in place[1].iterdir()] == ["plumbline-clone-of-mine"]
