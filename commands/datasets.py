"""Lists the datasets of the catalog."""

import argparse

from stages.common.core.entry import run_command


def main() -> None:
    """Prints a Markdown table of catalog/datasets."""
    from commands.listing import list_datasets  # here, so that --help does not wait for it

    list_datasets()


if __name__ == "__main__":
    run_command(
        lambda _: main(),
        argparse.ArgumentParser(
            description="List the datasets of the catalog: what each is, how large and where it comes from."
        ),
    )
