"""Gets a dataset: fetches its files, checks their hashes, reads them into the document table."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("download", "Get the dataset that params.yaml names.")

import tempfile
from pathlib import Path

from stages.common.core.catalog import load_entry
from stages.common.core.messages import closing_line, progress
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section, load_value
from stages.common.documents.card import LABELS, write_card, write_labels
from stages.common.documents.table import NO_LABEL
from stages.common.documents.targets import too_small
from stages.common.fetching.sources import fetch
from stages.common.tasks import task_of
from stages.download.assemble import Tally, as_documents, assemble, check, reject, summarise
from stages.download.croissant import write_croissant
from stages.download.entry import DatasetEntry
from stages.download.parameters import DownloadParameters
from stages.download.sorting import SortedById
from stages.download.tables import write_answer_table, write_rejected_records, write_tables
from stages.download.unlabelled import Texts

DATA, REPORT = Path("data/raw"), Path("reports/download/summary.json")


def main() -> None:
    """Reads the dataset that params.yaml names into data/raw."""
    name = load_value("dataset")
    parameters = load_section("download", DownloadParameters)
    entry = load_entry("datasets", name, DatasetEntry)

    with new_outputs(DATA, REPORT, LABELS) as (data, report, labels):
        with tempfile.TemporaryDirectory(prefix=".files-", dir=data) as scratch:
            files = {file.name: fetch(file, name, Path(scratch)) for file in entry.files}

            tally, rows, texts = Tally(), SortedById(Path(scratch)), Texts(entry.parts)
            for part in entry.parts:
                records = progress(part.read(files), part.file, "block")
                for batch in assemble(part, records, entry, parameters.most_rejected, tally):
                    texts.add(part, batch)
                    rows.add(as_documents(batch, part.split, entry))
            check(entry, tally)
            texts.check()

            write_tables(rows, entry, files, data)
            if entry.answers:
                reject(write_answer_table(entry, files, data), parameters.most_rejected, tally)
        write_rejected_records(tally.rejected, entry, data)
        card = entry.card(name, tally.documents)
        write_card(card, data)
        write_labels(card, labels)
        write_croissant(card, entry, data)
        write_json(report, summarise(name, tally))
    small = too_small(tally.labels, tally.splits) if task_of(entry).answer == "label" and not entry.answers else ""
    unlabelled = f" ({tally.splits[NO_LABEL]:,} of them unlabelled)" if tally.splits[NO_LABEL] else ""
    said = f"{entry.title}, {tally.documents:,} documents{unlabelled}, {len(tally.rejected):,} rejected{small}"
    closing_line("download", said)
