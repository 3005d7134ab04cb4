"""Prints how a model came about, from raw file to metric; packs a model together with all of that.

A model's folder says by itself which parameters and data it was made of (provenance.json). What else is known - the
hashes of every stage, the machine, the figures - stands in git: it is found by the hash of the folder's bytes.
"""

import argparse
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from commands.records import (
    CALIBRATION,
    ENVIRONMENT,
    LOCK,
    METRICS,
    MODEL,
    PARAMS,
    SUMMARY,
    content_at,
    find_revision,
    git,
    stages_of,
)
from stages.common.core.entry import run_program
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.provenance import PROVENANCE, directory_hash, read_provenance
from stages.common.documents.card import read_card

RUN = "run"  # the folder inside a packed model that holds what git knows of it
RECORDS = (LOCK, PARAMS, ENVIRONMENT, SUMMARY, METRICS, CALIBRATION, Path("requirements.txt"))
ORDER = ("download", "fetch_lexicon", "clean", "augment", "split", "fetch_model", "audit", "finetune", "evaluate")


def main(folder: Path, pack: Path | None) -> None:
    """Prints the chain, or packs the model.

    Args:
        folder: A model's folder, anywhere.
        pack: Where to put the packed model; None to print.

    Raises:
        UserError: If the folder is no model, or nothing is known of it.
    """
    read_card(folder)
    records, revision = records_of(folder)
    if pack is None:
        print("\n".join(chain(folder, records, revision)))
        return
    if pack.exists():
        raise UserError(f"{pack}: is there already.", "Name a folder that is not.")
    with new_outputs(pack) as (made,):
        shutil.copytree(folder, made, dirs_exist_ok=True)
        for name, content in records.items():
            (made / RUN / name).parent.mkdir(parents=True, exist_ok=True)
            (made / RUN / name).write_text(content, encoding="utf-8")
        write_json(made / RUN / "origin.json", {"revision": revision, "model": model_hash(folder)})
    closing_line("trace", f"{pack} holds the model and, in {pack / RUN}, how it came about")


def records_of(folder: Path) -> tuple[dict[str, str], str]:
    """What is known of the run that made a model: packed beside it, else of the working tree, else in git.

    Args:
        folder: The model.

    Returns:
        The content of each of :data:`RECORDS` that there is, and the revision, or ``the working tree``.

    Raises:
        UserError: If no run is known to have made these bytes.
    """
    if (folder / RUN / "origin.json").exists():
        origin = json.loads((folder / RUN / "origin.json").read_text(encoding="utf-8"))
        if origin["model"] != model_hash(folder):
            raise UserError(f"{folder}: was changed after it was packed.", "Pack it anew from its repository.")
        packed = {str(path): folder / RUN / path for path in RECORDS}
        contents = {name: path.read_text(encoding="utf-8") for name, path in packed.items() if path.exists()}
        return contents, origin["revision"]
    md5 = model_hash(folder)
    lock = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
    if md5 in lock:
        committed = content_at("HEAD", LOCK) == lock
        contents = {str(path): path.read_text(encoding="utf-8") for path in RECORDS if path.exists()}
        return contents, git("rev-parse", "HEAD") if committed else "the working tree"
    revision = find_revision(md5)
    if revision is None:
        raise UserError(
            f"{folder}: no dvc.lock of this repository, at any revision, names these bytes ({md5}).",
            "Run this in the repository that the model came from, after `git fetch --all`.",
        )
    known = {str(path): content_at(revision, path) for path in RECORDS}
    return {name: content for name, content in known.items() if content is not None}, revision


def model_hash(folder: Path) -> str:
    """The hash of a model's folder, without what packing adds."""
    added = [path.relative_to(folder).as_posix() for path in (folder / RUN).rglob("*")]
    return directory_hash(folder, without=added)


def chain(folder: Path, records: dict[str, str], revision: str) -> list[str]:
    """The lines that :func:`main` prints: raw files, then each stage, the machine, the figures."""
    card = read_card(folder)
    stages = stages_of(records.get(str(LOCK)), str(LOCK))
    lines = [f"{folder}: {model_hash(folder)}, from the run of {revision}"]
    lines += [f"raw file  {source.name}  {source.hash}" for source in card.sources]
    for name in (stage for stage in ORDER if stage in stages):
        lines.append(f"{name}")
        lines += [f"  read  {dep['path']}  {dep['md5']}" for dep in stages[name]["deps"] if _is_data(dep["path"])]
        code = {dep["path"]: dep["md5"] for dep in stages[name]["deps"]}.get(f"stages/{name}", "")
        lines.append(f"  code  stages/{name}  {code}")
        params = stages[name].get("params", {})
        for section, value in params.get("params.yaml", {}).items():
            lines.append(f"  with  {section}: {json.dumps(value, ensure_ascii=False)}")
        if params.get("pins.yaml"):
            lines.append("  pins  " + ", ".join(f"{package} {pin}" for package, pin in params["pins.yaml"].items()))
        made = stages[name].get("outs", [])
        lines += [f"  made  {out['path']}  {out['md5']}" for out in made if out["path"] != str(SUMMARY)]
    if (folder / PROVENANCE).exists():
        lines.append(f"the model's own record agrees: {_agrees(folder, stages)}")
    lines += _machine(json.loads(records[str(ENVIRONMENT)])) if str(ENVIRONMENT) in records else []
    return lines + (_figures(json.loads(records[str(METRICS)])) if str(METRICS) in records else ["no figures yet"])


def _is_data(path: str) -> bool:
    return path.startswith(("data/", "models/", "catalog/"))


def _agrees(folder: Path, stages: dict[str, Any]) -> str:
    own = read_provenance(folder).inputs
    recorded = {dep["path"]: dep["md5"] for dep in stages["finetune"]["deps"]}
    return "yes" if all(recorded.get(path) == md5 for path, md5 in own.items()) else "no"


def _machine(environment: dict[str, Any]) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    on = ", ".join(str(environment[name]) for name in ("system", "processor", "device", "precision"))
    return [f"machine  {on}, {environment['threads']} threads; Python {environment['python']}, {packages}"]


def _figures(metrics: dict[str, Any]) -> list[str]:
    return [
        f"metric  {name}.{figure}  {said['value']:.4f} ({said['low']:.4f} to {said['high']:.4f})"
        for name in ("encoder", "baseline")
        for figure, said in metrics.get(name, {}).items()
        if said.get("value") is not None
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=MODEL, help="a model's folder")
    parser.add_argument("--pack", type=Path, metavar="OUT", help="copy the model and all that is known of it to OUT")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    arguments = parser.parse_args()
    run_program(partial(main, arguments.folder, arguments.pack), arguments.debug)
