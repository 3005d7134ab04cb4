"""Answers texts over HTTP with a fine-tuned model: POST them to /predict; / is a page for trying it."""

import argparse
import math
from pathlib import Path

from commands.serving.limits import Limits
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError

MODEL = Path("models/exported")
DEFAULT = Limits()
WHAT = {  # what the options are that say what is taken, by the attributes of Limits
    "body_bytes": "the largest body of a request",
    "texts": "the most texts of a request",
    "characters": "the longest text",
    "queue_texts": "the most texts that wait",
    "queue_bytes": "the most bytes of requests that are read or wait",
    "batch_tokens": "tokens that are computed at once",
    "deadline": "seconds after which a request is given up",
    "patience": "seconds that a client has to send a request, and to read the answer",
}


def main(arguments: argparse.Namespace) -> None:
    """Runs the service.

    Raises:
        UserError: If the model, the address or an option is not what it should be.
    """
    limits = Limits(**{name: getattr(arguments, name) for name in WHAT})
    for name in WHAT:
        value = getattr(limits, name)
        if not (math.isfinite(value) and value > 0):
            raise UserError(f"--{name.replace('_', '-')} {value} is out of range.", "It must be above 0.")
    if limits.queue_texts < limits.texts or limits.queue_bytes < limits.body_bytes:
        raise UserError("the queue is smaller than a request.", "Raise --queue-texts or --queue-bytes.")
    if not 0 <= arguments.abstain_below <= 1 or arguments.threads < 1 or not 0 <= arguments.port < 2**16:
        raise UserError("--abstain-below, --threads or --port is out of range.", "To 1; from 1; to 65535.")
    from commands.serving.running import serve  # here, so that --help does not wait for torch

    serve(arguments, limits)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("model", type=Path, nargs="?", default=MODEL, help="the model's folder")
    made.add_argument("--host", default="127.0.0.1", help="where it listens; this machine only by default")
    made.add_argument("--port", type=int, default=8000, help="the port; 0 takes a free one")
    made.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where it computes")
    made.add_argument("--threads", type=int, default=2, help="processor threads of the model")
    made.add_argument("--abstain-below", type=float, default=0.0, help="probability below which no label is given")
    made.add_argument("--log", action="store_true", help="a line for each request on stderr; never a text")
    for name, what in WHAT.items():
        default = getattr(DEFAULT, name)
        option = f"--{name.replace('_', '-')}"
        made.add_argument(option, type=type(default), default=default, help=f"{what}; {default:,} by default")
    return made


if __name__ == "__main__":
    run_command(main, parser())
