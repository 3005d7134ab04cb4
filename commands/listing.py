"""Shows the entries of catalog/datasets as a table."""

import sys

from stages.common.core.catalog import entry_names, load_entry
from stages.common.core.messages import UserError
from stages.common.fetching.sources import PinnedFile
from stages.download.entry import DatasetEntry

HEAD = ("name", "title", "task", "language", "labels", "published splits", "MiB", "from")


def list_datasets() -> None:
    """Prints a Markdown table: what each entry is, how large its files are and where they come from.

    An entry that is not finished has a line of its own on stderr.
    """
    rows: list[tuple[str, ...]] = [HEAD]
    faults: list[str] = []
    for name in entry_names("datasets"):
        try:
            rows.append(_row(name, load_entry("datasets", name, DatasetEntry)))
        except UserError as error:
            faults.append(str(error))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    rows.insert(1, tuple("-" * width for width in widths))
    for row in rows:
        print(f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |")
    for fault in faults:
        print(f"not listed: {fault}", file=sys.stderr)


def _row(name: str, entry: DatasetEntry) -> tuple[str, ...]:
    size = sum(file.size or 0 for file in entry.files) / 2**20
    splits = dict.fromkeys(part.split for part in entry.parts if part.split)
    places = dict.fromkeys(place for file in entry.files for place in _places(file))
    known = f"{size:.1f}" if all(file.size for file in entry.files) else "?"
    labels = str(len(entry.labels))
    return name, entry.title, entry.task, entry.language, labels, ", ".join(splits), known, ", ".join(places)


def _places(file: PinnedFile) -> list[str]:
    return [source.package or (source.url or "").partition("://")[0] for source in file.sources]
