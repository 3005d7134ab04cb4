"""Fetches the lexicon, each file checked against its pinned hash, and makes the table of synonyms from it."""

import tempfile
from pathlib import Path

from stages.common.core.catalog import load_entry
from stages.common.core.entry import run_stage
from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs
from stages.common.fetching.packed_files import PackedFiles, fetch_packed
from stages.fetch_lexicon.thesaurus import thesaurus
from stages.fetch_lexicon.wordnet import read_wordnet

LEXICON = Path("data/lexicon")


def main() -> None:
    """Puts the lexicon's files and ``synonyms.tsv``, and no others, into data/lexicon."""
    name = "wordnet"
    entry = load_entry("lexicons", name, PackedFiles)
    with new_outputs(LEXICON) as (folder,), tempfile.TemporaryDirectory(prefix=".archive-", dir=folder) as scratch:
        fetch_packed(entry, name, folder, Path(scratch))
        table = thesaurus(read_wordnet(folder))
        (folder / "synonyms.tsv").write_text(table, encoding="utf-8")
    words = table.count("\n")
    closing_line("fetch_lexicon", f"{entry.title}, {len(entry.members)} files, hashes as pinned, {words:,} words")


if __name__ == "__main__":
    run_stage(main, "Fetch the lexicon of synonyms.")
