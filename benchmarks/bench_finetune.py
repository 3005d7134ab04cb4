"""Fine-tuning, measured beside what people use otherwise: MiniLM on AG News articles.

    python -m benchmarks.bench_finetune [speed] [checkpoints] [methods] [memory] [--articles N] [--rounds N]

The articles are a seeded choice from noisy_ag_news (its file comes from $DATA_MIRROR where there is one), with true
labels. Each side trains on the same articles with the same batch size, one epoch, in alternating rounds; where every
step costs the same (texts padded to one length), a few steps are enough.
"""

import argparse
import gc
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from transformers import (
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from benchmarks.bench_clean import dataset, spread, timed
from stages.common.core.validation import read_yaml
from stages.common.model.batching import bucketed_batches
from stages.common.model.device import compute_alike
from stages.common.model.loading import load_pretrained
from stages.common.model.tokenising import tokenise
from stages.common.training.checkpoints import Checkpoints
from stages.common.training.loop import train
from stages.common.training.methods import prepare
from stages.common.training.optimisation import make_optimiser
from stages.common.training.trackers import track
from stages.finetune.examples import Examples
from stages.finetune.objectives import make_objective
from stages.finetune.parameters import Finetune
from stages.finetune.validation import Figures

ROOT = Path(__file__).parent.parent
SEED = 20
BATCH = 32
LENGTH = 128
EPOCH = 4_000  # articles whose padding is counted, which needs no training
METHODS = ("full", "frozen", "head", "lora", "dora", "adalora", "ia3", "prefix")
FIGURES = Figures(accuracy=0.0, macro_precision=0.0, macro_recall=0.0, macro_f1=0.0, loss=0.0)


def main() -> None:
    tables = {"speed": speed, "checkpoints": checkpoints, "methods": methods, "memory": memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=f"some of {', '.join(tables)}; all by default")
    parser.add_argument("--articles", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    chosen = given.tables or list(tables)
    if chosen[0] in METHODS:  # a process of its own that `memory` started
        return one_method(chosen[0], given.articles)
    if unknown := [name for name in chosen if name not in tables]:
        parser.error(f"there is no table {unknown[0]!r}")
    packages = ("torch", "transformers", "accelerate", "peft")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    for name in chosen:
        print(f"\n### {name.capitalize()}\n", flush=True)
        tables[name](given.articles, given.rounds)
    return None


def settings(**changes: object) -> Finetune:
    said = read_yaml(ROOT / "params.yaml")["finetune"]
    return Finetune.model_validate(
        {**said, "batch_size": BATCH, "max_length": LENGTH, "device": "cpu", "precision": "fp32", **changes}
    )


def articles(count: int) -> tuple[list[str], np.ndarray, int]:
    """Some articles of the training file and the number of their true class, and how many classes there are."""
    documents = dataset("noisy_ag_news")
    documents = documents[documents["published_split"].eq("train")].sort_values("id")
    chosen = documents.sample(min(count, len(documents)), random_state=SEED)
    labels = sorted(documents["label"].unique())
    return chosen["text"].tolist(), chosen["label"].map(labels.index).to_numpy(np.int64, copy=True), len(labels)


def fresh_model(classes: int, parameters: Finetune) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    compute_alike(parameters.seed, parameters.threads)
    gc.collect()
    return load_pretrained(
        ROOT / "models/fetched/pretrained", [str(label) for label in range(classes)], parameters.dropout
    )


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def ours(texts: list[str], labels: np.ndarray, classes: int, parameters: Finetune, every: int = 0) -> float:
    """Seconds that the project's loop takes, DVCLive and a frozen part's outputs included, validation left out."""
    model, tokenizer = fresh_model(classes, parameters)
    AcceleratorState._reset_state(True)
    accelerator = Accelerator(cpu=True, mixed_precision="no")
    examples = Examples(tokenise(tokenizer, texts, LENGTH), labels)
    with scratch() as folder, track(folder / "live", [], "bench", {}) as log:
        begin = time.perf_counter()
        method = prepare(model, parameters, "text-classification", len(texts))
        examples = method.precompute(examples, tokenizer, accelerator.device)
        objective = make_objective(parameters, [labels], classes, method.penalty)
        places = Checkpoints(folder / "checkpoints", every)
        train(
            method.model,
            tokenizer,
            examples,
            objective,
            lambda: FIGURES,
            parameters,
            accelerator,
            places,
            log,
        )
        seconds = time.perf_counter() - begin
        places.wait()
    return seconds


def bare(texts: list[str], labels: np.ndarray, classes: int, parameters: Finetune) -> float:
    """Seconds of forward, backward and optimiser step on the batches of `ours`, made beforehand."""
    model, tokenizer = fresh_model(classes, parameters)
    examples = Examples(tokenise(tokenizer, texts, LENGTH), labels)
    optimiser = make_optimiser(model, parameters.largest_rate, parameters.weight_decay, parameters.layer_decay)
    order = bucketed_batches(examples.tokens.lengths, BATCH, parameters.seed, 1)
    batches = [examples.batch(rows, tokenizer, torch.device("cpu")) for rows in order]
    model.train()
    begin = time.perf_counter()
    for batch, targets in batches:
        torch.nn.functional.cross_entropy(model(**batch).logits, targets).backward()
        optimiser.step()
        optimiser.zero_grad()
    return time.perf_counter() - begin


def padded(texts: list[str], labels: np.ndarray, classes: int, parameters: Finetune) -> float:
    """Seconds of the classic recipe: every text padded to 512, shuffled, a plain loop with AdamW."""
    model, tokenizer = fresh_model(classes, parameters)
    inputs = tokenizer(texts, padding="max_length", truncation=True, max_length=512, return_tensors="pt")
    optimiser = torch.optim.AdamW(model.parameters(), lr=parameters.largest_rate)
    order = random.Random(SEED).sample(range(len(texts)), len(texts))
    model.train()
    begin = time.perf_counter()
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        batch = {name: tensor[rows] for name, tensor in inputs.items()}
        model(**batch, labels=torch.from_numpy(labels[rows])).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
    return time.perf_counter() - begin


def trainer(texts: list[str], labels: np.ndarray, classes: int, parameters: Finetune, padding: str | bool) -> float:
    """Seconds of transformers' Trainer: texts padded to 128, or as much as each batch of about one length needs."""
    model, tokenizer = fresh_model(classes, parameters)
    rows = tokenizer(texts, padding=padding, truncation=True, max_length=LENGTH)
    data = [
        {"input_ids": ids, "attention_mask": mask, "labels": int(label)}
        for ids, mask, label in zip(rows["input_ids"], rows["attention_mask"], labels, strict=True)
    ]
    with scratch() as folder:
        how = TrainingArguments(
            str(folder),
            per_device_train_batch_size=BATCH,
            num_train_epochs=1,
            learning_rate=parameters.largest_rate,
            train_sampling_strategy="random" if padding else "group_by_length",
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
        )
        work = Trainer(model, how, train_dataset=data, data_collator=DataCollatorWithPadding(tokenizer))
        work.remove_callback(PrinterCallback)
        return timed(work.train)[0]


def product() -> float:
    """Floating-point operations a second of a large float32 matrix product."""
    left, right = torch.randn(3072, 3072), torch.randn(3072, 3072)
    left @ right
    seconds, _ = timed(lambda: [left @ right for _ in range(4)])
    return 4 * 2 * 3072**3 / seconds


def operations(classes: int, lengths: np.ndarray) -> float:
    """Useful floating-point operations of one epoch: forward, and twice that backward, for real tokens alone."""
    model, _ = fresh_model(classes, settings())
    embeddings = sum(parameter.numel() for name, parameter in model.named_parameters() if "embeddings" in name)
    weights = sum(parameter.numel() for parameter in model.parameters()) - embeddings
    attention = 12 * model.config.num_hidden_layers * model.config.hidden_size * (lengths.astype(float) ** 2).sum()
    return 6 * weights * lengths.sum() + attention


def speed(count: int, rounds: int) -> None:
    texts, labels, classes = articles(count)
    parameters = settings(epochs=1)
    _, tokenizer = fresh_model(classes, parameters)
    useful = operations(classes, tokenise(tokenizer, texts, LENGTH).lengths)
    lengths = tokenise(tokenizer, articles(EPOCH)[0], LENGTH).lengths
    order = bucketed_batches(lengths, BATCH, parameters.seed, 1)
    real_share = lengths.sum() / sum(len(rows) * lengths[rows].max() for rows in order)
    few, some = 2 * BATCH, 8 * BATCH
    sides: dict[str, tuple[int, Callable[[list[str], np.ndarray, int, Finetune], float]]] = {
        "this project": (count, ours),
        "bare forward, backward, step on its batches": (count, bare),
        "Trainer, padded by batch, grouped by length": (count, lambda *given: trainer(*given, padding=False)),
        f"Trainer, padded to {LENGTH} ({some} articles)": (some, lambda *given: trainer(*given, padding="max_length")),
        f"classic loop, padded to 512 ({few} articles)": (few, padded),
    }
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    rates = []
    for _ in range(rounds):
        for name, (part, run) in sides.items():
            part = min(part, len(texts))
            speeds[name].append(part / run(texts[:part], labels[:part], classes, parameters))
        rates.append(useful / len(texts) * speeds["this project"][-1] / product())
    print(
        f"{len(texts):,} articles, batch size {BATCH}, {LENGTH} tokens, {parameters.threads} threads, {rounds} rounds\n"
    )
    print("| | articles a second | this project is faster by |")
    print("|---|---|---|")
    for name, values in speeds.items():
        ratios = [mine / other for mine, other in zip(speeds["this project"], values, strict=True)]
        print(f"| {name} | {spread(values, '.1f')} | {spread(ratios, '.2f')} |")
    print(f"\nReal tokens: {real_share:.2%} of those computed in an epoch of {EPOCH:,} articles. ", end="")
    print(f"Useful operations a second: {spread(rates, '.1%')} of those of a large float32 matrix product.")


def checkpoints(count: int, rounds: int) -> None:
    texts, labels, classes = articles(count)
    steps = -(-len(texts) // BATCH)
    every = max(1, steps // 3)
    costs = []
    for _ in range(rounds):
        without = ours(texts, labels, classes, settings(epochs=1))
        written = ours(texts, labels, classes, settings(epochs=1), every)
        costs.append((written - without) / (steps // every) / (50 * without / steps))
    print(
        f"{steps} steps of {BATCH}, a checkpoint every {every}; the cost of one, as a share of 50 steps' time: ", end=""
    )
    print(f"{spread(costs, '.2%')}, {rounds} rounds")


def methods(count: int, rounds: int) -> None:
    texts, labels, classes = articles(count // 2)
    seconds: dict[str, list[float]] = {name: [] for name in ("full", "frozen", "head")}
    for _ in range(rounds):
        for name, values in seconds.items():
            values.append(ours(texts, labels, classes, settings(epochs=3, method=name, early_stopping_patience=3)))
    print(f"{len(texts):,} articles, three epochs, frozen: {settings().frozen_layers} of 6 layers, {rounds} rounds\n")
    print("| method | seconds | faster than full by |")
    print("|---|---|---|")
    for name, values in seconds.items():
        ratios = [full / own for full, own in zip(seconds["full"], values, strict=True)]
        print(f"| {name} | {spread(values, '.1f')} | {spread(ratios, '.2f')} |")


def memory(*_: int) -> None:
    print(f"Peak memory of a process that takes four steps of {BATCH}, and of one that only loads the model.\n")
    print("| method | MiB |")
    print("|---|---|")
    for name in METHODS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.bench_finetune", name, "--articles", str(4 * BATCH)],
            capture_output=True,
            text=True,
            check=True,
        )
        print(done.stdout, end="", flush=True)


def one_method(name: str, count: int) -> None:
    texts, labels, classes = articles(count)
    parameters = settings(epochs=1, method=name)
    fresh_model(classes, parameters)
    before = peak_memory()
    ours(texts, labels, classes, parameters)
    print(f"| {name} | {peak_memory():,.0f} (the model alone: {before:,.0f}) |")


def peak_memory() -> float:
    """The most memory that this process held so far, in MiB; getrusage would count that of the one that started it."""
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


if __name__ == "__main__":
    main()
