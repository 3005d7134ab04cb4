"""One label of several answers, beside crowd-kit: on crowds with gold, and on a made-up one for time and memory.

    DATA_MIRROR=FOLDER python -m benchmarks.bench_annotate [gold] [shrinkage] [numbers] [audit] [speed]

Runs in an environment of its own, which `make bench-annotate` makes: the project's packages and crowd-kit. FOLDER holds
hatecheck/all_annotations.csv and rte1.tsv and the standardized tables of snow2008.

Each timing is a process of its own, so that its memory can be told. Both sides get the same table of whole numbers, in
random order; sorting and coding it counts. Beside the time on the clock stands the processors' time, which says more
on a machine where other programs run.
"""

import csv
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from stages.annotate.aggregation import METHODS, Aggregate, CodedAnswers, Settings, aggregate, choose
from stages.annotate.aggregation.tempering import held_out, predicted
from stages.annotate.combining.numbers import Numbers
from stages.annotate.consensus import reach_consensus
from stages.annotate.parameters import AnnotateParameters
from stages.audit.__main__ import OTHER_IS_LIKELIER
from stages.audit.answers import Crowd, beside_answers
from stages.audit.issues import judge_labels
from stages.audit.parameters import AuditParameters, Ways
from stages.audit.probabilities import probabilities
from stages.common.core.parameters import load_section
from stages.common.documents.answers import SCHEMA
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.calibration import calibration_error, equal_width_bins
from stages.common.metrics.counts import Counts, Floats, losses
from stages.common.tasks import task_named

SEED = 20
TASK = task_named("text-classification")
BINS = 15  # of the calibration error, of equal width, as Guo et al. (2017) have them
GOLD = {
    "rte": ("snow2008/rte.standardized.tsv", "two sentences: does the first entail the second?"),
    "temp": ("snow2008/temp.standardized.tsv", "which of two events comes first?"),
    "wsd": ("snow2008/wsd.standardized.tsv", "which of three senses has a word?"),
    "hatecheck": ("hatecheck/all_annotations.csv", "hateful or not?"),
}
NUMBERS = {
    "emotions": ("anger", "disgust", "fear", "joy", "sadness", "surprise"),
    "valence": ("valence",),
    "wordsim": ("wordsim",),
}
NUMBER_STRENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e6)  # of the shrinkage of biases and variances, in answers
OPPONENTS = {
    "majority": "MajorityVote",
    "one_coin": "OneCoinDawidSkene",
    "dawid_skene": "DawidSkene",
    "mace": "MACE",
    "glad": "GLAD",
}
STRENGTHS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)  # of the shrinkage, in answers for each true class
SIZES, ROUNDS = (20_000, 200_000, 2_000_000), 3
EACH, WORKERS, CLASSES = 4, 1_000, 4  # answers an item, annotators, classes of the made-up crowd
ITERATIONS = 10
PATIENCE = 1_200  # seconds that a process may take


def main() -> None:
    tables = {"gold": gold, "shrinkage": shrinkage, "numbers": numbers, "audit": audit, "speed": speed}
    packages = ("numpy", "scipy", "pandas", "crowd-kit")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    if sys.argv[1:2] == ["time"]:
        print(json.dumps(TIMED[sys.argv[2]](int(sys.argv[3]))))
        return
    for name in sys.argv[1:] or tables:
        tables[name]()


def gold() -> None:
    """Accuracy and calibration against gold; no method sees the gold."""
    for name, (_, question) in GOLD.items():
        table, truth = read_crowd(name)
        ids, labels = sorted(table["id"].unique()), sorted({*table["answer"], *truth})
        answers, actual = CodedAnswers.of(table, ids, labels), code(truth[ids], labels)
        print(f"\n### {name}: {question}\n\n{len(answers):,} answers, {len(ids):,} items, ", end="")
        print(f"{answers.annotator_count} annotators, {answers.classes} classes; ties in the votes: ", end="")
        print(
            f"{ties(answers)}; accuracy of majority with a tie counted as half right: {halved(answers, actual):.4f}.\n"
        )
        compare_methods(answers, actual, opponents(table, ids, labels))
        print(f"\nauto, given the gold of all items: {choose(answers, np.arange(len(ids)), actual).why}.")


def shrinkage() -> None:
    """How well held-out answers are predicted, by the strength of the shrinkage; gold has no part in it."""
    print("\n### Mean log probability of held-out answers\n")
    print(f"| | strength | {' | '.join(GOLD)} | sum |")
    print("|---" * (len(GOLD) + 3) + "|")
    for method in ("dawid_skene", "one_coin"):
        for strength in STRENGTHS:
            means = [tempered_prediction(name, method, strength) for name in GOLD]
            print(f"| {method} | {strength:g} | {' | '.join(f'{each:.4f}' for each in [*means, sum(means)])} |")


def tempered_prediction(crowd: str, method: str, strength: float) -> float:
    """Under the best of some powers."""
    table, _ = read_crowd(crowd)
    answers = CodedAnswers.of(table, sorted(table["id"].unique()), sorted(table["answer"].unique()))
    chosen = Settings(shrinkage=strength, temper=False)
    posterior, chance = held_out(answers, lambda rest: METHODS[method](rest, chosen))
    return max(predicted(posterior, chance, power) for power in np.geomspace(0.05, 1, 61))


def numbers() -> None:
    """Numbers against the experts' mean; and how well held-out answers are predicted, by the strength of shrinkage."""
    print("\n### Numbers\n\n| | | mean absolute error | correlation | mean standard error | mean confidence |")
    print("|---" * 6 + "|")
    crowds = {name: pd.concat(map(read_numbers, parts), ignore_index=True) for name, parts in NUMBERS.items()}
    for name, table in crowds.items():
        truth = table.drop_duplicates("id").set_index("id")["gold"].astype(float)
        combiner = Numbers(table, Settings())
        for method in combiner.methods:
            found = combiner.combine(method)
            values, true = np.array(found.answers, dtype=np.float64), truth[combiner.ids].to_numpy()
            figures = np.abs(values - true).mean(), np.corrcoef(values, true)[0, 1]
            figures = *figures, np.mean(found.standard_error), found.confidence.mean()
            print(f"| {name} | {method} | {' | '.join(f'{each:.3f}' for each in figures)} |", flush=True)
    print(f"\n### Mean log probability of held-out numbers\n\n| strength | {' | '.join(crowds)} |")
    print("|---" * (len(crowds) + 1) + "|")
    for strength in NUMBER_STRENGTHS:
        means = [held_out_numbers(table, strength) for table in crowds.values()]
        print(f"| {strength:g} | {' | '.join(f'{each:.4f}' for each in means)} |", flush=True)


def held_out_numbers(table: pd.DataFrame, strength: float) -> float:
    """Of every tenth answer, in ten rounds, under the normal distribution that the others say."""
    part = np.random.default_rng(SEED).permutation(len(table)) % 10
    logarithms: list[float] = []
    for out in range(10):
        rest = Numbers(table[part != out], Settings(number_shrinkage=strength))
        fitted = rest.fit_annotators()
        names = sorted(table.loc[part != out, "annotator"].unique())
        asked = table[(part == out) & table["id"].isin(rest.ids) & table["annotator"].isin(names)]
        item, who = np.searchsorted(rest.ids, asked["id"]), np.searchsorted(names, asked["annotator"])
        of_value = 1 / np.bincount(rest.items, 1 / fitted.variance[rest.annotators])
        error = asked["answer"].astype(float).to_numpy() - fitted.values[item] - fitted.bias[who]
        variance = fitted.variance[who] + of_value[item]
        logarithms += (-0.5 * (np.log(2 * np.pi * variance) + error**2 / variance)).tolist()
    return float(np.mean(logarithms))


def read_numbers(name: str) -> pd.DataFrame:
    """The answers of one of snow2008's tables of numbers: id, annotator, answer, gold."""
    table = pd.read_csv(mirror() / f"snow2008/{name}.standardized.tsv", sep="\t", dtype=str)
    table = table.rename(columns={"!amt_worker_ids": "annotator", "orig_id": "id", "response": "answer"})
    return table.assign(id=f"{name}-" + table["id"])


def audit() -> None:
    """Which wrong labels the label audit finds with and without the answers; all documents with answers are judged."""
    parameters = load_section("audit", AuditParameters)
    print("\n### Wrong labels that the audit flags\n")
    print("| | labels by | wrong | audit.answers | flagged | of them wrong | precision | recall | ", end="")
    print("right before | after `relabel` of all flagged |")
    print("|---" * 10 + "|")
    for name in ("rte", "hatecheck"):
        table, truth = read_crowd(name)
        table, labels = table.reindex(columns=SCHEMA.names), sorted(table["answer"].unique())
        documents = read_texts(name).sort_values("id", ignore_index=True)
        for method in ("majority", "dawid_skene"):
            reached = reach_consensus(table, documents, TASK, labels, AnnotateParameters(method=method))
            documents["label"] = documents["id"].map(reached.table.set_index("id")["label"])
            given, wrong = code(documents["label"], labels), documents["label"].ne(documents["id"].map(truth))
            by_text, crowd = probabilities(documents, given, parameters), Crowd(reached.table, reached.latest)
            for way in get_args(Ways):
                by_both = beside_answers(way, documents, labels, labels, by_text, crowd)
                quality = (
                    judge_labels(documents, labels, given, by_text, parameters.flag)
                    if by_both is None
                    else judge_labels(documents, labels, given, by_both, OTHER_IS_LIKELIER)
                )
                flagged = quality["flagged"]
                better = quality["suggested"].where(flagged, quality["label"])
                after = better.eq(documents["id"].map(truth)).mean()
                hits = int((flagged & wrong).sum())
                precision = f"{hits / flagged.sum():.2f}" if flagged.any() else "-"
                cells = [name, method, int(wrong.sum()), way, int(flagged.sum()), hits, precision]
                cells += [f"{hits / wrong.sum():.2f}", f"{1 - wrong.mean():.4f}", f"{after:.4f}"]
                print(f"| {' | '.join(map(str, cells))} |", flush=True)


def read_texts(name: str) -> pd.DataFrame:
    """The documents of a crowd: id, text (of a pair both), group."""
    folder = mirror()
    if name == "rte":
        pairs = pd.read_csv(folder / "snow2008/rte1.tsv", sep="\t", dtype=str, quoting=csv.QUOTE_NONE)
        texts = pairs["text"] + "\n" + pairs["hypothesis"]
        rows = pd.DataFrame({"id": pairs["id"], "text": texts, "group": pairs["text"]})
    else:
        cases = pd.read_csv(folder / GOLD[name][0], dtype=str)
        rows = pd.DataFrame({"id": cases["case_id"], "text": cases["test_case"], "group": cases["templ_id"]})
    return rows.assign(gold=None, published_split=None)


def mirror() -> Path:
    """The folder that holds the crowds."""
    folder = os.environ.get("DATA_MIRROR") or sys.exit(
        "Set DATA_MIRROR to the folder that holds hatecheck and snow2008."
    )
    return Path(folder)


def read_crowd(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """The answers, with columns id, annotator and answer, and the gold label of each item."""
    path = mirror() / GOLD[name][0]
    if path.suffix == ".tsv":
        table = pd.read_csv(path, sep="\t", dtype=str)
        table = table.rename(columns={"!amt_worker_ids": "annotator", "orig_id": "id", "response": "answer"})
        return table[["id", "annotator", "answer"]], table.drop_duplicates("id").set_index("id")["gold"]
    wide = pd.read_csv(path, dtype=str)
    people = [f"label_{number}" for number in range(1, 11)]
    table = wide.melt("case_id", people, "annotator", "answer").dropna().rename(columns={"case_id": "id"})
    return table, wide.set_index("case_id")["label_gold"]


def code(labels: pd.Series, names: list[str]) -> Counts:
    return np.asarray(labels.map({name: number for number, name in enumerate(names)}), dtype=np.int64)


def tied(answers: CodedAnswers) -> np.ndarray:
    return answers.votes == answers.votes.max(axis=1, keepdims=True)


def ties(answers: CodedAnswers) -> int:
    return int((tied(answers).sum(axis=1) > 1).sum())


def halved(answers: CodedAnswers, actual: Counts) -> float:
    """The accuracy of majority that coins give on average: a tie of two classes, one of them right, is half right."""
    first = tied(answers)
    return float((first[np.arange(len(actual)), actual] / first.sum(axis=1)).mean())


def opponents(table: pd.DataFrame, ids: list[str], labels: list[str]) -> dict[str, Counts]:
    """The labels by crowd-kit's methods, with as many steps as this project's where that can be set."""
    from crowdkit.aggregation import classification

    theirs = table.rename(columns={"id": "task", "annotator": "worker", "answer": "label"})
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, opponent in OPPONENTS.items():
            steps = {"n_iter": Settings().iterations} if name in ("one_coin", "dawid_skene") else {}
            found[name] = code(getattr(classification, opponent)(**steps).fit_predict(theirs)[ids], labels)
    return found


def compare_methods(answers: CodedAnswers, actual: Counts, theirs: dict[str, Counts]) -> None:
    bootstrap = Bootstrap(np.zeros(len(actual), dtype=np.int64), 1_000, 0.95, SEED)
    print("| | accuracy | crowd-kit's | items that differ: ours right, theirs right | steps | ", end="")
    print("calibration error | log loss | tempered: power | calibration error | log loss |")
    print("|---" * 10 + "|")
    barely = Settings(temper=False, shrinkage=1e-6)
    for name in METHODS:
        plain, found = aggregate(name, answers, Settings(temper=False)), aggregate(name, answers)
        print(f"| {row(name, plain, actual, theirs[name], bootstrap)} | ", end="")
        tempered = [f"{found.power:g}", *calibration(found, actual, bootstrap)] if name != "majority" else [""] * 3
        print(f"{' | '.join(tempered)} |")
        if name in ("dawid_skene", "one_coin"):
            without = aggregate(name, answers, barely)
            print(f"| {row(f'{name} without shrinkage', without, actual, theirs[name], bootstrap)} | | | |", flush=True)


def row(name: str, found: Aggregate, actual: Counts, theirs: Counts, bootstrap: Bootstrap) -> str:
    right, other = found.labels == actual, theirs == actual
    differ = f"{(found.labels != theirs).sum()}: {(right & ~other).sum()}, {(other & ~right).sum()}"
    cells = [name, f"{right.mean():.4f}", f"{other.mean():.4f}", differ, str(found.iterations)]
    return " | ".join([*cells, *calibration(found, actual, bootstrap)])


def calibration(found: Aggregate, actual: Counts, bootstrap: Bootstrap) -> list[str]:
    """The expected calibration error and the log loss, each with its interval over items."""
    confidence, loss = found.posterior.max(axis=1), losses(actual, found.posterior)
    right, bins = (found.labels == actual).astype(np.float64), equal_width_bins(confidence, BINS)

    def compute(weights: Floats) -> dict[str, Floats]:
        error = calibration_error(bins, confidence, right, weights)
        return {"error": error, "loss": weights @ loss / len(loss)}

    return [f"{each.value:.3f} ({each.low:.3f} to {each.high:.3f})" for each in bootstrap.estimates(compute).values()]


def speed() -> None:
    """Time and memory at equal numbers of iterations, then until it comes to rest."""
    print(
        f"\n### Dawid-Skene, {ITERATIONS} iterations\n\n"
        f"{EACH} answers an item, {WORKERS:,} annotators, {CLASSES} classes.\n"
    )
    print(
        "| answers | crowd-kit, seconds | of the processor | peak, GiB | this project, seconds | of the processor | ",
        end="",
    )
    print("peak, GiB | times as fast | in the processor's time | largest difference of a probability |")
    print("|---" * 10 + "|")
    for size in SIZES:
        rounds = [(timed("crowd-kit", size), timed("ours", size)) for _ in range(ROUNDS)]
        if any(theirs is None for theirs, _ in rounds):
            print(f"| {size:,} | not finished | | | | | | | | |", flush=True)
            continue
        cells = [spread([each[side][what] for each in rounds]) for side in (0, 1) for what in FIGURES]
        cells += [spread([each[0][what] / each[1][what] for each in rounds], ".1f") for what in FIGURES[:2]]
        gap = max(abs(np.array(each[0]["sample"]) - np.array(each[1]["sample"])).max() for each in rounds)
        print(f"| {size:,} | {' | '.join(cells)} | {gap:.1e} |", flush=True)
    print(f"\n### {SIZES[-1]:,} answers, until it comes to rest, from the table of strings on\n")
    print("| | seconds | of the processor | peak, GiB | steps | accuracy | mean confidence | power |")
    print("|---" * 8 + "|")
    for name in ("dawid_skene", "dawid_skene, not tempered"):
        run = timed(name, SIZES[-1])
        cells = (
            [f"{run[what]:.2f}" for what in FIGURES] + [f"{run[what]:.4g}" for what in OUTCOME] if run else ["-"] * 7
        )
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


FIGURES = ("seconds", "processor", "memory")
OUTCOME = ("steps", "accuracy", "confidence", "power")


def spread(numbers: list[float], form: str = ".2f") -> str:
    return f"{statistics.median(numbers):{form}} ({min(numbers):{form}} to {max(numbers):{form}})"


def timed(name: str, size: int) -> Any:
    """What a process of its own measured; None if it failed or took too long."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.bench_annotate", "time", name, str(size)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    return json.loads(run.stdout.splitlines()[-1]) if not run.returncode else print(run.stderr[-500:])


def made_up(size: int) -> tuple[pd.DataFrame, Counts]:
    """Answers of people who are right more often than not, each in their own way, in random order; and the truth."""
    random = np.random.default_rng(SEED)
    items = size // EACH
    truth = random.integers(0, CLASSES, items)
    confusion = np.stack([random.dirichlet(2 + 8 * np.eye(CLASSES)[true], WORKERS) for true in range(CLASSES)], axis=1)
    task, worker = np.repeat(np.arange(items), EACH), random.integers(0, WORKERS, items * EACH)
    beyond = random.random(len(task))[:, None] > confusion.cumsum(axis=-1)[worker, truth[task]]
    order = random.permutation(len(task))
    columns = {"task": task, "worker": worker, "label": np.minimum(beyond.sum(axis=1), CLASSES - 1)}
    return pd.DataFrame({name: column[order] for name, column in columns.items()}), truth


def measure(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    figures = {"seconds": time.perf_counter() - clock, "processor": time.process_time() - processor, "memory": memory}
    return found, figures


def time_opponent(size: int) -> dict[str, Any]:
    from crowdkit.aggregation import DawidSkene

    table, _ = made_up(size)
    found, figures = measure(lambda: DawidSkene(n_iter=ITERATIONS, tol=-np.inf).fit(table))
    return {**figures, "sample": found.probas_.sort_index()[sorted(found.probas_)].to_numpy()[:1_000].tolist()}


def time_ours(size: int) -> dict[str, Any]:
    table, truth = made_up(size)
    settings = Settings(iterations=ITERATIONS, tolerance=0.0, shrinkage=1e-9, temper=False)

    def work() -> Aggregate:
        columns = (table[name].to_numpy() for name in ("task", "worker", "label"))
        return aggregate("dawid_skene", CodedAnswers.sort(*columns, (len(truth), WORKERS, CLASSES)), settings)

    found, figures = measure(work)
    return {**figures, "sample": found.posterior[:1_000].tolist()}


def time_to_rest(size: int, settings: Settings) -> dict[str, Any]:
    numbers, truth = made_up(size)
    ids, labels = [f"item {number:08}" for number in range(len(truth))], [f"class {n}" for n in range(CLASSES)]
    table = pd.DataFrame({"id": np.array(ids, dtype=object)[numbers["task"]]})
    table["annotator"] = "worker " + numbers["worker"].astype(str)
    table["answer"] = np.array(labels, dtype=object)[numbers["label"]]
    found, figures = measure(lambda: aggregate("dawid_skene", CodedAnswers.of(table, ids, labels), settings))
    outcome = float((found.labels == truth).mean()), float(found.posterior.max(axis=1).mean())
    return {**figures, **dict(zip(OUTCOME, (found.iterations, *outcome, found.power), strict=True))}


TIMED: dict[str, Callable[[int], dict[str, Any]]] = {
    "crowd-kit": time_opponent,
    "ours": time_ours,
    "dawid_skene": lambda size: time_to_rest(size, Settings()),
    "dawid_skene, not tempered": lambda size: time_to_rest(size, Settings(temper=False)),
}


if __name__ == "__main__":
    main()
