"""Records of a run that never ran: outputs of a few bytes, and the dvc.lock that their hashes make."""

import json
import shutil

import yaml

from stages.common.core.hashes import directory_hash, file_hash
from tests.corpus import commit, run

STAGES = {  # by name: what it reads, the sections it depends on, and the files that it makes
    "download": (["catalog/datasets/tiny.yaml"], ["dataset"], ["data/raw/documents.parquet"]),
    "fetch_models@pretrained": (["catalog/models/tiny.yaml"], [], ["models/fetched/pretrained/model.safetensors"]),
    "fetch_models@lexicon": (["catalog/models/tiny.yaml"], [], ["models/fetched/lexicon/thesaurus.tsv"]),
    "clean": (["data/raw"], ["clean"], ["data/clean/documents.parquet"]),
    "augment": (
        ["data/clean", "models/fetched/pretrained", "models/fetched/lexicon"],
        [],
        ["data/augmented/documents.parquet"],
    ),
    "split": (["data/augmented"], [], ["data/splits/train.parquet", "data/splits/validation.parquet"]),
    "audit": (["data/splits"], [], ["data/audited/train.parquet", "data/audited/issues.parquet"]),
    "finetune": (
        ["data/audited/train.parquet", "data/splits/validation.parquet", "models/fetched/pretrained"],
        ["finetune"],
        ["models/finetuned/model.safetensors", "reports/finetune/environment.json"],
    ),
    "evaluate": (["data/splits", "models/finetuned"], [], ["reports/evaluate/metrics.json"]),
}
PARAMS = {"dataset": "tiny", "clean": {"lowercase": False}, "finetune": {"seed": 1}}
ENVIRONMENT = {
    "python": "3.11.7",
    "packages": {"torch": "2.13.0"},
    "system": "Linux x86_64",
    "processor": "AMD EPYC",
    "cores": 2,
    "threads": 2,
    "device": "cpu",
    "precision": "fp32",
    "instruction_set": "AVX2",
}
METRICS = {"documents": 9, "encoder": {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}}}


def record(folder, content="one", stages=tuple(STAGES)):
    """Writes outputs of some stages and what they are made of, and puts these stages into dvc.lock."""
    for path, text in (
        ("dvc.yaml", yaml.safe_dump({"stages": {name.partition("@")[0]: {} for name in STAGES}})),
        ("params.yaml", yaml.safe_dump(PARAMS)),
        ("catalog/datasets/tiny.yaml", "files: [{name: tiny.zip, sha256: 00ff}]\n"),
        ("catalog/models/tiny.yaml", "archive: {name: encoder.zip, sha256: 11ee}\n"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    lock = folder / "dvc.lock"
    recorded = yaml.safe_load(lock.read_text())["stages"] if lock.exists() else {}
    for name in stages:
        inputs, sections, files = STAGES[name]
        deps = [entry(folder, path) for path in inputs]
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text_of(file, content))
        outs = dict.fromkeys(out_of(file) for file in files)
        params = {"params.yaml": {section: PARAMS[section] for section in sections}}
        recorded[name] = {"deps": deps, "params": params, "outs": [entry(folder, out) for out in outs]}
    lock.write_text(yaml.safe_dump({"stages": recorded}, sort_keys=False))


def text_of(file, content):
    if file.endswith("environment.json"):
        return json.dumps(ENVIRONMENT)
    return json.dumps(METRICS) if file.endswith("metrics.json") else f"{content} of {file}"


def out_of(file):
    return file.rpartition("/")[0]


def entry(folder, path):
    place = folder / path
    return {"path": path, "md5": file_hash(place) if place.is_file() else directory_hash(place)}


def make_recorded(folder, inside=""):
    """A git repository with such a run, committed; in a folder of a larger one if that is named."""
    place = folder / inside
    place.mkdir(parents=True, exist_ok=True)
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "config", "user.name", "Tests")
    run(folder, "git", "config", "user.email", "tests@example.org")
    (place / ".gitignore").write_text("/data\n/models\n")
    record(place)
    commit(folder, "a run")
    return place


def record_model(folder, save, clean):
    """Puts a real model into the place of the recorded one, as made from documents that some rules had cleaned.

    Args:
        folder: Where it happens; it need not be a git repository.
        save: Writes the model into the folder that it is given.
        clean: The section ``clean`` of params.yaml in that run.
    """
    record(folder)
    model = folder / "models/finetuned"
    shutil.rmtree(model)
    model.mkdir()
    save(model)
    lock = yaml.safe_load((folder / "dvc.lock").read_text())
    del lock["stages"]["evaluate"]
    lock["stages"]["clean"]["params"]["params.yaml"]["clean"] = clean
    lock["stages"]["finetune"]["outs"][0] = entry(folder, "models/finetuned")
    (folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
