"""How every stage starts and how it ends: one line for the user's mistakes, and no orphan that outlives DVC."""

import argparse
import ctypes
import errno
import signal
import sys
import traceback
from collections.abc import Callable

from stages.common.core.messages import UserError, one_line

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def run_stage(stage: Callable[[], None], description: str, arguments: list[str] | None = None) -> None:
    """Runs a stage as a program and exits: 0 when it succeeded, 1 after a mistake that the user can mend.

    Args:
        stage: The stage's function.
        description: What ``--help`` says.
        arguments: The command line without the program's name; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    run_program(stage, debug=parser.parse_args(arguments).debug)


def run_program(program: Callable[[], None], debug: bool) -> None:
    """Runs a function as a program and exits: 0 when it succeeded, 1 after a mistake that the user can mend.

    Args:
        program: The function.
        debug: Whether an error shows its traceback.
    """
    end_with_parent()
    try:
        program()
    except UserError as error:
        _fail(str(error), debug)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        _fail(f"The disk is full{where}. Nothing was left half-written: make room and run it again.", debug)
    except KeyboardInterrupt:
        _fail("Interrupted. Nothing was left half-written.", debug)
    sys.exit(0)


def _fail(message: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(f"error: {one_line(message)}", file=sys.stderr, flush=True)
    sys.exit(1)


def end_with_parent() -> None:
    """Asks Linux to end this process with its parent, so that a killed ``dvc`` leaves no orphan behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
