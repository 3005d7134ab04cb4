"""Prints how a model came about, from raw file to metric; packs a model together with all of that.

It is read from dvc.lock: from the one that names the hash of the model's bytes, in the working tree or in git's
history. What each stage read is compared with what the stages before it made.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from commands.claims import metrics_of
from commands.lock import OF_RUNS, inputs_of, plain_name
from commands.origin import RUN, Origin, model_hash, origin_of, pack
from commands.records import ENVIRONMENT, METRICS, MODEL
from stages.common.core.catalog import CATALOG
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs
from stages.common.core.validation import load_yaml

HASHES = ("sha256", "md5", "tree")  # of a file in a catalog entry, the best one first
SHOWN = ("encoder.", "baseline.")


def main(folder: Path, out: Path | None) -> None:
    """Prints the chain, or packs the model.

    Args:
        folder: A model's folder, anywhere.
        out: Where to put the packed model; None to print.

    Raises:
        UserError: If the folder does not exist, nothing is known of it, or its records are those of different runs.
    """
    origin = origin_of(folder)
    if out is None:
        print("\n".join(chain(folder, origin)))
        origin.check(str(folder))
        return
    origin.check(str(folder))
    if out.exists():
        raise UserError(f"{out}: is there already.", "Name a folder that is not.")
    with new_outputs(out) as (made,):
        shutil.copytree(folder, made, dirs_exist_ok=True)
        pack(folder, origin, made)
    closing_line("trace", f"{out} holds the model and, in {out / RUN}, how it came about")


def follow(row_id: str) -> None:
    """Prints where a document comes from, by file and line, and what each stage made of it."""
    from commands.rows import trace_row  # here, so that --help does not wait for it

    print("\n".join(trace_row(row_id)))


def chain(folder: Path, origin: Origin) -> list[str]:
    """The lines that :func:`main` prints: raw files, each stage, what does not fit together, the machine, metrics."""
    lines = [f"{folder}: {model_hash(folder)}, from the run of {origin.revision}"]
    for path, content in origin.records.items():
        if path.startswith(f"{CATALOG}/") and path.endswith(".yaml"):
            lines += [f"raw file  {line}" for line in pinned_files(load_yaml(content))]
    for name, stage in origin.stages.items():
        lines += [name, *describe_stage(name, stage)]
    lines += [f"does not agree: {line}" for line in origin.against]
    lines += [f"not compared: {line}" for line in origin.unknown]
    if not origin.against:
        lines.append("each stage read what the stages before it made" + (", as far as compared" * bool(origin.unknown)))
    if str(ENVIRONMENT) in origin.records:
        lines.append(_machine(json.loads(origin.records[str(ENVIRONMENT)])))
    if str(METRICS) not in origin.records:
        return [*lines, "no metrics yet"]
    return lines + _metrics(json.loads(origin.records[str(METRICS)]))


def describe_stage(name: str, stage: dict[str, Any]) -> list[str]:
    """What a stage read, its code, its parameters and pins, and what it made, one line each."""
    inputs = inputs_of(stage)
    modules = [word for word in stage.get("cmd", "").split() if word.startswith("stages.")]
    own = modules[0].replace(".", "/") if modules else f"stages/{plain_name(name)}"
    lines = [f"  read  {path}  {md5}" for path, md5 in inputs.items() if path.startswith((*OF_RUNS, f"{CATALOG}/"))]
    lines += [f"  code  {path}  {md5}" for path, md5 in inputs.items() if path == own or path.startswith(f"{own}/")]
    params = stage.get("params", {})
    for section, value in params.get("params.yaml", {}).items():
        lines.append(f"  with  {section}: {json.dumps(value, ensure_ascii=False)}")
    if params.get("pins.yaml"):
        lines.append("  pins  " + ", ".join(f"{package} {pin}" for package, pin in params["pins.yaml"].items()))
    return lines + [f"  made  {out['path']}  {out['md5']}" for out in stage.get("outs", [])]


def pinned_files(entry: Any) -> list[str]:
    """The name and the best hash of each file that a catalog entry pins, wherever it names it."""
    if isinstance(entry, list):
        return [line for part in entry for line in pinned_files(part)]
    if not isinstance(entry, dict):
        return []
    kinds = [kind for kind in HASHES if kind in entry]
    own = [f"{entry['name']}  {kinds[0]}:{entry[kinds[0]]}"] if kinds and "name" in entry else []
    return own + [line for part in entry.values() for line in pinned_files(part)]


def _machine(environment: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    known = ("system", "processor", "instruction_set", "device", "precision")
    on = ", ".join(str(environment[name]) for name in known if name in environment)
    return f"machine  {on}, {environment['threads']} threads; Python {environment['python']}, {packages}"


def _metrics(metrics: dict[str, Any]) -> list[str]:
    return [
        f"metric  {name}  {metric['value']:.4f} ({metric['low']:.4f} to {metric['high']:.4f})"
        for name, metric in metrics_of(metrics).items()
        if name.startswith(SHOWN)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=MODEL, help="a model's folder")
    parser.add_argument("--pack", type=Path, metavar="OUT", help="copy the model and all that is known of it to OUT")
    parser.add_argument(
        "--row", metavar="ID", help="follow one document instead: its file and line, and what became of it"
    )
    run_command(lambda given: follow(given.row) if given.row else main(given.folder, given.pack), parser)
