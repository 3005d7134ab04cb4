"""What dvc.lock says of a run: its stages in order, what each read and made, and whether the two fit together."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stages.common.core.hashes import Listing, hash_inside
from stages.common.core.messages import UserError
from stages.common.core.validation import load_yaml

OF_RUNS = ("data/", "models/", "reports/")  # where nothing lies that a stage did not make
Stages = dict[str, dict[str, Any]]
FindListing = Callable[[str, str], Listing | None]  # from a folder's hash and its path to its files, where known


def stages_of(content: str | None, where: str, graph: str | None = None) -> Stages:
    """The stages that a dvc.lock records.

    Args:
        content: What it holds; None if there is none.
        where: How a message names it.
        graph: The dvc.yaml that belongs to it: DVC keeps what it recorded of stages that are no longer there.

    Raises:
        UserError: If it records no run.
    """
    stages: Stages = (load_yaml(content or "") or {}).get("stages", {})
    if graph is not None:
        known = (load_yaml(graph) or {}).get("stages", {})
        stages = {name: stage for name, stage in stages.items() if plain_name(name) in known}
    if not stages:
        raise UserError(f"{where}: records no run.", "Run `make repro` first.")
    return {name: stages[name] for name in in_order(stages)}


def plain_name(name: str) -> str:
    """The name of a stage in dvc.yaml: of ``fetch_models@pretrained``, which stands for one role, ``fetch_models``."""
    return name.partition("@")[0]


def outputs_of(stages: Stages) -> dict[str, tuple[str, str]]:
    """For each output's path the stage that made it and its hash."""
    return {out["path"]: (name, out["md5"]) for name, stage in stages.items() for out in stage.get("outs", [])}


def inputs_of(stage: Mapping[str, Any]) -> dict[str, str]:
    """The path and hash of all that a stage depended on, code included."""
    return {dep["path"]: dep["md5"] for dep in stage.get("deps", [])}


def output_holding(path: str, outputs: Iterable[str]) -> str | None:
    """The output that is this file or folder, or holds it; None if there is none."""
    return next((output for output in outputs if path == output or path.startswith(f"{output}/")), None)


def in_order(stages: Stages) -> list[str]:
    """The stages' names, each after those whose outputs it read; else as they stand."""
    outputs = outputs_of(stages)
    before = {name: {outputs[o][0] for o in _read_outputs(stage, outputs)} for name, stage in stages.items()}
    seen: set[str] = set()
    ordered: list[str] = []

    def add(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for earlier in stages:
                if earlier in before[name]:
                    add(earlier)
            ordered.append(name)

    for name in stages:
        add(name)
    return ordered


def leading_to(stages: Stages, path: str) -> list[str]:
    """The stages that an output came from, in their order: the one that made it, and those whose outputs they read.

    Raises:
        UserError: If no stage made it.
    """
    outputs = outputs_of(stages)
    if path not in outputs:
        raise UserError(f"dvc.lock: no stage made {path}.", "Run `make repro`.")
    names = {outputs[path][0]}
    for name in reversed(stages):
        if name in names:
            names |= {outputs[output][0] for output in _read_outputs(stages[name], outputs)}
    return [name for name in stages if name in names]


def disagreements(stages: Stages, names: Iterable[str], find_listing: FindListing) -> tuple[list[str], list[str]]:
    """Compares what stages read with what the stages before them made.

    Args:
        stages: All of a dvc.lock.
        names: The stages to look at.
        find_listing: Gives the files of a folder that a stage made, where only a part of it was read.

    Returns:
        What does not agree, and what could not be compared, one line each.
    """
    outputs = outputs_of(stages)
    against, unknown = [], []
    for name in names:
        for path, read in inputs_of(stages[name]).items():
            output = output_holding(path, outputs)
            if output is None:
                within = any(other.startswith(f"{path}/") for other in outputs)
                if path.startswith(OF_RUNS) and not within:
                    against.append(f"{name} read {path} ({read}), which no stage made")
                continue
            maker, whole = outputs[output]
            made = hash_made(path, output, whole, find_listing)
            if made is None:
                unknown.append(f"{name} read {path} ({read}); the files of {output} ({whole}) are not at hand")
            elif read != made:
                against.append(f"{name} read {path} ({read}), but {maker} made {made}")
    return against, unknown


def hash_made(path: str, output: str, md5: str, find_listing: FindListing) -> str | None:
    """The hash of a file or folder as a stage made it.

    Args:
        path: An output, or what lies in one.
        output: The output.
        md5: The hash of the output.
        find_listing: Gives the files of a folder.

    Returns:
        ``no such file`` if it was not there; None if the files of the output are not known.
    """
    if path == output:
        return md5
    files = find_listing(md5, output)
    return None if files is None else hash_inside(files, path.removeprefix(f"{output}/")) or "no such file"


def _read_outputs(stage: Mapping[str, Any], outputs: Iterable[str]) -> set[str]:
    """The outputs that a stage read, whole or in part, by themselves or with the folder that holds them."""
    read = list(inputs_of(stage))
    return {
        output
        for output in outputs
        if any(output_holding(path, [output]) or output.startswith(f"{path}/") for path in read)
    }
