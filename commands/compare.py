"""Compares two runs by their predictions on the same test documents; writes nothing."""

import argparse

from stages.common.core.entry import run_command


def main(one: str, other: str) -> None:
    """Prints how two runs compare.

    Args:
        one: An experiment's name, a git revision (``workspace`` is the working tree), a predictions.parquet, or a
            folder that holds a run.
        other: Likewise.

    Raises:
        UserError: If one cannot be found, or they were not tested on the same documents.
    """
    from commands.comparison import compare_runs  # here, so that --help does not wait for it

    print("\n".join(compare_runs(one, other)))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    run = "an experiment, a git revision (workspace is the working tree), a predictions.parquet, or a folder with a run"
    made.add_argument("one", metavar="A", help=run)
    made.add_argument("other", metavar="B", help="likewise")
    return made


if __name__ == "__main__":
    run_command(lambda given: main(given.one, given.other), parser())
