"""Gets a dataset: fetches its files, checks their hashes, reads them into the document table."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from stages.common.card import write_card
from stages.common.catalog import load_entry
from stages.common.documents import write_documents, write_rejected
from stages.common.entry import run_stage
from stages.common.messages import closing_line, progress
from stages.common.outputs import new_outputs, write_json
from stages.common.parameters import load_section, load_value
from stages.common.sources import fetch
from stages.download.assemble import assemble
from stages.download.entry import DatasetEntry, Part
from stages.download.parameters import DownloadParameters
from stages.download.readers.record import BadRecord, Record

DATA, REPORT = Path("data/raw"), Path("reports/download/summary.json")


def main() -> None:
    """Reads the dataset that params.yaml names into data/raw."""
    name = load_value("dataset")
    parameters = load_section("download", DownloadParameters)
    entry = load_entry("datasets", name, DatasetEntry)

    with new_outputs(DATA, REPORT) as (data, report):
        with tempfile.TemporaryDirectory(prefix=".files-", dir=data) as scratch:
            files = {file.name: fetch(file, name, Path(scratch)) for file in entry.files}
            documents, rejected = assemble(read(entry.parts, files), entry, parameters.most_rejected)

        write_documents(documents, data / "documents.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_card(entry.card(name, len(documents)), data)
        summary = {
            "dataset": name,
            "documents": len(documents),
            "rejected": len(rejected),
            "labels": documents["label"].value_counts().sort_index().to_dict(),
            "published_splits": documents["published_split"].value_counts().sort_index().to_dict(),
        }
        write_json(report, summary)
    closing_line("download", f"{entry.title}, {len(documents):,} documents, {len(rejected):,} rejected")


def read(parts: list[Part], files: dict[str, Path]) -> Iterator[tuple[Part, Record | BadRecord]]:
    """Yields each record of each part."""
    for part in parts:
        for record in progress(part.reader.read(files[part.file]), part.file, "document"):
            yield part, record


if __name__ == "__main__":
    run_stage(main, "Get the dataset that params.yaml names.")
