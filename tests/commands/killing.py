"""Kills DVC at a moment of its own work that is certain: in the middle of a write, or right before it.

Tests put this file into a folder of its own as ``sitecustomize.py``, which Python runs first. ``KILL`` says where:
``open dvc.lock 2 100`` in the second write of dvc.lock after 100 characters (a share of all where it has a point, from
the end where it is negative), ``before rwlock 2`` before the second write of rwlock.
"""

import builtins
import io
import os
import signal
from pathlib import Path

HOW, WHERE, NUMBER, *PLACE = os.environ.get("KILL", "none none 0").split()
_open = builtins.open
_seen = 0


class _Cut(io.StringIO):
    """A file that is cut off, with the process, where it is closed."""

    def __init__(self, path, encoding):
        super().__init__()
        self.path, self.encoding_used = path, encoding

    def close(self):
        text = self.getvalue()
        end = int(float(PLACE[0]) * len(text)) if "." in PLACE[0] else int(PLACE[0])
        with _open(self.path, "w", encoding=self.encoding_used) as file:
            file.write(text[:end])
        _die()


def _die():
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _counted(path):
    """Whether this is the write at which it is to happen."""
    global _seen
    if not isinstance(path, str | os.PathLike) or WHERE not in Path(path).parts[-4:]:
        return False
    _seen += 1
    return _seen == int(NUMBER)


def _opened(file, mode="r", *more, **named):
    if "w" in mode and _counted(file):
        if HOW == "before":
            _die()
        return _Cut(file, named.get("encoding") or "utf-8")
    return _open(file, mode, *more, **named)


if HOW != "none":
    builtins.open = _opened
