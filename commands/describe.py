"""Drafts an entry of catalog/datasets for files or a folder of labelled texts, and prints it as YAML."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from stages.common.core.entry import run_command


def main(paths: Sequence[Path]) -> None:
    """Prints the draft.

    Args:
        paths: The files or the folder.

    Raises:
        UserError: If there is nothing there that could be labelled text.
    """
    from commands.drafts import describe  # here, so that --help does not wait for it

    describe(paths)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument(
        "files",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="a file of labelled texts, the files of its splits, or a folder",
    )
    return made


if __name__ == "__main__":
    run_command(lambda given: main(given.files), parser())
