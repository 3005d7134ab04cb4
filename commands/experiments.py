"""Runs DVC experiments in a copy of the checkout, so that the working tree stays as it is."""

import signal
import subprocess
from collections.abc import Mapping
from typing import Any

from commands.mend import mend
from commands.records import git
from stages.common.core.messages import Interrupted, UserError


def run_experiment(name: str, values: Mapping[str, Any], target: str) -> str:
    """Runs the graph up to a stage with some parameters changed; what they do not change is not run again.

    Args:
        name: What the experiment is called; an earlier one of this name is replaced.
        values: Parameters by their dotted names.
        target: The stage.

    Returns:
        The experiment's git reference.

    Raises:
        UserError: If it fails; its own messages stand above.
        Interrupted: On Ctrl-C, when DVC has ended.
    """
    mend()
    subprocess.run(["dvc", "exp", "remove", "--quiet", name], stderr=subprocess.DEVNULL)  # from an earlier call, if any
    changes = [part for parameter, value in values.items() for part in ("-S", f"{parameter}={value}")]
    command = ["dvc", "exp", "run", "--temp", "--name", name, *changes, target]
    if _run(command):
        raise UserError(f"`{' '.join(command)}` failed.", "Mend what it says above and run it again.")
    head = git("rev-parse", "HEAD")
    return f"refs/exps/{head[:2]}/{head[2:]}/{name}"


def _run(command: list[str]) -> int:
    """Runs DVC and gives its exit code; on Ctrl-C it waits for DVC, which the terminal has told of it, too.

    Raises:
        Interrupted: On Ctrl-C.
    """
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *how: pressed.append(how))
    try:
        code = subprocess.run(command).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise Interrupted(
            "Call it again: what has finished is not run again, a training goes on at its last checkpoint."
        )
    return code
