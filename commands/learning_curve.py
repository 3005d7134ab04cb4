"""Says what more labels should bring: a learning curve of the run's training documents, and a power law through it."""

import argparse

from stages.common.core.entry import run_command


def main(given: argparse.Namespace) -> None:
    """Prints the curve of the run in the working tree and what it foretells; writes nothing but kept embeddings.

    Raises:
        UserError: If there is no run to measure, or too few documents.
    """
    from commands.learning.report import report  # here, so that --help does not wait for it

    print("\n".join(report(given)))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument(
        "--labels", type=_positive, help="as if so many labels had been made; all training documents by default"
    )
    made.add_argument("--more", type=_positive, default=100, help="how many further labels to foretell")
    made.add_argument("--draws", type=_several, default=10, help="orders in which documents are labelled")
    made.add_argument("--seed", type=int, default=1, help="of the draws")
    return made


def _positive(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise argparse.ArgumentTypeError(f"{said}: at least 1")
    return int(said)


def _several(said: str) -> int:
    if _positive(said) < 2:
        raise argparse.ArgumentTypeError(f"{said}: at least 2")
    return int(said)


if __name__ == "__main__":
    run_command(main, parser())
