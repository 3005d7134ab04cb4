"""Fetches the pretrained encoder, the lexicon, the optional models or suites of probes; each file has a pinned hash."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage(
        "fetch_models",
        "Fetch the encoder, the lexicon, the optional models or suites of probes.",
        what=("pretrained", "lexicon", "optional", "probes"),
    )

import tempfile
from functools import partial
from pathlib import Path

from stages.common.core.catalog import load_entry
from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section, load_value
from stages.common.fetching.packed_files import PackedFiles, fetch_packed
from stages.common.fetching.roles import RECORD
from stages.common.fetching.sources import fetch
from stages.fetch_models.entry import ModelEntry
from stages.fetch_models.parameters import FetchModelsParameters
from stages.fetch_models.probes import fetch_probes
from stages.fetch_models.thesaurus import thesaurus
from stages.fetch_models.wordnet import read_wordnet

FETCHED = Path("models/fetched")
WORDNET = "wordnet"  # the lexicon's entry


def main(what: str) -> None:
    """Puts the files of each role, and no others, into models/fetched/<role>."""
    fetchers = {"pretrained": fetch_pretrained, "lexicon": fetch_lexicon, "probes": fetch_probes}
    roles = [what] if what in fetchers else list(FetchModelsParameters.model_fields)
    with new_outputs(*(FETCHED / role for role in roles)) as folders:
        fetched = [
            f"{role}: {fetchers.get(role, partial(fetch_optional, role))(folder)}"
            for role, folder in zip(roles, folders, strict=True)
        ]
    closing_line("fetch_models", "; ".join(fetched))


def fetch_pretrained(folder: Path) -> str:
    """Fetches the encoder that params.yaml names as ``model``; says what was fetched."""
    name = load_value("model")
    return fetch_model(name, load_entry("models", name, ModelEntry), folder)


def fetch_optional(role: str, folder: Path) -> str:
    """Fetches the role's model, if params.yaml names one, and writes what readers need to know of it."""
    name = getattr(load_section("fetch_models", FetchModelsParameters), role)
    if name is None:
        write_json(folder / RECORD, None)
        return "none"
    entry = load_entry("models", name, ModelEntry)
    fetched = fetch_model(name, entry, folder)
    write_json(folder / RECORD, entry.record.model_dump())
    return fetched


def fetch_lexicon(folder: Path) -> str:
    """Fetches WordNet and makes ``synonyms.tsv``, the table of synonyms in every form, from it."""
    entry = load_entry("lexicons", WORDNET, PackedFiles)
    unpack(entry, WORDNET, folder)
    table = thesaurus(read_wordnet(folder))
    (folder / "synonyms.tsv").write_text(table, encoding="utf-8")
    words = table.count("\n")
    return f"{entry.title}, {len(entry.members)} files, hashes as pinned, {words:,} words"


def fetch_model(name: str, entry: ModelEntry, folder: Path) -> str:
    """Fetches a model's files, one by one or out of an archive."""
    if entry.packed:
        unpack(entry.packed, name, folder)
    for file in entry.files or []:
        fetch(file, name, folder)
    return f"{entry.title}, {len(entry.hashes)} files, hashes as pinned"


def unpack(entry: PackedFiles, name: str, folder: Path) -> None:
    """Takes an entry's files out of its archive, which is not kept."""
    with tempfile.TemporaryDirectory(prefix=".archive-", dir=folder) as scratch:
        fetch_packed(entry, name, folder, Path(scratch))
