"""Which settings of params.yaml are not those of the last commit: `dvc exp run -S` leaves what it set in the file."""

import subprocess
from collections.abc import Mapping
from typing import Any

import yaml

from stages.common.core.parameters import PARAMS
from stages.common.core.validation import read_yaml

MOST_SHOWN = 12


def flat(section: Any, name: str = "") -> dict[str, Any]:
    """The values of nested mappings by their dotted names; lists are values."""
    if not isinstance(section, dict):
        return {name: section}
    values: dict[str, Any] = {}
    for key, value in section.items():
        values |= flat(value, f"{name}.{key}" if name else str(key))
    return values


def changed_settings() -> str:
    """Says in one line which settings differ from the last commit, and how to go back; empty where none does.

    Raises:
        UserError: If params.yaml can't be read.
    """
    shown = subprocess.run(["git", "show", f"HEAD:./{PARAMS}"], capture_output=True)
    content = yaml.safe_load(shown.stdout) if not shown.returncode else None
    changes = differences(content, read_yaml(PARAMS)) if isinstance(content, dict) else []
    if not changes:
        return ""
    more = [f"and {len(changes) - MOST_SHOWN} more"] if len(changes) > MOST_SHOWN else []
    listed = ", ".join([*changes[:MOST_SHOWN], *more])
    return f"{PARAMS} differs from the last commit in {listed}; `git checkout {PARAMS}` goes back to it"


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two contents of params.yaml, such as ``finetune.seed=7 (1 there)``, in the file's order."""
    there, here = flat(before), flat(now)
    new = [
        f"{name}={written(value)} ({_was(there, name)})" for name, value in here.items() if not _same(there, here, name)
    ]
    return new + [f"{name} ({written(value)} there, missing here)" for name, value in there.items() if name not in here]


def _same(there: Mapping[str, Any], here: Mapping[str, Any], name: str) -> bool:
    return name in there and there[name] == here[name] and isinstance(there[name], bool) == isinstance(here[name], bool)


def _was(there: Mapping[str, Any], name: str) -> str:
    return f"{written(there[name])} there" if name in there else "not there"


def written(value: Any) -> str:
    """A value as `-S` takes it."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
