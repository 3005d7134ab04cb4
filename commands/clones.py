"""A clean clone of this repository that lasts as long as the command that made it, however that ends."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import types
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from commands.records import git
from stages.common.core.entry import end_with_parent

PREFIX, LOCK = "plumbline-clone-", ".lock"
ENDINGS = (signal.SIGTERM, signal.SIGHUP)  # what else than Ctrl-C asks a program to end
PATIENCE = 10.0  # seconds that a process has to end by itself


@contextmanager
def clean_clone(revision: str) -> Iterator[Path]:
    """Clones this repository with an empty cache, at a revision; the clone is removed at the end.

    It is removed after an error, Ctrl-C, SIGTERM and SIGHUP too. After a SIGKILL, which no program can answer, the next
    clone removes what was left.

    Args:
        revision: A commit of this repository.

    Yields:
        This repository's folder in the clone, which may lie inside a larger git repository.
    """
    before = {number: signal.signal(number, _end) for number in ENDINGS}
    try:
        remove_left_over()
        with _own_folder() as folder:
            clone = folder / "clone"
            git("clone", "--quiet", "--no-checkout", git("rev-parse", "--show-toplevel"), str(clone))
            git("checkout", "--quiet", "--detach", revision, root=clone)
            yield clone / git("rev-parse", "--show-prefix")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lines_of(command: list[str], folder: Path) -> Generator[str, None, None]:
    """Runs a program and yields what it prints; it ends, with all that it started, when nobody wants more.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=end_with_parent,
    ) as process:
        try:
            yield from process.stdout or ()
            process.wait()
        finally:
            _end_group(process)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def remove_left_over() -> None:
    """Removes the clones of commands that do not run any more."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*{LOCK}"):
        with suppress(OSError), path.open("r+b") as lock:  # another user's, or one that is in use
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path.with_suffix(""), path)


@contextmanager
def _own_folder() -> Iterator[Path]:
    """A new folder; as long as it is in use, the file beside it is locked."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=LOCK)
    path = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        folder = path.with_suffix("")
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        _remove(path.with_suffix(""), path)
        os.close(descriptor)


def _remove(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # a program that is just ending may still write there
    shutil.rmtree(folder, ignore_errors=True)
    lock.unlink(missing_ok=True)


def _end_group(process: "subprocess.Popen[str]") -> None:
    """Ends a program that leads a session, with all programs in it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def _end(number: int, _: types.FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
