"""Times `commands.predict` beside transformers' pipeline with its defaults, as whole programs, and measures its memory.

    python -m benchmarks.bench_predict [EXPORTED] [FINETUNED] [TEXTS] [COUNT] [ROWS]

EXPORTED (models/exported) and FINETUNED (models/finetuned) are one model, as ONNX and as torch's weights. TEXTS is a
parquet file with a column ``text`` (data/splits/test.parquet), of which COUNT (600) are answered. All sides cut texts
after the same number of tokens and have two processor threads; the pipeline is otherwise as transformers makes it by
default. Of ROWS (1,000,000) texts of two words it is measured how much memory a small encoder takes to answer them.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from commands.texts import WINDOW
from stages.common.model.exported import FLOAT32
from stages.common.model.inference import read_inference
from stages.common.model.scorer import Scorer
from stages.export.__main__ import example_batch
from stages.export.conversion import convert

ROUNDS, CHUNK = 5, 50_000
PREDICT = [sys.executable, "-m", "commands.predict"]
PIPELINE = """
import sys, pyarrow.parquet as pq, torch
from transformers import pipeline
torch.set_num_threads(2)
texts = pq.read_table(sys.argv[1])["text"].to_pylist()
classify = pipeline("text-classification", model=sys.argv[2], device="cpu")
for row in classify(texts, truncation=True, max_length=int(sys.argv[3])):
    print(row["label"])
"""
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    given = sys.argv[1:]
    exported, finetuned, texts = (
        Path(given[place] if len(given) > place else default)
        for place, default in enumerate(("models/exported", "models/finetuned", "data/splits/test.parquet"))
    )
    count = int(given[3]) if len(given) > 3 else 600
    rows = int(given[4]) if len(given) > 4 else 1_000_000
    with tempfile.TemporaryDirectory() as scratch:
        one, some = Path(scratch) / "one.parquet", Path(scratch) / "some.parquet"
        table = pq.read_table(texts, columns=["text"])
        pq.write_table(table.slice(0, 1), one)
        pq.write_table(table.slice(0, count), some)
        longest = str(read_inference(finetuned).max_length)
        for title, path in (("one text", one), (f"{count} texts", some)):
            compare(
                title,
                {
                    "exported": [*PREDICT, str(path), "--model", str(exported)],
                    "finetuned": [*PREDICT, str(path), "--model", str(finetuned)],
                    "transformers.pipeline": [sys.executable, "-c", PIPELINE, str(path), str(finetuned), longest],
                },
            )
        many = Path(scratch) / "many.parquet"
        pq.write_table(pa.concat_tables([table] * (-(-4 * WINDOW // len(table)))).slice(0, 4 * WINDOW), many)
        answering = [*PREDICT, str(many), "--model", str(exported)]
        compare(
            f"{4 * WINDOW:,} texts, whatever the number of processes two threads",
            {
                "2 processes of 1 thread": [*answering, "--processes", "2", "--threads", "1"],
                "1 process of 2 threads": answering,
            },
        )
        grow(small_model(exported, Path(scratch) / "small"), rows, Path(scratch))


def compare(title: str, programs: Mapping[str, Sequence[str]]) -> None:
    """Runs programs in turn, and prints the seconds of each and how many times as long the last one takes."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, command in programs.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - begin)
    *_, last = seconds.values()
    print(f"\n{title}\n\n| | seconds | the last one's, in times of these |\n|---|---|---|")
    for name, own in seconds.items():
        ratios = [other / each for each, other in zip(own, last, strict=True)]
        print(f"| {name} | {spread(own)} | {spread(ratios)} |", flush=True)


def small_model(exported: Path, small: Path) -> Path:
    """An exported encoder of 32 dimensions, untrained, that reads as another; its weights take no memory."""
    shutil.copytree(exported, small, ignore=shutil.ignore_patterns("*.onnx"))
    tokenizer, inference = AutoTokenizer.from_pretrained(exported), read_inference(exported)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    config.id2label = dict(enumerate(inference.outputs))
    scorer = Scorer(BertForSequenceClassification(config).eval(), tokenizer, inference)
    scorer.model.config.save_pretrained(small)
    convert(scorer, example_batch(scorer, pd.DataFrame({"text": ["one text", "and another"]})), small / FLOAT32)
    return small


def grow(model: Path, rows: int, scratch: Path) -> None:
    """Prints the peak memory of answering one window of short texts, a tenth of all rows, and all."""
    print("\n| rows | MiB at most | seconds |\n|---|---|---|")
    for number in (WINDOW, rows // 10, rows):
        path = scratch / "short.parquet"
        with pq.ParquetWriter(path, pa.schema([("text", pa.string())])) as writer:
            for start in range(0, number, CHUNK):
                texts = [f"text {row}" for row in range(start, min(start + CHUNK, number))]
                writer.write_table(pa.table({"text": texts}))
        command = [*PREDICT, str(path), "--model", str(model), "--out", str(scratch / "out.parquet")]
        begin = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, check=True)
        megabytes = int(done.stdout.split()[-1]) // 1024
        print(f"| {number:,} | {megabytes:,} | {time.perf_counter() - begin:.0f} |", flush=True)


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
