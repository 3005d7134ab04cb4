"""Mends what DVC leaves half-written when it is killed: dvc.lock and its own locks, which it writes in place.

`make repro` and the commands that start runs do this first; before a plain `dvc repro`, call it by hand. A file that is
whole is never touched, and nothing is while a DVC is at work in this repository.
"""

import argparse
import fcntl
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from commands.cut_lock import CONFLICT, is_whole, load_fast, put_together
from commands.records import LOCK
from commands.unrecorded import finished_unrecorded, graph
from stages.common.core.changes import changed_settings
from stages.common.core.entry import run_command
from stages.common.core.messages import closing_line

TMP = Path(".dvc/tmp")
WHOLE, CUT = TMP / "dvc.lock.whole", TMP / "dvc.lock.cut"
RWLOCKS = (TMP / "rwlock", TMP / "exps/rwlock")  # who reads and writes which file
GUARDS = (TMP / "lock", TMP / "rwlock.lock", TMP / "exps/rwlock.lock")


def main() -> None:
    """Mends, and says which settings are not those of the last commit."""
    mend()
    if changes := changed_settings():
        closing_line("mend", changes)


def mend() -> None:
    """Mends what a killed DVC left, and says each thing that it mended in one line."""
    if not TMP.parent.is_dir():
        return
    TMP.mkdir(exist_ok=True)
    text = LOCK.read_text(encoding="utf-8", errors="replace") if LOCK.exists() else None
    whole = _kept() if WHOLE.exists() else None
    merging = text is not None and CONFLICT in text
    cut = text is not None and text != whole and not merging and not is_whole(text)
    locks = _left_locks()
    since = LOCK.stat().st_mtime_ns if text is not None and not cut else 0
    finished = [] if merging else finished_unrecorded(since)
    if not (cut or locks or finished):
        if text is not None and text != whole and not merging:
            _write(WHOLE, text)
        return
    with _without_dvc() as worker:
        if worker:
            if cut or locks:
                left = ", ".join(map(str, [*([LOCK] if cut else []), *locks]))
                closing_line("mend", f"{left}: left alone, since DVC is at work here ({worker})")
            return
        if cut and text is not None:
            closing_line("mend", _mend_lock(text))
        for path in locks:
            path.unlink(missing_ok=True)
            closing_line("mend", f"{path} was left by a DVC that was killed, and none runs here; removed")
    if finished:
        _record(finished)


def _record(finished: list[str]) -> None:
    """Lets DVC record stages that have finished, and names those that it had not recorded."""
    before = _recorded()
    if subprocess.run(["dvc", "commit", "--quiet", "--force", *finished]).returncode:
        return
    LOCK.touch()  # DVC leaves it alone where all was recorded
    after = _recorded()
    for stage in finished:
        if after[stage] != before.get(stage):
            closing_line("mend", f"{stage} had finished, but DVC was killed before it recorded that; recorded now")


def _mend_lock(cut: str) -> str:
    """Puts dvc.lock together, the newest parts first, and gives the line that says so."""
    copies = [(WHOLE.stat().st_mtime, _kept())] if WHOLE.exists() else []
    committed = float(_git("log", "-1", "--format=%ct", "--", str(LOCK)).strip() or 0)
    copies += [(committed, _git("show", f"{revision}:./{LOCK}")) for revision in ("", "HEAD")]  # the index, the commit
    newest_first = [copy for _, copy in sorted(copies, key=lambda dated: -dated[0]) if is_whole(copy)]
    content, written, taken = put_together(cut, newest_first, set(graph()))
    CUT.write_text(cut, encoding="utf-8")
    said = f"{LOCK} broke off at line {len(cut.splitlines())}, since DVC was killed while it wrote it"
    aside = f"the cut file is kept as {CUT}"
    if content is None:
        LOCK.unlink()
        return f"{said}; no stage in it was whole, so it was removed: {aside}"
    _write(LOCK, content)
    return f"{said}; put together from its {written} whole stages and {taken} of the last whole copy; {aside}"


def _recorded() -> dict[str, Any]:
    """What dvc.lock says of each stage."""
    return (load_fast(LOCK.read_text(encoding="utf-8")).get("stages") or {}) if LOCK.exists() else {}


def _kept() -> str:
    return WHOLE.read_text(encoding="utf-8", errors="replace")


def _write(path: Path, text: str) -> None:
    """Writes a file all or nothing."""
    made = TMP / f"{path.name}.made"
    made.write_text(text, encoding="utf-8")
    made.replace(path)


def _left_locks() -> list[Path]:
    """DVC's own locks that are half-written or name processes; with ``core.hardlink_lock``, all of this machine."""
    left = [path for path in RWLOCKS if path.exists() and not _is_free(path)]
    for guard in GUARDS:
        if guard.exists() and guard.stat().st_nlink > 1 and f"|{socket.gethostname()}|" in guard.read_text():
            left += [path for path in guard.parent.iterdir() if path.samefile(guard)]
    return left


def _is_free(rwlock: Path) -> bool:
    """Whether DVC can read it, and it names no process."""
    try:
        content = json.loads(rwlock.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(content, dict) and set(content) <= {"read", "write"} and not any(content.values())


@contextmanager
def _without_dvc() -> Iterator[str]:
    """Keeps every DVC of this repository waiting; gives the one that is at work, or an empty string."""
    with ExitStack() as stack:
        worker = _dvc_at_work()
        for guard in GUARDS:
            if not guard.parent.exists():
                continue
            file = stack.enter_context(guard.open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                worker = worker or f"it holds {guard}"
            except OSError:
                continue  # a network file system without locks
        yield worker


def _dvc_at_work() -> str:
    """A process that is a DVC in this repository; empty if there is none."""
    root = Path().resolve()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            there = (process / "cwd").readlink()
        except OSError:
            continue  # ended, or another user's
        module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
        is_dvc = "dvc" in (Path(word).name for word in words[:2]) or module.partition(".")[0] == "dvc"
        if is_dvc and "daemon" not in words and there.is_relative_to(root):
            return f"process {process.name}"
    return ""


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, errors="replace").stdout


if __name__ == "__main__":
    run_command(lambda _: main(), argparse.ArgumentParser(description=__doc__))
