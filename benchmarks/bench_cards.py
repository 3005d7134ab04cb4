"""Takes datasets of the catalog through the data stages, each in a folder of its own, and prints rows and times.

    python -m benchmarks.bench_cards [NAME ...]

All datasets by default; one whose files cannot be fetched says so. The table in docs/datasets.md was made by it, with a
mirror in $DATA_MIRROR.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
STAGES = ("download", "annotate", "clean", "augment", "split")


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in (ROOT / "catalog/datasets").glob("*.yaml"))
    print("| dataset | rows read | rejected | left by clean | " + " | ".join(f"{stage}, s" for stage in STAGES) + " |")
    print("|---" * (4 + len(STAGES)) + "|")
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            cells = measure(name, Path(scratch))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def measure(name: str, folder: Path) -> list[str]:
    """Rows and times of one dataset; what a stage that fails says in place of its time."""
    (folder / "catalog").symlink_to(ROOT / "catalog")
    params = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    lines = [f"dataset: {name}" if line.startswith("dataset:") else line for line in params]
    (folder / "params.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run("fetch_models", folder, "lexicon")
    times: list[str] = []
    for stage in STAGES:
        begin = time.perf_counter()
        said = run(stage, folder)
        if said:
            times += [said, *["-"] * (len(STAGES) - len(times) - 1)]
            break
        times.append(f"{time.perf_counter() - begin:.1f}")
    raw, clean = (summary(stage, folder) for stage in ("download", "clean"))
    rows = [count(raw, "documents"), count(raw, "rejected"), count(clean, "documents_out")]
    return [*rows, *times]


def run(stage: str, folder: Path, *arguments: str) -> str:
    """Runs a stage; the beginning of what it says if it fails, such as "error: imdb: cannot get FILE:"."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", f"stages.{stage}", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return " ".join(done.stderr.split()[:5]) if done.returncode else ""


def summary(stage: str, folder: Path) -> dict[str, object]:
    path = folder / "reports" / stage / "summary.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def count(said: dict[str, object], key: str) -> str:
    return f"{said[key]:,}" if key in said else "-"


if __name__ == "__main__":
    main()
