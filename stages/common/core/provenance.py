"""What a model directory says of its own making: parameters, and the hashes of what it was made from."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.common.core.messages import UserError
from stages.common.core.outputs import write_json
from stages.common.core.parameters import PARAMS
from stages.common.core.validation import Strict, read_record, read_yaml

PROVENANCE = "provenance.json"
SECTIONS = ("dataset", "model", "fetch_models", "download", "clean", "augment", "split", "audit", "finetune")
INPUTS = (Path("data/audited"), Path("data/splits"), Path("models/fetched/pretrained"))
BLOCK = 2**20  # bytes


class Provenance(Strict):
    """What a model was made from: nothing in it depends on the machine or the clock.

    Attributes:
        parameters: The sections of params.yaml up to training.
        inputs: The hash that DVC gives each folder that training read.
    """

    parameters: dict[str, Any]
    inputs: dict[str, str]


def write_provenance(folder: Path) -> None:
    """Writes ``provenance.json`` into a model's folder, from params.yaml and the bytes of training's inputs."""
    params = read_yaml(PARAMS)
    parameters = {section: params[section] for section in SECTIONS if section in params}
    record = Provenance(parameters=parameters, inputs={str(path): directory_hash(path) for path in INPUTS})
    write_json(folder / PROVENANCE, record.model_dump())


def read_provenance(folder: Path) -> Provenance:
    """Reads ``provenance.json`` of a model.

    Raises:
        UserError: If it is missing or something in it is wrong.
    """
    return read_record(Provenance, folder / PROVENANCE)


def directory_hash(folder: Path, without: Iterable[str] = ()) -> str:
    """The hash that DVC gives a folder: that of the sorted list of its files and their MD5 (dvc_data.hashfile.tree).

    Args:
        folder: The folder.
        without: Names of files, relative to the folder, that do not count.

    Returns:
        As dvc.lock records it, such as ``9f…c1.dir``.

    Raises:
        UserError: If there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder.", "Run `dvc repro`, which makes it, or `dvc pull`.")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    listed = [{"md5": file_hash(folder / name), "relpath": name} for name in names if name not in without]
    return f"{hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest()}.dir"


def file_hash(path: Path) -> str:
    """The MD5 of a file, as dvc.lock records it."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
