"""Times `dvc repro` with nothing to do, beside a graph of the same shape whose stages each make one small file.

    python -m benchmarks.bench_noop [FOLDER] [ROUNDS]

FOLDER is a checkout whose run is finished, this one by default. The small graph has the same stages and the same edges
between them, and one script each; rounds alternate, and the ratio is that of each round.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as scratch:
        small = make_small(Path(scratch), yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
        for place in (folder, small):
            seconds(place)  # the first one fills DVC's record of what is on the disk
        pairs = [(seconds(folder), seconds(small)) for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    print("| `dvc repro`, nothing to do | seconds: median (least to most) | ratio of each round |\n|---|---|---|")
    ratios = [one / other for one, other in pairs]
    print(f"| this graph | {spread(ours)} | {spread(ratios)} |\n| small graph | {spread(theirs)} | 1.00 |")


def make_small(folder: Path, stages: dict[str, dict[str, list[object]]]) -> Path:
    """A finished repository with the same stages and edges."""
    made = {
        path(out): name for name, said in stages.items() for kind in ("outs", "metrics") for out in said.get(kind, [])
    }
    small = {}
    for name, said in stages.items():
        before = sorted({made[dep] for dep in map(path, said["deps"]) if dep in made})
        (folder / f"{name}.sh").write_text(f"echo {name} > {name}.txt\n")
        deps = [f"{name}.sh", *(f"{other}.txt" for other in before)]
        small[name] = {"cmd": f"sh {name}.sh", "deps": deps, "outs": [f"{name}.txt"]}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": small}, sort_keys=False))
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "config", "core.analytics", "false"]):
        subprocess.run(command, cwd=folder, check=True)
    subprocess.run(["dvc", "config", "core.check_update", "false"], cwd=folder, check=True)
    subprocess.run(["dvc", "repro", "-q"], cwd=folder, check=True)
    return folder


def path(entry: object) -> str:
    return entry if isinstance(entry, str) else str(next(iter(entry)))  # type: ignore[call-overload]  # a mapping of one key


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
