"""What is whole of a dvc.lock that broke off, and how a whole one is put together again."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import yaml

HEADER = re.compile(r"^  (\S.*):\n", re.MULTILINE)  # a stage's name
CONFLICT = "<<<<<<< "  # git's mark: a person has to choose


def load_fast(text: str) -> Any:
    """What YAML holds, by libyaml where PyYAML has it: twenty times as fast for a dvc.lock."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe


def is_whole(text: str) -> bool:
    """Whether this is all of a dvc.lock, and of the form that DVC demands."""
    if not text.endswith("\n"):
        return False
    try:
        content = load_fast(text)
    except (yaml.YAMLError, ValueError):
        return False
    if not isinstance(content, dict) or content.get("schema") != "2.0":
        return False
    stages = content.get("stages", {})
    return isinstance(stages, dict) and all(_is_stage(stage) for stage in stages.values())


def put_together(cut: str, copies: Sequence[str], known: Collection[str]) -> tuple[str | None, int, int]:
    """A whole dvc.lock from what is whole of a cut one, and a whole copy.

    Args:
        cut: The file as it was left.
        copies: Whole ones, the newest first; the one that shares most with the cut one is used.
        known: The stages of dvc.yaml; others are left out. Empty where dvc.yaml can't be read.

    Returns:
        The content, None if nothing is whole of either; how many stages are from the cut file, how many from the copy.
    """
    written = dict(list(_blocks(cut).items())[:-1])  # the last one is where it broke off
    written = {name: block for name, block in written.items() if is_whole(_file({name: block}))}
    others = [_blocks(copy) for copy in copies]
    copy = max(others, key=lambda blocks: len(blocks.items() & written.items()), default={})
    stages = {name: block for name, block in {**copy, **written}.items() if not known or name in known}
    from_cut = len(stages.keys() & written.keys())
    return (_file(stages) if stages else None), from_cut, len(stages) - from_cut


def _is_stage(stage: Any) -> bool:
    if not isinstance(stage, dict) or not isinstance(stage.get("cmd"), str | list):
        return False
    files = [*(stage.get("deps", ()) or ()), *(stage.get("outs", ()) or ())]
    return (
        set(stage) <= {"cmd", "deps", "params", "outs"}
        and all(stage[part] for part in stage)
        and isinstance(stage.get("params", {}), dict)
        and all(isinstance(values, dict) for values in stage.get("params", {}).values())
        and all(isinstance(file, dict) and file.get("path") and file.get(file.get("hash", "path")) for file in files)
    )


def _blocks(text: str) -> dict[str, str]:
    """The text of each stage of a dvc.lock by its name, as it stands there."""
    head, _, rest = text.partition("stages:\n")
    if not head.startswith("schema:"):
        return {}
    parts = HEADER.split(rest)
    return {name: f"  {name}:\n{body}" for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def _file(blocks: dict[str, str]) -> str:
    return "".join(["schema: '2.0'\nstages:\n", *blocks.values()])
