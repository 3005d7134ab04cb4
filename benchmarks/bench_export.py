"""Times exported models beside transformers' pipeline with its defaults: AG News and BBC News articles, in turns.

    python -m benchmarks.bench_export ARTICLES EXPORTED FINETUNED [EXPORTED ...]

ARTICLES is a CSV without a header whose last two columns are title and text (AG News' test.csv), or a parquet file with
the column text. EXPORTED is what export made of FINETUNED, which the pipeline runs; further folders are exported models
to be timed on the same articles, such as a twin's. Environment: ROUNDS (3) and COUNT (all articles).

All sides cut texts after the same number of tokens and compute with two threads. Only one of them is loaded at a time:
the waiting threads of one would slow another down. Loading is in no figure.
"""

import csv
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import pipeline

from stages.common.model.device import compute_alike
from stages.common.model.exported import FLOAT32, INT8, load_exported
from stages.common.model.inference import read_inference

THREADS, ROUNDS = 2, int(os.environ.get("ROUNDS", "3"))
Side = Callable[[list[str]], tuple[list[str], float]]  # from texts to their labels, and the seconds


def main() -> None:
    texts = articles(Path(sys.argv[1]))[: int(os.environ.get("COUNT", "0")) or None]
    exported, finetuned, *others = map(Path, sys.argv[2:])
    compute_alike(0, THREADS)
    sides: dict[str, Side] = {"transformers.pipeline": by_pipeline(finetuned)}
    for folder in (exported, *others):
        for file in (FLOAT32, INT8):
            if (folder / file).is_file():
                sides[f"{folder}, {file}"] = by_onnx(folder, file)
    rounds = [{name: side(texts) for name, side in sides.items()} for _ in range(ROUNDS)]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "onnxruntime"))
    length = read_inference(finetuned).max_length
    print(f"{platform.machine()}, {os.cpu_count()} cores, {THREADS} threads, {versions}; at most {length} tokens\n")
    print(f"| {len(texts):,} articles | a second | times as fast, each round | same label |\n|---|---|---|---|")
    first, _ = rounds[0]["transformers.pipeline"]
    for name in sides:
        rates = [len(texts) / each[name][1] for each in rounds]
        ratios = [each["transformers.pipeline"][1] / each[name][1] for each in rounds]
        same = np.mean([one == other for one, other in zip(first, rounds[0][name][0], strict=True)])
        print(f"| {name} | {spread(rates, 0)} | {spread(ratios, 2)} | {same:.2%} |", flush=True)


def articles(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return pd.read_parquet(path, columns=["text"])["text"].tolist()
    with path.open(encoding="utf-8", newline="") as file:
        return [f"{row[-2]} {row[-1]}" for row in csv.reader(file)]


def by_pipeline(folder: Path) -> Side:
    def run(texts: list[str]) -> tuple[list[str], float]:
        classify = pipeline("text-classification", model=str(folder), device="cpu")
        classify(texts[:2])
        begun = time.perf_counter()
        said = classify(texts, truncation=True, max_length=read_inference(folder).max_length)
        return [answer["label"] for answer in said], time.perf_counter() - begun

    return run


def by_onnx(folder: Path, file: str) -> Side:
    def run(texts: list[str]) -> tuple[list[str], float]:
        scorer = load_exported(folder, THREADS, file)
        scorer.logits(pd.DataFrame({"text": texts[:2]}), "warm up")
        begun = time.perf_counter()
        best = np.asarray(scorer.logits(pd.DataFrame({"text": texts}), "scoring")).argmax(axis=1)
        labels, seconds = [scorer.inference.labels[place] for place in best], time.perf_counter() - begun
        del scorer
        gc.collect()
        return labels, seconds

    return run


def spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
