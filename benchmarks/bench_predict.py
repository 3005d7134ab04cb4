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
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, pipeline

from commands.origin import ORIGIN, RUN, model_hash, origin_of, pack
from commands.prediction import Predictor
from commands.records import LOCK
from commands.texts import read_rows, windows
from stages.common.core.outputs import write_json
from stages.common.model.inference import INFERENCE, read_inference

ROUNDS, THREADS, CHARACTERS = 5, 2, 300  # so long are the articles of AG News, about
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
    """Both label the same texts, cleaning included on our side, in alternating rounds; loading is in neither time."""
    torch.set_num_threads(THREADS)
    path = scratch / "texts.parquet"
    pq.write_table(pq.read_table("data/splits/test.parquet", columns=["text"]).slice(0, count), path)
    texts = pq.read_table(path)["text"].to_pylist()
    predictor = Predictor.load(model, "cpu")
    inference = predictor.scorer.inference
    classify = pipeline("text-classification", model=str(model), device="cpu")

    def project() -> list[str]:
        labels: list[str] = []
        for window in windows(read_rows(path, "parquet", ["text"], None, words=False)):
            labels += predictor.answer(window.rows, "scoring")[0]["label"]
        return labels

    def theirs() -> list[str]:
        return [row["label"] for row in classify(texts, truncation=True, max_length=inference.max_length)]

    rounds = [(timed(project), timed(theirs)) for _ in range(ROUNDS)]
    same = sum(a == b for a, b in zip(rounds[0][0][0], rounds[0][1][0], strict=True))
    print(f"{len(texts)} texts, cut after {inference.max_length} tokens; both gave {same} of them the same label\n")
    print("| | texts a second | ratio of each round: wall time | processor time |\n|---|---|---|---|")
    ratios = [[other[clock] / own[clock] for own, other in rounds] for clock in (1, 2)]
    print(f"| this project | {rate(len(texts), [own[1] for own, _ in rounds])} | {' | '.join(map(spread, ratios))} |")
    print(
        f"| transformers.pipeline | {rate(len(texts), [other[1] for _, other in rounds])} | 1.00 | 1.00 |\n", flush=True
    )


def timed(label: Callable[[], list[str]]) -> tuple[list[str], float, float]:
    """What it returns, and its seconds on the wall and on the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    labels = label()
    return labels, time.perf_counter() - wall, time.process_time() - processor


def grow(model: Path, articles: int, scratch: Path) -> None:
    """Peak memory of labelling one article, a tenth of them, and all, with an untrained encoder of 32 dimensions."""
    small = scratch / "small"
    tokenizer = AutoTokenizer.from_pretrained(model)
    labels = read_inference(model).labels
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    config.id2label = dict(enumerate(labels))
    BertForSequenceClassification(config).save_pretrained(small)
    tokenizer.save_pretrained(small)
    (small / INFERENCE).write_bytes((model / INFERENCE).read_bytes())
    borrow_records(model, small)
    base = pq.read_table("data/splits/train.parquet")["text"].to_pylist()
    print("| articles | MiB at most | seconds |\n|---|---|---|")
    for number in (1, articles // 10, articles):
        path = scratch / "many.jsonl"
        with path.open("w") as file:
            for row in range(number):
                file.write(json.dumps({"text": f"{row} {base[row % len(base)][:CHARACTERS]}"}) + "\n")
        arguments = [str(path), "--model", str(small), "--out", str(scratch / "out.csv")]
        begin = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True)
        print(
            f"| {number:,} | {int(done.stdout.split()[-1]) // 1024:,} | {time.perf_counter() - begin:.0f} |", flush=True
        )


def borrow_records(model: Path, small: Path) -> None:
    """Packs the records of a model's run beside another model, as if they were its own: so it is cleaned for alike."""
    pack(model, origin_of(model), small)
    lock, origin = small / RUN / LOCK, small / RUN / ORIGIN
    lock.write_text(lock.read_text().replace(model_hash(model), model_hash(small)))
    write_json(origin, {**json.loads(origin.read_text()), "model": model_hash(small)})


def rate(texts: int, seconds: list[float]) -> str:
    values = sorted(texts / each for each in seconds)
    return f"{statistics.median(values):.1f} ({values[0]:.1f} to {values[-1]:.1f})"


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
