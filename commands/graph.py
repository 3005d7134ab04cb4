"""Writes into dvc.yaml what follows from the code: the files and packages that each stage depends on."""

import argparse
import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from commands.pins import SHAPE_RESULTS
from stages.common.core.entry import run_command

GRAPH = Path("dvc.yaml")
BEGIN, END = "# code: made by `make graph`", "# end"
PINS = "- pins.yaml: ["
COMMON = "stages/common/"

# A stage that takes minutes depends on files of stages/common, so that a change beside these reruns nothing; those that
# take seconds depend on its folders, which keeps dvc.yaml short. A further metric is none of annotate's; the package of
# agreement, within that of metrics, is named whole.
BY_FILE = {"finetune": COMMON, "annotate": f"{COMMON}metrics/"}

# What is imported behind an import: transformers and onnxscript work with these.
BEHIND = {
    "onnxscript": {"onnx"},
    "transformers": {"tokenizers"},
    "stages/augment/marian.py": {"sacremoses", "sentencepiece"},
}


def main() -> None:
    """Writes dvc.yaml anew."""
    GRAPH.write_text(with_code(GRAPH.read_text(encoding="utf-8")), encoding="utf-8")


def with_code(graph: str) -> str:
    """Makes the parts of dvc.yaml that are made from the code.

    Args:
        graph: The content of dvc.yaml.

    Returns:
        The same with the lines between the marks, and the packages of pins.yaml, as the code has them now.
    """
    lines: list[str] = []
    stage, inside = "", False
    for line in graph.splitlines():
        command = re.search(r"cmd: \./py -m stages\.(\w+)", line)
        said = line.strip()
        stage = command[1] if command else stage
        inside = inside and said != END
        if said.startswith(PINS):
            line = f"{line.partition(PINS)[0]}{PINS}{', '.join(pinned_packages(stage))}]"
        if not inside:
            lines.append(line)
        if said == BEGIN:
            inside = True
            indent = line.partition("#")[0]
            lines += [f"{indent}- {path}" for path in code_of(stage)]
    return "\n".join(lines) + "\n"


def code_of(stage: str) -> list[str]:
    """The code that a stage depends on: its own folder, and what it imports of stages/common.

    Args:
        stage: The name of the stage's folder.

    Returns:
        Paths relative to the repository, sorted, the stage's own folder first.
    """
    files, _ = import_closure(f"stages/{stage}")
    by_file = BY_FILE.get(stage, "(none)")
    common = {_named(file) if file.startswith(by_file) else _package(file) for file in files if file.startswith(COMMON)}
    return [f"stages/{stage}", *sorted(common)]


def pinned_packages(stage: str) -> list[str]:
    """The packages that shape a stage's results, sorted."""
    files, packages = import_closure(f"stages/{stage}")
    behind = [BEHIND[name] for name in BEHIND if name in files | packages]
    return sorted(set(SHAPE_RESULTS) & packages.union(*behind))


def import_closure(package: str) -> tuple[set[str], set[str]]:
    """What the modules of a package import, and what is imported by that in turn, found by reading the code.

    Args:
        package: The package's folder, such as ``stages/finetune``.

    Returns:
        The files of stages/ (empty ones left out) and the third-party distributions.
    """
    waiting = sorted(Path(package).rglob("*.py"))
    files: set[Path] = set()
    modules: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in files:
            continue
        files.add(path)
        waiting += [parent / "__init__.py" for parent in path.parents if parent.parts[:1] == ("stages",)]
        for name in imported_modules(path):
            local = _local_file(name)
            if local is None:
                modules.add(name.partition(".")[0])
            else:
                waiting.append(local)
    by_module = _distributions()
    third_party = {by_module[module] for module in modules if module in by_module}
    return {path.as_posix() for path in files if path.stat().st_size}, third_party


def imported_modules(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names |= {n for alias in node.names if _local_file(n := f"{base}.{alias.name}")} or {base}
    return names


@cache
def _distributions() -> dict[str, str]:
    """The distribution that each third-party module comes from."""
    names = {module: found[0].lower().replace("_", "-") for module, found in packages_distributions().items()}
    return {module: name for module, name in names.items() if module not in sys.stdlib_module_names}


def _local_file(module: str) -> Path | None:
    path = Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if module.startswith("stages") and candidate.exists():
            return candidate
    return None


def _named(file: str) -> str:
    """The file, or the package within a package of stages/common that it is in."""
    parts = file.removeprefix(COMMON).split("/")
    return COMMON + "/".join(parts[:2])


def _package(file: str) -> str:
    """The folder of stages/common that a file is in, or the file itself where it is in none."""
    name, _, inside = file.removeprefix(COMMON).partition("/")
    return f"{COMMON}{name}" if inside else file


if __name__ == "__main__":
    run_command(lambda _: main(), argparse.ArgumentParser(description=__doc__))
