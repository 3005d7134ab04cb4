"""Times `dvc repro` with nothing to do, beside graphs of the same shape whose stages each make one small file.

    python -m benchmarks.bench_noop [FOLDER] [ROUNDS]

FOLDER is a checkout whose run is finished, this one by default. Both other graphs have its stages and the edges between
them. "Same shape" also has its dependencies on code and its parameters; "bare" has one script a stage and no parameter,
so it shows what reading those costs DVC. Rounds alternate; a ratio is that of one round.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from dvc.repo import Repo


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with Repo(str(folder)) as repo, tempfile.TemporaryDirectory() as scratch:
        graphs = {
            "this graph": folder,
            "same shape, one small file a stage": make_small(Path(scratch) / "same", repo, folder),
            "bare, one small file a stage": make_small(Path(scratch) / "bare", repo, None),
        }
        for place in graphs.values():
            seconds(place)  # the first one fills DVC's record of what is on the disk
        times = [[seconds(place) for place in graphs.values()] for _ in range(rounds)]
    print("| `dvc repro`, nothing to do | seconds: median (least to most) | this graph's ratio to it, of each round |")
    print("|---|---|---|")
    for number, name in enumerate(graphs):
        taken, ratios = [row[number] for row in times], [row[0] / row[number] for row in times]
        print(f"| {name} | {spread(taken)} | {spread(ratios)} |")


def make_small(folder: Path, repo: Repo, code: Path | None) -> Path:
    """A finished repository with the same stages and edges; with the code and parameters of a checkout if given."""
    folder.mkdir()
    small: dict[str, dict[str, Any]] = {}
    for stage in repo.index.stages:
        name = stage.name.replace("@", "_")
        before = {one.name.replace("@", "_") for one in repo.index.graph.successors(stage)}
        deps = [f"{one}.txt" for one in sorted(before)]
        small[name] = {"cmd": f"echo {name} > {name}.txt", "outs": [f"{name}.txt"]}
        if code is None:
            (folder / f"{name}.sh").write_text(f"echo {name}\n")
            deps.append(f"{name}.sh")
        else:
            read = [dep for dep in stage.deps if hasattr(dep, "params")]
            small[name]["params"] = [{dep.def_path: list(dep.params)} for dep in read]
            outside = {dep.def_path for dep in stage.deps if dep not in read}
            deps += sorted(path for path in outside if path.startswith(("stages/", "catalog/")))
        small[name]["deps"] = deps
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": small}, sort_keys=False))
    for name in ("stages", "catalog") if code else ():
        shutil.copytree(code / name, folder / name)
    for name in ("params.yaml", "pins.yaml", ".dvcignore") if code else ():
        shutil.copy2(code / name, folder / name)
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "config", "core.analytics", "false"]):
        subprocess.run(command, cwd=folder, check=True)
    subprocess.run(["dvc", "config", "core.check_update", "false"], cwd=folder, check=True)
    subprocess.run(["dvc", "repro", "-q"], cwd=folder, check=True)
    return folder


def seconds(folder: Path) -> float:
    begin = time.perf_counter()
    done = subprocess.run(["dvc", "repro"], cwd=folder, capture_output=True, text=True, check=True)
    taken = time.perf_counter() - begin
    if "up to date" not in done.stdout:
        sys.exit(f"{folder}: there was something to do: {done.stdout[-200:]}")
    return taken


def spread(values: tuple[float, ...] | list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
