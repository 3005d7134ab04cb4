"""Fetches a pretrained encoder, each of its files checked against the hash in catalog/models."""

import tempfile
from pathlib import Path

from stages.common.core.catalog import load_entry
from stages.common.core.entry import run_stage
from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs
from stages.common.core.parameters import load_value
from stages.common.fetching.packed_files import PackedFiles, fetch_packed

MODEL = Path("models/fetched/pretrained")


def main() -> None:
    """Puts the model's files, and no others, into models/fetched/pretrained."""
    name = load_value("model")
    entry = load_entry("models", name, PackedFiles)
    with new_outputs(MODEL) as (folder,), tempfile.TemporaryDirectory(prefix=".archive-", dir=folder) as scratch:
        fetch_packed(entry, name, folder, Path(scratch))
    closing_line("fetch_model", f"{entry.title}, {len(entry.members)} files, hashes as pinned")


if __name__ == "__main__":
    run_stage(main, "Fetch the pretrained encoder that params.yaml names.")
