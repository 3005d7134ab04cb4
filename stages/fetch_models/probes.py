"""Fetches the files of the suites of probes that params.yaml names; one that cannot be got is named, and left out."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from stages.common.core.catalog import load_entry
from stages.common.core.messages import UserError
from stages.common.core.outputs import write_json
from stages.common.core.parameters import PARAMS
from stages.common.core.validation import read_yaml, validate
from stages.common.fetching.sources import PinnedFile, fetch

RECORD = "probes.json"


class ProbeFiles(BaseModel):
    """What of an entry of catalog/probes concerns fetching; the stage probe checks the rest.

    Attributes:
        files: Its files; none where the suite is in the entry.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    files: list[PinnedFile] = []


class Probe(BaseModel):
    """What of the section concerns fetching.

    Attributes:
        suites: Entries of catalog/probes.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    suites: list[str]


def load_suites() -> list[str]:
    """The suites that params.yaml names."""
    return validate(Probe, read_yaml(PARAMS).get("probe"), f"{PARAMS}: probe").suites


def fetch_probes(folder: Path) -> str:
    """Puts each suite's files into a folder of its name, and writes down which suites could not be got.

    The record says nothing of this machine: it is an output, and is to be the same wherever the same failed.

    Returns:
        What was fetched, and what was not and why, for the closing line.
    """
    record: dict[str, str | None] = {}
    told, count = [], 0
    for name in dict.fromkeys(load_suites()):
        record[name] = None
        files = load_entry("probes", name, ProbeFiles).files
        if files:
            (folder / name).mkdir()
        try:
            for file in files:
                fetch(file, name, folder / name)
        except UserError as error:
            record[name] = "its files could not be fetched; `dvc repro -f fetch_probes` tries again."
            told.append(f"{name} is left out: {error}")
            for left in (folder / name).iterdir():
                left.unlink()
        else:
            count += len(files)
    write_json(folder / RECORD, record)
    return "; ".join([f"{count} files of {list(record.values()).count(None)} suites, hashes as pinned", *told])
