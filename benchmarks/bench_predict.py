"""Times `commands.predict` beside transformers' pipeline with its defaults, and measures its memory on many articles.

    python -m benchmarks.bench_predict [MODEL] [TEXTS] [ARTICLES]

MODEL is a fine-tuned model (models/finetuned), TEXTS how many test articles of its run both label, ARTICLES how many an
untrained small encoder labels to see how much memory that takes (weights of a fixed size do not matter for that). Both
sides cut texts after the same number of tokens; the pipeline is otherwise as transformers makes it by default.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stages.common.outputs import write_json
from stages.common.provenance import PROVENANCE
from stages.common.validation import read_yaml

ROUNDS = 3
PIPELINE = """
import json, sys, time
import torch
from transformers import pipeline
torch.set_num_threads(2)
model, texts, length = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
classify = pipeline("text-classification", model=model)
begin = time.perf_counter()
said = classify(texts, truncation=True, max_length=length)
print(time.perf_counter() - begin)
json.dump([row["label"] for row in said], open(sys.argv[4], "w"))
"""


MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "commands.predict", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    model = Path(sys.argv[1] if len(sys.argv) > 1 else "models/finetuned")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    articles = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    with tempfile.TemporaryDirectory() as scratch:
        compare(model, count, Path(scratch))
        grow(model, articles, Path(scratch))


def compare(model: Path, count: int, scratch: Path) -> None:
    """Both label the same texts, in alternating rounds; the time of loading is in neither."""
    texts = pq.read_table("data/splits/test.parquet")["text"].to_pylist()[:count]
    length = json.loads((model / "inference.json").read_text())["max_length"]
    (scratch / "texts.json").write_text(json.dumps(texts))
    pq.write_table(pa.table({"text": texts}), scratch / "texts.parquet")
    pq.write_table(pa.table({"text": texts[:1]}), scratch / "one.parquet")
    pairs = []
    for _ in range(ROUNDS):
        arguments = [str(model), str(scratch / "texts.json"), str(length), str(scratch / "theirs.json")]
        done = subprocess.run([sys.executable, "-c", PIPELINE, *arguments], capture_output=True, text=True, check=True)
        whole, start = predict(model, scratch / "texts.parquet"), predict(model, scratch / "one.parquet")
        pairs.append((whole - start, float(done.stdout.split()[-1])))
    answers = [json.loads(line)["label"] for line in (scratch / "texts.jsonl").read_text().splitlines()]
    same = sum(a == b for a, b in zip(answers, json.loads((scratch / "theirs.json").read_text()), strict=True))
    ours, theirs = zip(*pairs, strict=True)
    ratios = [their / our for our, their in pairs]
    print(f"{len(texts)} texts, cut after {length} tokens; {same} of them got the same label from both\n")
    print("| | texts a second | ratio of each round |\n|---|---|---|")
    print(f"| this project | {rate(len(texts), ours)} | {spread(ratios)} |")
    print(f"| transformers.pipeline | {rate(len(texts), theirs)} | 1.00 |\n")


def predict(model: Path, texts: Path) -> float:
    begin = time.perf_counter()
    out = texts.with_suffix(".jsonl")
    command = [sys.executable, "-m", "commands.predict", str(texts), "--model", str(model), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin


def grow(model: Path, articles: int, scratch: Path) -> None:
    """Peak memory of labelling a tenth of the articles, and all of them, with an untrained encoder of 32 dimensions."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    small = scratch / "small"
    tokenizer = AutoTokenizer.from_pretrained(model)
    labels = [label["name"] for label in json.loads((model / "card.json").read_text())["labels"]]
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    config.id2label = dict(enumerate(labels))
    BertForSequenceClassification(config).save_pretrained(small)
    tokenizer.save_pretrained(small)
    for name in ("card.json", "inference.json"):
        (small / name).write_bytes((model / name).read_bytes())
    write_json(small / PROVENANCE, {"parameters": read_yaml(Path("params.yaml")), "inputs": {}})
    base = pq.read_table("data/splits/train.parquet")["text"].to_pylist()
    print("| articles | MiB at most | seconds |\n|---|---|---|")
    for number in (1, articles // 10, articles):
        path = scratch / "many.jsonl"
        with path.open("w") as file:
            for row in range(number):
                file.write(json.dumps({"text": f"{row} {base[row % len(base)]}"}) + "\n")
        arguments = [str(path), "--model", str(small), "--out", str(scratch / "out.csv")]
        begin = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True)
        print(
            f"| {number:,} | {int(done.stdout.split()[-1]) // 1024:,} | {time.perf_counter() - begin:.0f} |", flush=True
        )


def rate(texts: int, seconds: tuple[float, ...]) -> str:
    values = sorted(texts / each for each in seconds)
    return f"{statistics.median(values):.1f} ({values[0]:.1f} to {values[-1]:.1f})"


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
