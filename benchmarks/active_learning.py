"""What active learning saves: rounds of labels on the frozen encoder's embeddings with a logistic regression.

    python -m benchmarks.active_learning [--datasets ...] [--methods ...] [--seeds 10] [--table]

A seed draws a pool of training documents, in which every method works, and a stop set beside it, whose labels nobody
reads. Each round labels 16 documents, which ``commands.annotation.selection`` chooses as ``annotate plan --by`` does;
the first of an active method are the middles of clusters, for there is no model yet. Then the model is trained anew and
scored on the test documents, which decide nothing. Settings were fixed beforehand: the batch, the pool, and the head's
penalty as commands.learning.frozen has it, chosen on other datasets.

Each finished run is a row of benchmarks/results/active_learning.csv, by its settings and the documents, so that nothing
is made twice. ``--table`` prints the tables of docs/benchmarks.md from the rows.
"""

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import cohen_kappa_score

from benchmarks.few_labels import load
from benchmarks.few_shot import PRETRAINED, ROOT, metrics_of
from benchmarks.kept_runs import add_row, digest, rows_in
from commands.annotation.choosing import shuffled
from commands.annotation.selection import by_badge, by_clusters, by_coreset, by_entropy, by_margin
from commands.learning.frozen import INVERSE_PENALTY, KEPT, MAX_LENGTH, embedded, label_probability
from stages.common.core.messages import progress
from stages.common.core.seeding import derived_seed

ROWS = ROOT / "benchmarks/results/active_learning.csv"
FIELDS = ("dataset", "method", "seed", "labels", "macro_f1", "kappa", "changed", "seconds", "settings", "key")
DATASETS = ("noisy_ag_news", "noisy_ag_news_crowd", "r8")
RANDOM = "random"
METHODS = (RANDOM, "uncertainty", "margin", "badge", "coreset", "clusters")
BATCH, LABELS = 16, 320
POOL, STOP_SET = 3_000, 1_000
STOPPING, STOPPED_BY = ("uncertainty", "margin"), 640  # methods that go on, to see whether answers become steady
BEYOND = (*range(352, 641, 32), *range(704, 1281, 64))  # numbers of labels for random alone, to see what it needs
EQUAL_AT = (80, 160, 320)  # numbers of labels at which a method's macro F1 is looked up on random's curve
STEADY, ROUNDS = 0.99, 3  # the mean kappa of as many rounds at which labelling stops
CONFIDENCE = 0.95

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Embedded(NamedTuple):
    """A dataset, embedded.

    Attributes:
        ids: Of the training documents.
        train: Their vectors, [documents, hidden size].
        codes: The index of each one's label, [documents].
        test: Vectors of the test documents.
        actual: The index of each one's label.
        labels: The names of the labels.
        documents: A digest of all of them.
    """

    ids: list[str]
    train: Floats
    codes: np.ndarray[Any, np.dtype[np.int64]]
    test: Floats
    actual: np.ndarray[Any, np.dtype[np.int64]]
    labels: list[str]
    documents: str


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what active learning saves.")
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--table", action="store_true", help="only print the tables of the rows that are there")
    given = parser.parse_args()
    if not given.table:
        for dataset in given.datasets:
            with tempfile.TemporaryDirectory() as scratch:
                corpus = embed_corpus(*load(dataset, Path(scratch)))
            wanted = [(method, seed) for seed in range(1, given.seeds + 1) for method in given.methods]
            for method, seed in progress(wanted, dataset, "run"):
                run(dataset, corpus, method, seed)
    print("\n".join(tables(rows_in(ROWS))))


def embed_corpus(splits: Mapping[str, pd.DataFrame], card: Any) -> Embedded:
    """Embeds the training and the test documents, or reads what was kept of the same texts."""
    number = {label: code for code, label in enumerate(card.label_names)}
    train, test = splits["train"].sort_values("id"), splits["test"]
    vectors = [embedded(rows["text"].tolist(), PRETRAINED, ROOT / KEPT) for rows in (train, test)]
    codes = [rows["label"].map(number).to_numpy("int64") for rows in (train, test)]
    documents = digest(*(sorted(zip(r["id"], r["text"], r["label"], strict=True)) for r in (train, test)))
    return Embedded(train["id"].tolist(), vectors[0], codes[0], vectors[1], codes[1], card.label_names, documents)


def run(dataset: str, corpus: Embedded, method: str, seed: int) -> Mapping[str, Any]:
    """A simulation, from the table of finished runs or made and added to it."""
    last = STOPPED_BY if method in STOPPING else LABELS
    sizes = [*range(BATCH, last + 1, BATCH), *(BEYOND if method == RANDOM else ())]
    settings = {
        "method": method,
        "sizes": [BATCH, sizes[-1]],
        "pool": POOL,
        "stop_set": STOP_SET,
        "c": INVERSE_PENALTY,
        "max_length": MAX_LENGTH,
    }
    key = digest(settings, seed, corpus.documents)
    done = {row["key"]: row for row in rows_in(ROWS)}
    if key in done:
        return done[key]
    begin = time.process_time()
    measured = simulate(corpus, method, seed, sizes)
    row = {
        "dataset": dataset,
        "method": method,
        "seed": seed,
        **{name: " ".join(f"{value:.5g}" for value in values) for name, values in measured.items()},
        "seconds": round(time.process_time() - begin, 1),
        "settings": json.dumps(settings, sort_keys=True),
        "key": key,
    }
    add_row(ROWS, FIELDS, row)
    return row


def simulate(corpus: Embedded, method: str, seed: int, sizes: Sequence[int]) -> dict[str, list[float]]:
    """Labels documents round by round.

    Args:
        corpus: The documents.
        method: How they are chosen.
        seed: Draws the pool, the stop set, and what a method draws.
        sizes: Numbers of labels after each round.

    Returns:
        For each round ``labels``, ``macro_f1`` on the test documents, Cohen's ``kappa`` with the answers of the round
        before on the stop set, and the share of them that ``changed`` since as many rounds as the stopping rule looks
        at. The latter two are NaN in rounds that have none so far before them.
    """
    order = shuffled(corpus.ids, seed, "pool")
    place = {row_id: row for row, row_id in enumerate(corpus.ids)}
    rows = np.array([place[row_id] for row_id in order])
    pool, stop = rows[:POOL], rows[POOL : POOL + STOP_SET]
    vectors, codes, classes = corpus.train[pool], corpus.codes[pool], len(corpus.labels)
    asked = np.concatenate([vectors, corpus.test, corpus.train[stop]])
    chosen, probability = np.array([], dtype=np.int64), None
    answers: list[np.ndarray[Any, Any]] = []
    found: dict[str, list[float]] = {"labels": [], "macro_f1": [], "kappa": [], "changed": []}
    for size in sizes:
        left = np.setdiff1d(np.arange(len(pool)), chosen)
        known = None if probability is None else probability[: len(pool)][left]
        batch_seed = derived_seed(seed, method if len(chosen) else "start", len(chosen)) % 2**32
        way = method if len(chosen) or method == RANDOM else "clusters"
        batch = choose(way, vectors[left], known, vectors[chosen], size - len(chosen), batch_seed)
        chosen = np.concatenate([chosen, left[batch]])
        probability = label_probability(vectors[chosen], codes[chosen], classes, asked)
        guessed = probability.argmax(axis=1)
        answers.append(guessed[len(pool) + len(corpus.test) :])
        of_test = guessed[len(pool) : len(pool) + len(corpus.test)]
        found["labels"].append(size)
        found["macro_f1"].append(metrics_of(corpus.actual, of_test, corpus.labels)["macro_f1"])
        found["kappa"].append(kappa(answers[-2], answers[-1]) if len(answers) > 1 else math.nan)
        changed = float((answers[-1 - ROUNDS] != answers[-1]).mean()) if len(answers) > ROUNDS else math.nan
        found["changed"].append(changed)
    return found


def choose(
    method: str, vectors: Floats, probability: Floats | None, labelled: Floats, count: int, seed: int
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The next documents to be labelled, of those that are left.

    Args:
        method: One of METHODS.
        vectors: Of the documents that are left, [left, hidden size].
        probability: What the model says of them, [left, labels]; None before there is a model.
        labelled: Vectors of the labelled documents.
        count: How many are wanted.
        seed: Of what the method draws.
    """
    if method == RANDOM:
        return np.random.default_rng(seed).choice(len(vectors), count, replace=False)
    if method == "clusters":
        return by_clusters(vectors, count, seed)
    if method == "coreset":
        return by_coreset(vectors, labelled, count)
    if probability is None:
        raise ValueError(f"{method} asks a model")
    if method == "badge":
        return by_badge(vectors, probability, count, seed)
    if method == "margin":
        return by_margin(probability)[:count]
    entropy = -(probability * np.log(np.maximum(probability, np.finfo(float).tiny))).sum(axis=1)
    return by_entropy(entropy)[:count]


def kappa(one: Any, other: Any) -> float:
    """Cohen's kappa of two models' answers; 1 where both give one and the same label throughout."""
    return 1.0 if (one == other).all() else float(cohen_kappa_score(one, other))


class Measured(NamedTuple):
    """A finished run: numbers of labels, and for each of them what was found."""

    labels: Floats
    macro_f1: Floats
    kappa: Floats
    changed: Floats

    @classmethod
    def read(cls, row: Mapping[str, str]) -> "Measured":
        """From a row of the table of finished runs."""
        return cls(*(np.array([float(number) for number in row[name].split()]) for name in cls._fields))

    def at(self, labels: float) -> float:
        """Macro F1 at a number of labels."""
        return float(self.macro_f1[self.labels == labels][0])

    def area(self) -> float:
        """The mean macro F1 from the first round to 320 labels: the area under the curve by its width."""
        kept = self.labels <= LABELS
        return float(np.trapezoid(self.macro_f1[kept], self.labels[kept]) / (LABELS - BATCH))

    def needs(self, macro_f1: float) -> float:
        """How many labels it takes to a macro F1, on the curve that rises and is nearest to this one.

        Between two rounds it is a straight line; below the first and beyond the last round, that round's number.
        """
        rising = IsotonicRegression().fit_transform(self.labels, self.macro_f1)
        first = int(np.searchsorted(rising, macro_f1))  # the first round that has it
        if first in (0, len(rising)):
            return float(self.labels[min(first, len(rising) - 1)])
        part = (macro_f1 - rising[first - 1]) / (rising[first] - rising[first - 1])
        return float(self.labels[first - 1] + part * (self.labels[first] - self.labels[first - 1]))

    def stops(self) -> int | None:
        """The round after which answers are steady: mean kappa of the last three is 0.99 or more; None if never."""
        for row in range(ROUNDS, len(self.labels)):
            if self.kappa[row - ROUNDS + 1 : row + 1].mean() >= STEADY:
                return row
        return None


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and its 95 % t interval."""
    mean = statistics.mean(values)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return mean, mean - reach, mean + reach


def saved(method: Sequence[Measured], random: Sequence[Measured], labels: int) -> tuple[float, float, float]:
    """The share of labels that a method saves: 1 - its number by the number that random needs for the same macro F1.

    Seed by seed, on random's curve of the same seed; the geometric mean of the ratios with its t interval.
    """
    ratios = [math.log(labels / other.needs(one.at(labels))) for one, other in zip(method, random, strict=True)]
    mean, low, high = (1 - math.exp(value) for value in interval(ratios))
    return mean, high, low  # the higher the ratio, the less is saved


def tables(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The lines of the tables: what each method gains and saves, then what the stopping rule says."""
    runs: dict[tuple[str, str], dict[str, Measured]] = {}
    for row in rows:
        runs.setdefault((row["dataset"], row["method"]), {})[row["seed"]] = Measured.read(row)
    names = " | ".join(f"saved at {labels}" for labels in EQUAL_AT)
    sizes = ", ".join(map(str, EQUAL_AT))
    lines = [
        f"| dataset | method | macro F1 at {sizes} labels | area | over random | {names} |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (dataset, method), of_method in runs.items():
        of_random = runs.get((dataset, RANDOM), {})
        seeds = sorted(set(of_method) & set(of_random), key=int)
        if len(seeds) < 2:
            continue
        pair = [of_method[seed] for seed in seeds], [of_random[seed] for seed in seeds]
        mean = ", ".join(f"{statistics.mean(one.at(labels) for one in pair[0]):.3f}" for labels in EQUAL_AT)
        area = f"{statistics.mean(one.area() for one in pair[0]):.4f}"
        beside = [""] * (1 + len(EQUAL_AT))
        if method != RANDOM:
            over = interval([one.area() - other.area() for one, other in zip(*pair, strict=True)])
            beside = [
                "{:+.4f} ({:+.4f} to {:+.4f})".format(*over),
                *("{:.0%} ({:.0%} to {:.0%})".format(*saved(*pair, labels)) for labels in EQUAL_AT),
            ]
        lines.append(" | ".join([f"| {dataset}", method, mean, area, *beside]) + " |")
    return [*lines, "", *stopping_table(runs)]


def stopping_table(runs: Mapping[tuple[str, str], Mapping[str, Measured]]) -> list[str]:
    """What the rule says when it stops, and what labels brought after that, in points of macro F1."""
    lines = [
        "| dataset | method | seeds that stop | at labels (least to most) | may still change, points "
        f"| {ROUNDS * BATCH} more labels brought | all up to {STOPPED_BY} brought |",
        "|---|---|---|---|---|---|---|",
    ]
    for (dataset, method), of_method in runs.items():
        if method not in STOPPING:
            continue
        stopped = [(one, row) for one in of_method.values() if (row := one.stops()) is not None]
        told = [f"{len(stopped)} of {len(of_method)}", "", "", "", ""]
        if stopped:
            at = [int(one.labels[row]) for one, row in stopped]
            told[1] = f"{statistics.mean(at):.0f} ({min(at)} to {max(at)})"
            told[2] = f"{100 * statistics.mean(float(one.changed[row]) for one, row in stopped):.1f}"
            told[3] = _points(
                [one.macro_f1[min(row + ROUNDS, len(one.labels) - 1)] - one.macro_f1[row] for one, row in stopped]
            )
            told[4] = _points([one.macro_f1[-1] - one.macro_f1[row] for one, row in stopped])
        lines.append(" | ".join([f"| {dataset}", method, *told]) + " |")
    return lines


def _points(gains: Sequence[float]) -> str:
    if len(gains) < 2:
        return f"{100 * gains[0]:+.2f}"
    return "{:+.2f} ({:+.2f} to {:+.2f})".format(*(100 * value for value in interval(gains)))


if __name__ == "__main__":
    main()
