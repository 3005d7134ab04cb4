"""Scoring test documents, beside transformers' pipeline with its default settings; and the processor's matrix rate.

    python -m benchmarks.bench_evaluate [articles]

The fine-tuned model of the working tree (`dvc repro finetune`) scores AG News' test articles ($DATA_MIRROR/ag_news/
test.csv), all 7,600 or the first ones: what the model was trained on makes no difference to its speed. Both sides get
the texts and one torch with the same threads, cut texts after 128 tokens, and give a label for each. They take turns.
"""

import csv
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
import torch
from transformers import pipeline

from stages.common.model.device import compute_alike
from stages.common.model.scorer import Scorer, tokenise_documents

MODEL = Path("models/finetuned")
THREADS = 2
ROUNDS = 3
LENGTH = 128  # tokens after which both sides cut a text, whatever the model was trained with
MATRIX = 2048  # rows and columns of the product that gives the processor's rate


def main() -> None:
    texts = articles(int(sys.argv[1]) if sys.argv[1:] else 7_600)
    compute_alike(0, THREADS)
    scorer = Scorer.load(MODEL, "cpu")
    scorer.inference = scorer.inference.model_copy(update={"max_length": LENGTH})
    model, tokenizer, inference = scorer.model, scorer.tokenizer, scorer.inference
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    documents = pd.DataFrame({"text": texts})

    def ours() -> list[str]:
        return [inference.labels[index] for index in scorer.logits(documents, "scoring").argmax(axis=1)]

    def theirs() -> list[str]:
        said = classify(texts, truncation=True, max_length=inference.max_length)
        return [answer["label"] for answer in said]

    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {THREADS} threads, Python {platform.python_version()}, ", end=""
    )
    print(", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "tokenizers")))
    rounds = [(timed(ours), timed(theirs), matrix_rate()) for _ in range(ROUNDS)]
    same = np.mean([one == other for one, other in zip(rounds[0][0][1], rounds[0][1][1], strict=True)])
    work = floating_operations(model, tokenise_documents(tokenizer, texts, inference).lengths)
    mine, other = ([len(texts) / each[side][0] for each in rounds] for side in (0, 1))
    share = [work / each[0][0] / each[2] for each in rounds]
    ratios = [one / two for one, two in zip(mine, other, strict=True)]
    print(f"""
| {len(texts):,} articles | documents a second | ratio of each round | same label |
|---|---|---|---|
| this project | {spread(mine, ",.1f")} | {spread(ratios, ".2f")} | {100 * same:.2f} % |
| pipeline, default settings | {spread(other, ",.1f")} | 1.00 | |

Products of {MATRIX:,} by {MATRIX:,} float32 matrices: {spread([each[2] / 1e9 for each in rounds], ".0f")} GFLOP/s;
scoring reaches {spread([100 * part for part in share], ".0f")} % of it, tokenising included.""")


def articles(count: int) -> list[str]:
    with (Path(os.environ["DATA_MIRROR"]) / "ag_news/test.csv").open(encoding="utf-8", newline="") as file:
        return [f"{title}. {description}" for _, title, description in csv.reader(file)][:count]


def timed(function: Callable[[], list[str]]) -> tuple[float, list[str]]:
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


def matrix_rate() -> float:
    """Floating-point operations a second of large float32 matrix products: the best of a few."""
    one, other = torch.rand(MATRIX, MATRIX), torch.rand(MATRIX, MATRIX)
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        one @ other
        seconds.append(time.perf_counter() - begun)
    return 2 * MATRIX**3 / min(seconds)


def floating_operations(model: torch.nn.Module, lengths: np.ndarray) -> float:
    """What scoring documents of some lengths in tokens needs: the weights for each token, and attention."""
    config = model.config
    weights = sum(part.weight.numel() for part in model.modules() if isinstance(part, torch.nn.Linear))
    attention = 4 * config.num_hidden_layers * config.hidden_size * float((lengths**2).sum())
    return 2 * weights * float(lengths.sum()) + attention


def spread(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
