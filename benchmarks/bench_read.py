"""Time and memory of reading a large CSV file, beside pandas.read_csv on the same file, in alternating runs.

    python -m benchmarks.bench_read [ROWS] [RUNS]

Each run is a process of its own. `reader` is the CSV reader up to checked batches of documents: the text, the label by
its name in the card. `reader, ids` also makes each record's id. `stage` is all of `python -m stages.download`: copying
the file, checking its hash, reading, sorting by id, writing documents.parquet. Memory is the peak above that of an
interpreter that does nothing; what it imports is in it.
"""

import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

LABELS = ("business", "sports", "tech", "world")
TARGETS = ("pandas", "reader", "reader, ids", "stage")
WORDS = 5_000


def main() -> None:
    rows, runs = [int(word) for word in sys.argv[1:3]] + [2_000_000, 5][len(sys.argv) - 1 :]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_repository(folder, rows)
        size = (folder / "big.csv").stat().st_size
        bare = measure("nothing", folder)["mib"]
        measured = {target: [] for target in TARGETS}
        for _ in range(runs):
            for target in TARGETS:
                measured[target].append(measure(target, folder))
    print(f"{rows:,} rows, {size / 2**20:,.0f} MiB, {runs} alternating runs; an interpreter alone has {bare:.0f} MiB\n")
    print("| | seconds: median (least to most) | ratio to pandas of the same round | MiB above |")
    print("|---|---|---|---|")
    for target, each in measured.items():
        seconds = [run["seconds"] for run in each]
        ratios = [run["seconds"] / pandas["seconds"] for run, pandas in zip(each, measured["pandas"], strict=True)]
        memory = max(run["mib"] for run in each) - bare
        print(f"| {target} | {spread(seconds)} | {spread(ratios)} | {memory:.0f} |")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def measure(target: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_read", "--measure", target, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_target(target: str, folder: Path) -> None:
    """Runs in a process of its own: does the work once and prints its time and the peak of its memory."""
    work = {
        "nothing": lambda _: 0.0,
        "pandas": time_pandas,
        "reader": time_reader,
        "reader, ids": partial(time_reader, ids=True),
        "stage": time_stage,
    }
    seconds = work[target](folder)
    # Of this process alone: ru_maxrss would start at what the parent had when it forked.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"seconds": seconds, "mib": int(status["VmHWM"].split()[0]) / 1024}))


def time_pandas(folder: Path) -> float:
    import pandas as pd

    begin = time.perf_counter()
    pd.read_csv(folder / "big.csv")
    return time.perf_counter() - begin


def time_reader(folder: Path, ids: bool = False) -> float:
    import os

    from stages.common.core.catalog import load_entry
    from stages.download.assemble import Tally, assemble
    from stages.download.entry import DatasetEntry

    os.chdir(folder)
    entry = load_entry("datasets", "big", DatasetEntry)
    begin = time.perf_counter()
    part, tally = entry.parts[0], Tally()
    for batch in assemble(part, part.read({part.file: folder / "big.csv"}), entry, 0, tally):
        if ids:
            batch.ids()
    return time.perf_counter() - begin


def time_stage(folder: Path) -> float:
    import os

    from stages.download import __main__ as download

    os.chdir(folder)
    begin = time.perf_counter()
    download.main()
    return time.perf_counter() - begin


def make_repository(folder: Path, rows: int) -> None:
    """A CSV file of articles of thirty words, some of them quoted, and the card and parameters to read it."""
    import numpy as np  # here, so that it does not count as an interpreter's own

    drawn = np.random.default_rng(0)
    words = np.array([f"w{number:x}" for number in range(WORDS)])
    with (folder / "big.csv").open("w", encoding="utf-8") as file:
        file.write("number,title,text,label\n")
        for first in range(0, rows, 10_000):
            chosen = words[drawn.integers(0, WORDS, (min(10_000, rows - first), 30))]
            for number, line in enumerate(chosen, first):
                text = " ".join(line[5:])
                text = f'"{text}, ""quoted"""' if number % 5 == 0 else text
                file.write(f"{number},{' '.join(line[:5])},{text},{LABELS[number % 4]}\n")
    with (folder / "big.csv").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    labels = "".join(f"  - {{name: {label}, definition: About {label}.}}\n" for label in LABELS)
    (folder / "catalog/datasets").mkdir(parents=True)
    (folder / "catalog/datasets/big.yaml").write_text(
        "title: Big\ntask: text-classification\nlanguage: en\nlicence: none\ncitation: none\nknown_faults: []\n"
        f"labels:\n{labels}files:\n  - {{name: big.csv, sha256: {digest}, sources: [{{url: big.csv}}]}}\n"
        "parts:\n  - {file: big.csv, reader: {format: csv, text: [text], label: label}}\n"
    )
    (folder / "params.yaml").write_text("dataset: big\ndownload: {most_rejected: 0}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        run_target(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
