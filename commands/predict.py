"""Answers texts with a fine-tuned model: cleaned as its training texts were, by the records of its own run."""

import argparse
import math
from pathlib import Path

from stages.common.core.entry import run_command
from stages.common.core.messages import UserError

MODEL = Path("models/exported")
FORMATS, STDIN = ("csv", "tsv", "jsonl", "parquet", "txt"), Path("-")  # what commands.texts reads
EXPLAIN = ("auto", "integrated_gradients", "gradient_times_input", "occlusion")  # what stages.explain has
MOST_THREADS = 1_024  # more are a slip of the finger, and end in a crash of OpenMP


def main(arguments: argparse.Namespace) -> None:
    """Reads texts, answers them, writes the answers.

    Raises:
        UserError: If the model or the input is not what it should be.
    """
    temperature = arguments.temperature
    if temperature is not None and not (temperature > 0 and math.isfinite(temperature)):
        raise UserError("--temperature is out of range.", "It must be above 0.")
    if not 0 <= arguments.abstain_below <= 1:
        raise UserError("--abstain-below is out of range.", "It must be from 0 to 1.")
    for name in ("threads", "processes"):
        if not 1 <= getattr(arguments, name) <= MOST_THREADS:
            raise UserError(f"--{name} is out of range.", f"It must be from 1 to {MOST_THREADS:,}.")
    if arguments.resume and not arguments.out:
        raise UserError("--resume: answers on stdout are not kept.", "Name a file with --out.")
    from commands.predicting.run import predict  # here, so that --help does not wait for pyarrow

    predict(arguments)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    known = ", ".join(FORMATS)
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("input", type=Path, nargs="?", default=STDIN, help="the texts; - or nothing for stdin")
    made.add_argument("--out", type=Path, help="a .csv, .jsonl or .parquet file; JSON lines on stdout by default")
    made.add_argument("--resume", action="store_true", help="go on with --out where an earlier run was stopped")
    made.add_argument("--model", type=Path, default=MODEL, help="the model's folder")
    made.add_argument("--format", choices=FORMATS, help=f"{known}; by the suffix by default, txt for stdin")
    made.add_argument("--text", default="text", help="the column or key that holds the text")
    made.add_argument("--text-pair", default="text_pair", help="that of the second text, where a model reads pairs")
    made.add_argument("--tokens", help="that of a list of words, where a model tags words; texts are split by default")
    made.add_argument("--id", help="the column or key that names each text; they are numbered by default")
    made.add_argument("--abstain-below", type=float, default=0.0, help="probability below which no label is given")
    made.add_argument("--temperature", type=float, help="what logits are divided by, instead of the model's own")
    made.add_argument(
        "--explain",
        nargs="?",
        const="auto",
        choices=EXPLAIN,
        help="what each word adds to the answer: integrated gradients, of an exported model occlusion, or as named",
    )
    made.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where it computes")
    made.add_argument("--threads", type=int, default=2, help="processor threads, of each process")
    made.add_argument("--processes", type=int, default=1, help="processes that answer at once, each with the model")
    return made


if __name__ == "__main__":
    run_command(main, parser())
