"""Gets a dataset: fetches its files, checks their hashes, reads them into the document table."""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from stages.common.core.catalog import load_entry
from stages.common.core.entry import run_program
from stages.common.core.messages import closing_line, progress
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section, load_value
from stages.common.documents.card import write_card
from stages.common.fetching.sources import fetch
from stages.download.assemble import Tally, as_documents, assemble, check
from stages.download.croissant import write_croissant
from stages.download.describe import describe
from stages.download.entry import DatasetEntry
from stages.download.listing import list_datasets
from stages.download.parameters import DownloadParameters
from stages.download.sorting import SortedById
from stages.download.tables import write_rejected_records, write_tables

DATA, REPORT = Path("data/raw"), Path("reports/download/summary.json")


def main() -> None:
    """Reads the dataset that params.yaml names into data/raw."""
    name = load_value("dataset")
    parameters = load_section("download", DownloadParameters)
    entry = load_entry("datasets", name, DatasetEntry)

    with new_outputs(DATA, REPORT) as (data, report):
        with tempfile.TemporaryDirectory(prefix=".files-", dir=data) as scratch:
            files = {file.name: fetch(file, name, Path(scratch)) for file in entry.files}

            tally, rows = Tally(), SortedById(Path(scratch))
            for part in entry.parts:
                found = progress(part.reader.read(files[part.file]), part.file, "block")
                for batch in assemble(part, found, entry, parameters.most_rejected, tally):
                    rows.add(as_documents(batch, part.split, entry.annotations))
            check(entry, tally)

            write_tables(rows, entry, files, data)
        write_rejected_records(tally.rejected, data)
        card = entry.card(name, tally.documents)
        write_card(card, data)
        write_croissant(card, entry, data)
        summary = {
            "dataset": name,
            "documents": tally.documents,
            "rejected": len(tally.rejected),
            "labels": dict(sorted(tally.labels.items())),
            "published_splits": dict(sorted(tally.splits.items())),
        }
        write_json(report, summary)
    closing_line("download", f"{entry.title}, {tally.documents:,} documents, {len(tally.rejected):,} rejected")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Get the dataset that params.yaml names.")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--list", action="store_true", help="show the datasets of the catalog instead")
    instead.add_argument("--describe", metavar="FILE", type=Path, help="draft an entry for a file or folder instead")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    asked = parser.parse_args()
    program = partial(describe, asked.describe) if asked.describe else list_datasets if asked.list else main
    run_program(program, asked.debug)
