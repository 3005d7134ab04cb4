"""How a run is executed: settings that cannot change a result, and so are no parameters.

They come from the git-ignored ``execution.yaml`` at the top of the checkout (``execution.example.yaml`` shows them);
a variable in the environment, named like the setting in capitals with ``PLUMBLINE_`` before it, wins.
"""

import os
import sys
from pathlib import Path

from pydantic import Field

from stages.common.messages import UserError
from stages.common.validation import Strict, read_yaml, validate

EXECUTION = "execution.yaml"


class Execution(Strict):
    """How a run is executed.

    Attributes:
        workers: Processes that work on the rows of a data stage at once; 0 means one for each processor core.
    """

    workers: int = Field(default=0, ge=0)

    @property
    def worker_count(self) -> int:
        """The number of worker processes, at least one."""
        if self.workers:
            return self.workers
        return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def load_execution() -> Execution:
    """Reads the execution settings; the defaults where nothing is set.

    Queued experiments run in a copy of the checkout without git-ignored files: they read the main checkout's file.

    Raises:
        UserError: If a setting is unknown or its value is not allowed.
    """
    path = Path(os.environ.get("DVC_ROOT", ".")) / EXECUTION
    settings = read_yaml(path) if path.exists() else {}
    for name in Execution.model_fields:
        variable = f"PLUMBLINE_{name.upper()}"
        if variable in os.environ:
            try:
                settings[name] = int(os.environ[variable])
            except ValueError:
                value = os.environ[variable]
                raise UserError(f"${variable} is {value!r}, not a whole number.", "Change or unset it.") from None
    return validate(Execution, settings, str(path))
