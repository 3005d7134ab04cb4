"""Fetches the lexicon that augmentation takes synonyms from, each file checked against the hash in catalog/lexicons."""

import tempfile
from pathlib import Path

from stages.common.catalog import load_entry
from stages.common.entry import run_stage
from stages.common.messages import closing_line
from stages.common.outputs import new_outputs
from stages.common.packed_files import PackedFiles, fetch_packed

LEXICON = Path("data/lexicon")


def main() -> None:
    """Puts the lexicon's files, and no others, into data/lexicon."""
    name = "wordnet"
    entry = load_entry("lexicons", name, PackedFiles)
    with new_outputs(LEXICON) as (folder,), tempfile.TemporaryDirectory(prefix=".archive-", dir=folder) as scratch:
        fetch_packed(entry, name, folder, Path(scratch))
    closing_line("fetch_lexicon", f"{entry.title}, {len(entry.members)} files, hashes as pinned")


if __name__ == "__main__":
    run_stage(main, "Fetch the lexicon of synonyms.")
