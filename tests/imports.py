"""What a stage's code imports, found by reading it: the files of stages/ and the third-party packages."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent


def import_closure(package: str) -> tuple[set[str], set[str]]:
    """The files (relative to the repository, empty ones left out) and distributions that a package's modules import."""
    waiting = sorted((ROOT / package).rglob("*.py"))
    files: set[Path] = set()
    modules: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in files:
            continue
        files.add(path)
        waiting += [parent / "__init__.py" for parent in path.parents if ROOT / "stages" in [parent, *parent.parents]]
        for name in _imported_names(path):
            local = _local_file(name)
            if local is None:
                modules.add(name.partition(".")[0])
            else:
                waiting.append(local)
    by_module = packages_distributions()
    third_party = {
        by_module[m][0].lower().replace("_", "-")
        for m in modules
        if m not in sys.stdlib_module_names and m in by_module
    }
    return {str(p.relative_to(ROOT)) for p in files if p.stat().st_size}, third_party


def imported_modules(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports."""
    return set(_imported_names(path))


def _imported_names(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names += [n for alias in node.names if _local_file(n := f"{base}.{alias.name}")] or [base]
    return names


def _local_file(module: str) -> Path | None:
    path = ROOT / Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if module.startswith("stages") and candidate.exists():
            return candidate
    return None
