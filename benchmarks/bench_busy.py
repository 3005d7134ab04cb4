"""One training alone and two at once on the same cores, with threads that wait as libgomp lets them and as stages do.

    python -m benchmarks.bench_busy [--steps N] [--rounds N] [--threads N] [--spins N ...]

Each training takes the steps of `stages.finetune` (the classifier on the pretrained encoder, batches of 8 documents of
128 tokens) on made-up tokens, in a process of its own. It loads and warms up first; the clock runs from the moment all
are told to start until the last has ended. The ways take turns in every round. `--spins` tries fixed numbers of spins.
"""

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.bench_noop import spread
from stages.common.core.validation import read_yaml
from stages.common.model.device import compute_alike
from stages.common.model.loading import load_pretrained
from stages.common.model.spinning import SETTINGS
from stages.common.tasks import TASKS
from stages.common.training.optimisation import make_optimiser
from stages.finetune.parameters import Finetune

ROOT = Path(__file__).parent.parent
BATCH, LENGTH = 8, 128
TODAY = "libgomp's own"
OURS = "watched, as in stages"
DEFAULT_SPINS = 300_000  # what libgomp takes where nothing is set; named, it keeps stages from watching the cores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--spins", type=int, nargs="*", default=[])
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)  # one of the processes that this starts
    given = parser.parse_args()
    if given.train:
        return train(given.steps, given.threads)
    return compare(given.steps, given.rounds, given.threads, given.spins)


def train(steps: int, threads: int) -> None:
    """Trains once told to, and prints the hash of the weights."""
    compute_alike(1, threads)
    parameters = Finetune.model_validate(read_yaml(ROOT / "params.yaml")["finetune"])
    head = next(iter(TASKS.values())).head
    model, _ = load_pretrained(ROOT / "models/fetched/pretrained", ["a", "b", "c"], parameters.dropout, head)
    optimiser = make_optimiser(model, parameters.largest_rate, parameters.weight_decay, parameters.layer_decay)
    tokens = torch.randint(1_000, 20_000, (steps + 1, BATCH, LENGTH))
    targets = torch.arange(BATCH) % 3
    model.train()
    for step, ids in enumerate(tokens):
        if step == 1:
            print("ready", flush=True)
            sys.stdin.readline()
        torch.nn.functional.cross_entropy(model(input_ids=ids).logits, targets).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), parameters.clip_norm)
        optimiser.step()
        optimiser.zero_grad()
    weights = b"".join(parameter.detach().numpy().tobytes() for parameter in model.parameters())
    print(hashlib.sha256(weights).hexdigest(), flush=True)


def at_once(count: int, steps: int, threads: int, spins: int | None) -> tuple[float, set[str]]:
    """Seconds until so many trainings that start together have all ended, and the hashes of their weights."""
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    if spins is not None:
        environment["GOMP_SPINCOUNT"] = str(spins)
    command = [sys.executable, "-m", "benchmarks.bench_busy", "--train", f"--steps={steps}", f"--threads={threads}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    trainings = [subprocess.Popen(command, env=environment, text=True, **pipes) for _ in range(count)]
    for training in trainings:
        if training.stdout.readline() != "ready\n":
            sys.exit("a training did not start: is models/fetched/pretrained there?")
    begin = time.perf_counter()
    for training in trainings:
        training.stdin.write("\n")
        training.stdin.flush()
    hashes = {training.stdout.readline() for training in trainings}
    seconds = time.perf_counter() - begin
    for training in trainings:
        training.communicate()
    return seconds, hashes


def compare(steps: int, rounds: int, threads: int, spins: list[int]) -> None:
    ways = {TODAY: DEFAULT_SPINS, OURS: None, **{f"{count:,} spins": count for count in spins}}
    alone: dict[str, list[float]] = {way: [] for way in ways}
    two: dict[str, list[float]] = {way: [] for way in ways}
    weights = set()
    for number in range(rounds):
        for way in list(ways) if number % 2 == 0 else list(ways)[::-1]:
            for count, kept in ((1, alone), (2, two)):
                seconds, hashes = at_once(count, steps, threads, ways[way])
                kept[way].append(seconds)
                weights |= hashes
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {version('torch')}; ", end="")
    print(f"{steps} steps of {BATCH} documents of {LENGTH} tokens, {threads} threads each, {rounds} rounds\n")
    print("| threads wait | alone, s | two at once, s | alone / alone, libgomp | two at once / one after the other |")
    print("|---|---|---|---|---|")
    for way in ways:
        longer = [mine / today for mine, today in zip(alone[way], alone[TODAY], strict=True)]
        shared = [both / (2 * today) for both, today in zip(two[way], alone[TODAY], strict=True)]
        cells = [spread(alone[way]), spread(two[way]), spread(longer), spread(shared)]
        print(f"| {way} | {' | '.join(cells)} |")
    print(
        f"\nOne after the other is twice as long as one alone in libgomp's own way. Different weights: {len(weights)}."
    )


if __name__ == "__main__":
    main()
