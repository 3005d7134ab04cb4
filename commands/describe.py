"""Drafts an entry of catalog/datasets for a file or folder of labelled texts, and prints it as YAML."""

import argparse
from functools import partial
from pathlib import Path

from stages.common.core.entry import run_program


def main(path: Path) -> None:
    """Prints the draft.

    Args:
        path: The file or folder.

    Raises:
        UserError: If there is nothing there that could be labelled text.
    """
    from commands.drafts import describe  # here, so that --help does not wait for it

    describe(path)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("file", metavar="FILE", type=Path, help="a file of labelled texts, or a folder of them")
    made.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return made


if __name__ == "__main__":
    arguments = parser().parse_args()
    run_program(partial(main, arguments.file), arguments.debug)
