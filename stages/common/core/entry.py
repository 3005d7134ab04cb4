"""How every stage and command starts and how it ends: one line for mistakes, and no orphan that outlives DVC."""

import argparse
import ctypes
import errno
import importlib
import os
import re
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NoReturn

from stages.common.core.messages import Interrupted, UserError, one_line

BEGUN = time.time_ns()  # when this program began, nearly: stages import this module before any other of theirs
PR_SET_PDEATHSIG = 1  # linux/prctl.h
BROKEN_PIPE = 128 + signal.SIGPIPE  # what a shell shows of a program that nobody read to its end

MENDS = {  # what a person can do about what the operating system refuses
    errno.ENOSPC: "Nothing was left half-written: make room and run it again.",
    errno.EDQUOT: "Nothing was left half-written: make room and run it again.",
    errno.EACCES: "Give yourself the right to it (`ls -ld` shows who has it) and run it again.",
    errno.EPERM: "Give yourself the right to it (`ls -ld` shows who has it) and run it again.",
    errno.EROFS: "Work in a folder that can be written to.",
    errno.EMFILE: "Raise the limit (`ulimit -n 4096`) and run it again.",
    errno.ENFILE: "End other programs and run it again.",
    errno.ENOENT: "Check the path; is what it needs installed?",
    errno.ENOTDIR: "Check the path.",
    errno.EISDIR: "Name a file.",
    errno.ENAMETOOLONG: "Use a shorter name.",
    errno.ENOMEM: "Free memory and run it again.",
    errno.EAGAIN: "Too many processes or threads run: end some (`ulimit -u` is the limit) and run it again.",
}
CODE = re.compile(r"\(os error (\d+)\)|\[[Ee]rrno (\d+)\]")  # as Rust's libraries and Arrow write it


def run_stage(name: str, description: str, **chosen: Sequence[str]) -> None:
    """Runs a stage as a program and exits: 0 when it succeeded, 1 after a mistake that the user can mend.

    A stage's ``__main__.py`` calls it before it imports anything else, and is then imported from here: ``--help`` and
    a wrong argument wait for no large package, and a file that can't be read ends in one line then, too.

    Args:
        name: The stage's.
        description: What ``--help`` says.
        chosen: The arguments that the stage's ``main`` takes, in their order, and the values that each can have.
    """
    parser = argparse.ArgumentParser(prog=f"python -m stages.{name}", description=description)
    for argument, values in chosen.items():
        parser.add_argument(argument, choices=values)

    def run(given: argparse.Namespace) -> None:
        try:
            main = importlib.import_module(f"stages.{name}.__main__").main
            main(*(getattr(given, argument) for argument in chosen))
        except KeyboardInterrupt as interrupt:
            again = "Call it again: what has finished is not run again."
            raise Interrupted(str(interrupt) or again) from None

    run_command(run, parser)


def run_command(
    command: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser, arguments: list[str] | None = None
) -> None:
    """Runs a function of the command line as a program and exits, as :func:`run_program` does.

    Args:
        command: The function; what it needs of large packages it imports itself, so that ``--help`` need not wait.
        parser: Reads the command line; ``--debug`` is added to it.
        arguments: The command line without the program's name; ``sys.argv`` by default.
    """
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    try:
        given = parser.parse_args(arguments)
    except (SystemExit, BrokenPipeError):
        _end_quietly_where_nobody_reads()
        raise
    run_program(lambda: command(given), given.debug)


def run_program(program: Callable[[], None], debug: bool) -> None:
    """Runs a function as a program and exits: 0 when it succeeded, 1 after a mistake that the user can mend.

    What the operating system refuses ends in one line, too: a full disk, a folder that is read-only, too many open
    files. A program whose output nobody reads any more (``| head``) ends without a word.

    Args:
        program: The function.
        debug: Whether an error shows its traceback.
    """
    end_with_parent()
    try:
        program()
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error), debug)
    except KeyboardInterrupt as interrupt:
        _fail(f"Interrupted. Nothing was left half-written. {interrupt}", debug)
    except Exception as error:
        if isinstance(error, BrokenPipeError):
            _end_quietly_where_nobody_reads()
        message = _of_the_system(error)
        if message is None:
            raise
        _fail(message, debug)
    sys.exit(0)


def end_in_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Python's ``sys.excepthook`` of a program that imports before it runs: one line for what the system refuses."""
    message = _of_the_system(error)
    if message is None or "--debug" in sys.argv:
        sys.__excepthook__(kind, error, trace)
    else:
        _say(message)


def _of_the_system(error: BaseException) -> str | None:
    """One line for what the operating system refused; None for any other error.

    Libraries that are not written in Python raise exceptions of their own, which name the system's code or its words.
    """
    told = str(error)
    if isinstance(error, OSError) and (error.errno or error.__cause__ is None):
        number, path = error.errno, error.filename
    else:
        found = CODE.search(told)
        number = int(next(filter(None, found.groups()))) if found else None
        number, path = number or next((code for code in MENDS if os.strerror(code) in told), None), None
    if number is None and not isinstance(error, OSError):
        return _of_the_system(error.__cause__) if error.__cause__ else None
    mend = MENDS.get(number or 0, "Mend that and run it again.")
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{f' while writing {path}' if path else ''}. {mend}"
    reason = os.strerror(number).lower() if number and path else re.sub(r"^\[Errno \d+\] ", "", told).rstrip(".")
    return f"{f'{os.fsdecode(path)}: ' if isinstance(path, str | bytes) else ''}{reason}. {mend}"


def _end_quietly_where_nobody_reads() -> None:
    """Ends the program without a word if what reads its output is gone."""
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    poll = select.poll()
    poll.register(1, 0)
    if any(happened & select.POLLERR for _, happened in poll.poll(0)):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left to be written at exit goes there
        sys.exit(BROKEN_PIPE)


def _fail(message: str, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    _say(message)
    sys.exit(1)


def _say(message: str) -> None:
    print(f"error: {one_line(message)}", file=sys.stderr, flush=True)


def end_with_parent() -> None:
    """Asks Linux to end this process with its parent, so that a killed ``dvc`` leaves no orphan behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
