"""What a smaller model is worth: a teacher, its student by finetune.method distil, and the same student without it.

    python -m benchmarks.twins [--dataset noisy_ag_news] [--arms ...] [--seeds 3] [--table]
    python -m benchmarks.twins --dataset bbc_news --choose '{"distil": {"temperature": 4.0}}' ...

The stages make and train everything, with the settings of claims/noisy_ag_news.yaml; a seed is that of finetune. A
student without a teacher is trained as often, and with the same rate, as the one that has one. Settings are chosen with
``--choose``, which looks at the validation documents only. Each finished run is a row of benchmarks/results/twins.csv,
by its settings and the documents, so that nothing is trained twice; a row holds what was predicted for each test
document, so that the table's intervals, paired by document, come from the rows alone.
"""

import argparse
import json
import string
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.few_shot import ROOT, run_stages
from benchmarks.kept_runs import add_row, digest, rows_in
from stages.common.core.validation import read_yaml
from stages.common.documents.card import LABELS, read_labels
from stages.common.documents.table import read_documents
from stages.common.documents.unlabelled import read_unlabelled
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Counts, overall_metrics, tally
from stages.common.model.scorer import Scorer

ROWS = ROOT / "benchmarks/results/twins.csv"
FIELDS = (
    *("dataset", "arm", "seed", "scored", "macro_f1", "of_teacher", "parameters", "seconds"),
    *("settings", "predicted", "key"),
)
STAGES = ("download", "annotate", "clean", "augment", "split", "audit")
ALWAYS = {"epochs": 2, "batch_size": 32, "learning_rate": 2.0e-4, "precision": "fp32", "max_length": 128}
LAYERS = [1, 3, 5]
TRUTH = "truth"  # the arm whose row holds the true labels
CODES = string.digits + string.ascii_letters  # a character for each label
SAMPLES, CONFIDENCE, BOOTSTRAP_SEED = 1000, 0.95, 20


class Arm(NamedTuple):
    """A way to come to a model.

    Attributes:
        settings: Those of finetune that differ from params.yaml and from ALWAYS.
        split: Those of split that differ from params.yaml.
    """

    settings: Mapping[str, Any]
    split: Mapping[str, Any] = {}


def _arms() -> dict[str, Arm]:
    student = read_yaml(ROOT / "params.yaml")["finetune"]["distil"]
    alone = {"layers": LAYERS, "epochs": student["epochs"], "learning_rate": student["learning_rate"]}
    ways = {
        "teacher": {"method": "full"},
        "distilled": {"method": "distil", "layers": LAYERS},
        "alone": {"method": "full", "early_stopping_patience": student["epochs"], **alone},
    }
    few = {"train_per_class": 250, "unlabelled": True}
    return {name: Arm(way) for name, way in ways.items()} | {
        f"{name}, 250 a class": Arm(way, few) for name, way in ways.items()
    }


ARMS = _arms()


class Place(NamedTuple):
    """A folder in which the stages before finetune have run, and what its files are, as a digest."""

    folder: Path
    documents: str


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a smaller model is worth.")
    parser.add_argument("--dataset", default="noisy_ag_news")
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--choose", metavar="JSON", nargs="+", help="settings of finetune to try, on validation")
    parser.add_argument("--table", action="store_true", help="only print the table of the rows that are there")
    given = parser.parse_args()
    if not given.table:
        with tempfile.TemporaryDirectory() as scratch:
            measure(given, Path(scratch))
    print("\n".join(table(given.dataset, rows_in(ROWS))))


def measure(given: argparse.Namespace, scratch: Path) -> None:
    """Makes the runs that are not in the table yet."""
    arms = {name: ARMS[name] for name in given.arms}
    scored = "test"
    if given.choose:
        arms = {text: Arm({"method": "distil", **json.loads(text)}) for text in given.choose}
        scored = "validation"
    places: dict[str, Place] = {}
    for seed in given.seeds:
        for name, arm in arms.items():
            written = json.dumps(arm.split)
            if written not in places:
                places[written] = prepare(given.dataset, arm.split, scratch / str(len(places)))
            row = {"dataset": given.dataset, "arm": name, "seed": seed, "scored": scored}
            made = run(row, arm, places[written])
            shown = {field: made[field] for field in ("arm", "seed", "macro_f1", "of_teacher", "seconds")}
            print(json.dumps(shown), flush=True)


def prepare(dataset: str, split: Mapping[str, Any], folder: Path) -> Place:
    """Runs the stages before finetune in a folder of their own, and keeps the true labels of the test documents."""
    folder.mkdir(parents=True)
    section = {**read_yaml(ROOT / "params.yaml")["split"], **split}
    run_stages(folder, STAGES, dataset=dataset, split=section)
    test, labels = read_documents(folder / "data/splits/test.parquet"), read_labels(folder / LABELS).labels
    texts = [read_documents(folder / f"data/{name}.parquet") for name in ("audited/train", "splits/validation")]
    unlabelled = read_unlabelled(folder / "data/unlabelled/documents.parquet")
    known = [sorted(zip(rows["id"], rows["text"], rows["label"], strict=True)) for rows in (*texts, test)]
    codes = coded([labels.index(label) for label in test["label"]])
    row = {"dataset": dataset, "arm": TRUTH, "scored": "test", "predicted": codes, "key": digest(dataset, codes)}
    if row["key"] not in {kept["key"] for kept in rows_in(ROWS)}:
        add_row(ROWS, FIELDS, row)
    return Place(folder, digest(known, sorted(zip(unlabelled["id"], unlabelled["text"], strict=True))))


def run(row: dict[str, Any], arm: Arm, place: Place) -> Mapping[str, Any]:
    """A training and its score, from the table of finished runs or made and added to it.

    Args:
        row: Dataset, arm, seed, and the split that is scored.
        arm: How it is trained.
        place: Where.
    """
    section = read_yaml(ROOT / "params.yaml")["finetune"]
    settings = {**ALWAYS, **arm.settings}
    if "distil" in settings:
        settings["distil"] = {**section["distil"], **settings["distil"]}
    elif settings["method"] == "distil":
        settings["distil"] = section["distil"]
    key = digest(settings, row["seed"], row["scored"], place.documents)
    done = {kept["key"]: kept for kept in rows_in(ROWS)}
    if key in done:
        return done[key]
    run_stages(place.folder, ["finetune"], finetune={**section, **settings, "seed": row["seed"]})
    reports = place.folder / "reports/finetune"
    summary, environment = (json.loads((reports / f"{name}.json").read_text()) for name in ("summary", "environment"))
    row |= {
        "macro_f1": summary["validation"]["macro_f1"],
        "of_teacher": summary["distil"]["teacher"]["validation"]["macro_f1"] if "distil" in summary else "",
        "parameters": round(summary["trainable_parameters"] / summary["trainable_share"]),
        "seconds": environment["training_seconds"],
        "settings": json.dumps({**settings, "split": arm.split}, sort_keys=True),
        "key": key,
    }
    if row["scored"] == "test":
        test = read_documents(place.folder / "data/splits/test.parquet")
        guessed = np.asarray(Scorer.load(place.folder / "models/finetuned", "cpu").logits(test, "scoring")).argmax(1)
        labels = read_labels(place.folder / LABELS).labels
        actual = np.array([labels.index(label) for label in test["label"]])
        row |= {"predicted": coded(guessed), "macro_f1": macro_f1(actual, [guessed], np.ones((1, len(actual))))[0]}
    add_row(ROWS, FIELDS, row)
    return row


def table(dataset: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The lines of a table: each arm's mean over its seeds, and its differences, paired by seed and document.

    Args:
        dataset: Whose.
        rows: The finished runs.
    """
    rows = [row for row in rows if row["dataset"] == dataset and row["scored"] == "test"]
    truth = {len(row["predicted"]): decoded(row["predicted"]) for row in rows if row["arm"] == TRUTH}
    found: dict[str, dict[str, Counts]] = {}
    about: dict[str, Mapping[str, str]] = {}
    for row in rows:
        if row["arm"] != TRUTH:
            found.setdefault(row["arm"], {})[row["seed"]] = decoded(row["predicted"])
            about[row["arm"]] = row
    lines = [
        "| model | parameters | seeds | macro F1 | over the teacher, 95 % interval | over the student alone |",
        "|---|---|---|---|---|---|",
    ]
    for name in (arm for arm in ARMS if arm in found):
        way, comma, rest = name.partition(",")
        guesses = found[name]
        actual = truth[len(next(iter(guesses.values())))]
        mean = np.mean([macro_f1(actual, [one], np.ones((1, len(actual))))[0] for one in guesses.values()])
        beside = ["", ""]
        if way != "teacher":
            beside[0] = difference(actual, guesses, found.get(f"teacher{comma}{rest}", {}))
        if way == "distilled":
            beside[1] = difference(actual, guesses, found.get(f"alone{comma}{rest}", {}))
        parameters = int(about[name]["parameters"])
        lines.append(f"| {name} | {parameters:,} | {len(guesses)} | {mean:.4f} | {beside[0]} | {beside[1]} |")
    return lines


def difference(actual: Counts, one: Mapping[str, Counts], other: Mapping[str, Counts]) -> str:
    """The difference in macro F1, the mean over the seeds that both have, with its interval over test documents."""
    seeds = sorted(set(one) & set(other))
    if not seeds:
        return ""

    def compute(weights: Any) -> dict[str, Any]:
        means = [macro_f1(actual, [guesses[seed] for seed in seeds], weights) for guesses in (one, other)]
        return {"difference": means[0] - means[1]}

    (found,) = Bootstrap(actual, SAMPLES, CONFIDENCE, BOOTSTRAP_SEED).estimates(compute).values()
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def macro_f1(actual: Counts, guesses: Sequence[Counts], weights: Any) -> Any:
    """The macro F1 of models' guesses, their mean, [draws], by how often each document counts, [draws, documents]."""
    classes = int(max(actual.max(), *(guessed.max() for guessed in guesses))) + 1
    scores = [overall_metrics(tally(actual, guessed, classes).weighted(weights))["macro_f1"] for guessed in guesses]
    return np.mean(scores, axis=0)


def coded(labels: Sequence[int] | Counts) -> str:
    """Labels as a text, a character each."""
    return "".join(CODES[label] for label in labels)


def decoded(codes: str) -> Counts:
    """The labels of such a text, [documents]."""
    return np.array([CODES.index(code) for code in codes], dtype=np.int64)


if __name__ == "__main__":
    main()
