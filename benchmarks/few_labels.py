"""What few labels are worth: contrastive training beside SetFit, plain fine-tuning, the frozen encoder and TF-IDF.

    python -m benchmarks.few_labels [--dataset noisy_ag_news] [--arms ...] [--per-class 8 64] [--draws 10] [--table]

The seed of a draw decides which training documents have labels, and how they are trained on. All other labels are left
alone: every arm's settings are fixed beforehand and the last epoch is kept. Documents are scored in bfloat16 where the
processor has it, which is twice as fast; training is in float32. Settings were chosen with ``--choose``,
which draws from one half of the training documents and scores the validation documents; the draws of the table come
from the other half. Each finished run is a row of benchmarks/results/few_labels.csv, by the arm's settings and the
documents, so that nothing is trained twice.

SetFit runs in an environment of its own, which --setfit names (the Python of it): ``pip install setfit==1.2.0``.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import yaml
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.few_shot import ROOT, metrics_of, run_stages
from benchmarks.kept_runs import add_row, digest, rows_in
from stages.common.core.seeding import derived_seed
from stages.common.core.validation import read_yaml
from stages.common.documents.card import Card, read_card, write_labels
from stages.common.documents.consensus import CONSENSUS, no_consensus, write_consensus
from stages.common.documents.table import read_documents, write_documents
from stages.common.documents.unlabelled import UNLABELLED, write_unlabelled
from stages.common.model.embedding import embed
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.common.training.instructions import has_bf16
from stages.finetune.parameters import Unlabelled
from stages.split.dividing import divide
from stages.split.label_texts import label_texts
from stages.split.parameters import SplitParameters
from stages.split.training import place_in_class

ROWS = ROOT / "benchmarks/results/few_labels.csv"
FIELDS = ("dataset", "arm", "per_class", "draw", "half", "scored", "accuracy", "macro_f1", "seconds", "settings", "key")
PRETRAINED = ROOT / "models/fetched/pretrained"
MAX_LENGTH = 128  # tokens, for every arm
MOST_SCORED = 8_000  # a larger test split is sampled
SAMPLE = 2_000
ALWAYS = {"max_length": MAX_LENGTH, "keep": "last", "precision": "fp32"}
CONTRASTIVE = {"method": "contrastive", "epochs": 5, "batch_size": 16}
SELF_TRAINING = {**CONTRASTIVE, "unlabelled": Unlabelled(method="self_training").model_dump()}


class Arm(NamedTuple):
    """A way to learn from few labels.

    Attributes:
        trainer: What trains: ``stage`` (finetune), ``frozen``, ``tfidf`` or ``setfit``.
        texts: Which texts of labels are added (``split.label_texts``).
        settings: Those of finetune that differ from params.yaml and from ALWAYS.
    """

    trainer: str
    texts: str = "none"
    settings: Mapping[str, Any] = {}


class Place(NamedTuple):
    """Where runs are made: the divided dataset, its card, a folder to work in, and the Python that has SetFit."""

    splits: Mapping[str, pd.DataFrame]
    card: Card
    folder: Path
    setfit: str


ARMS = {
    "contrastive": Arm("stage", settings=CONTRASTIVE),
    "contrastive + label texts": Arm("stage", "definitions", CONTRASTIVE),
    "self-training": Arm("stage", "definitions", SELF_TRAINING),
    "fine-tuned": Arm("stage", settings={"method": "full", "epochs": 15, "batch_size": 8}),
    "frozen": Arm("frozen"),
    "TF-IDF": Arm("tfidf"),
    "SetFit": Arm("setfit"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what few labels are worth.")
    parser.add_argument("--dataset", default="noisy_ag_news")
    parser.add_argument("--arms", nargs="+", default=list(ARMS))
    parser.add_argument("--per-class", nargs="+", type=int, default=[8])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--setfit", default="", help="the Python of an environment with SetFit")
    parser.add_argument(
        "--choose", metavar="JSON", nargs="*", help="settings of finetune to try, on validation documents"
    )
    parser.add_argument("--label-texts", default="none", help="with --choose")
    parser.add_argument("--table", action="store_true", help="only print the table of the rows that are there")
    given = parser.parse_args()
    if given.table:
        print("\n".join(table(given.dataset, rows_in(ROWS))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(*load(given.dataset, Path(scratch)), Path(scratch), given.setfit)
        if given.choose is not None:
            choose(place, given)
            return
        for size in given.per_class:
            for draw in range(1, given.draws + 1):
                for name in given.arms:
                    row = {"dataset": given.dataset, "arm": name, "per_class": size, "draw": draw}
                    run(row, ARMS[name], place, 1, "test")
    print("\n".join(table(given.dataset, rows_in(ROWS))))


def choose(place: Place, given: argparse.Namespace) -> None:
    """Tries settings on draws from the half that the table's draws do not come from, scored on validation."""
    for written in given.choose:
        arm = Arm("stage", given.label_texts, {**CONTRASTIVE, **json.loads(written)})
        name = "choosing" if given.label_texts == "none" else f"choosing + {given.label_texts}"
        for size in given.per_class:
            found = []
            for draw in range(1, given.draws + 1):
                row = {"dataset": given.dataset, "arm": name, "per_class": size, "draw": draw}
                found.append(100 * float(run(row, arm, place, 0, "validation")["accuracy"]))
            each = ", ".join(f"{score:.1f}" for score in found)
            print(f"{size} a class, {name}, {written}: {statistics.mean(found):.2f} ({each})", flush=True)


def load(dataset: str, folder: Path) -> tuple[dict[str, pd.DataFrame], Card]:
    """Downloads, cleans and divides a dataset as the stages do; ``half`` is the half that a training document is in."""
    run_stages(folder, ["download", "annotate", "clean"], dataset=dataset)
    section = read_yaml(ROOT / "params.yaml")["split"]
    parameters = SplitParameters.model_validate({**section, "train_per_class": None})
    splits, _ = divide(read_documents(folder / "data/clean/documents.parquet"), parameters)
    train = splits["train"]
    half = [derived_seed(0, "half", group) % 2 for group in train["group"]]  # a group is in one half
    splits = {**splits, "train": train.assign(half=half), "test": sampled(splits["test"])}
    return splits, read_card(folder / "data/clean")


def sampled(test: pd.DataFrame) -> pd.DataFrame:
    """A test split, or SAMPLE of its documents where it has more than MOST_SCORED: those with the smallest hashes."""
    if len(test) <= MOST_SCORED:
        return test
    order = np.argsort([derived_seed(0, "scored", id_) for id_ in test["id"]], kind="stable")
    return test.iloc[np.sort(order[:SAMPLE])]


def run(row: dict[str, Any], arm: Arm, place: Place, half: int, split: str) -> Mapping[str, Any]:
    """A training and its score, from the table of finished runs or made and added to it.

    Args:
        row: Dataset, arm, documents a class and draw.
        arm: How it is trained.
        place: Where.
        half: The half of the training documents that the draw is from.
        split: What is scored.
    """
    splits, card, folder, setfit = place
    seed, trainer = int(row["draw"]), arm.trainer
    pool, scored = splits["train"][splits["train"]["half"].eq(half)].drop(columns="half"), splits[split]
    train = pool[place_in_class(pool, seed, "train_per_class") < row["per_class"]]
    added, _ = label_texts(card, arm.texts, train, splits)
    train = pd.concat([train, added], ignore_index=True)
    settings = {**ALWAYS, **arm.settings} if trainer == "stage" else {}
    said = {"trainer": trainer, **settings}
    documents = digest(*(sorted(zip(r["id"], r["text"], r["label"], strict=True)) for r in (train, scored)))
    row |= {
        "half": half,
        "scored": split,
        "settings": json.dumps(said, sort_keys=True),
        "key": digest(said, seed, documents),
    }
    done = {kept["key"]: kept for kept in rows_in(ROWS)}
    if row["key"] in done:
        return done[row["key"]]
    begin = time.perf_counter()
    if trainer == "stage":
        unlabelled = pd.concat([splits["train"], splits["validation"]]) if "unlabelled" in settings else pool[:0]
        unlabelled = unlabelled[~unlabelled["id"].isin(train["id"])]
        guessed, seconds = by_stage(train, unlabelled, scored, card, folder, {**settings, "seed": seed})
    elif trainer == "setfit":
        guessed, seconds = by_setfit(train, scored, folder, setfit, seed)
    else:
        guessed = by_regression(train, scored, trainer)
        seconds = time.perf_counter() - begin
    number = {label: index for index, label in enumerate(card.label_names)}
    actual = scored["label"].map(number).to_numpy("int64")
    row |= metrics_of(actual, np.array([number[label] for label in guessed]), card.label_names)
    row["seconds"] = round(seconds, 1)
    add_row(ROWS, FIELDS, row)
    return row


def by_stage(
    train: pd.DataFrame,
    unlabelled: pd.DataFrame,
    scored: pd.DataFrame,
    card: Card,
    folder: Path,
    changes: Mapping[str, Any],
) -> tuple[list[str], float]:
    """Trains with the stage finetune; a few of the training documents stand where validation ones would be.

    Args:
        train: The documents with a label.
        unlabelled: Those whose label is not looked at.
        scored: What is to be labelled.
        card: Of the dataset.
        folder: Where.
        changes: The settings of finetune that differ from params.yaml.

    Returns:
        The predicted labels, and the seconds of training.
    """
    place = folder / "run"
    shutil.rmtree(place, ignore_errors=True)
    for name, rows in (("audited/train", train), ("splits/validation", train.groupby("label").head(1))):
        (place / f"data/{name}").parent.mkdir(parents=True)
        write_documents(rows, place / f"data/{name}.parquet")
    (place / CONSENSUS).parent.mkdir()
    write_consensus(no_consensus(), place / CONSENSUS)
    write_labels(card, place / "data/labels.json")
    (place / UNLABELLED).mkdir()
    write_unlabelled(unlabelled, unlabelled[:0].assign(rule="", reason=""), task_of(card), place / UNLABELLED)
    for name in ("models/fetched", "stages"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).symlink_to(ROOT / name)
    section = {**read_yaml(ROOT / "params.yaml")["finetune"], **changes}
    (place / "params.yaml").write_text(yaml.safe_dump({"finetune": section}))
    subprocess.run([sys.executable, "-m", "stages.finetune"], cwd=place, check=True, stdout=sys.stderr, env=_env())
    seconds = json.loads((place / "reports/finetune/environment.json").read_text())["training_seconds"]
    scorer = Scorer.load(place / "models/finetuned", "cpu")
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        found = np.asarray(scorer.logits(scored, "scoring")).argmax(axis=1)
    return [card.label_names[number] for number in found], seconds


def by_setfit(
    train: pd.DataFrame, scored: pd.DataFrame, folder: Path, python: str, seed: int
) -> tuple[list[str], float]:
    """Trains with SetFit's own defaults, in its environment."""
    if not python:
        raise SystemExit("few_labels: --setfit names no Python with SetFit; leave the arm out with --arms.")
    train[["text", "label"]].to_json(folder / "train.json", orient="records")
    scored[["text"]].to_json(folder / "scored.json", orient="records")
    script = Path(__file__).with_name("setfit_run.py")
    format_ = "bf16" if has_bf16() else "fp32"
    command = [python, str(script), str(PRETRAINED), str(folder), str(seed), str(MAX_LENGTH), format_]
    subprocess.run(command, check=True, stdout=sys.stderr, env=_env())
    made = json.loads((folder / "setfit.json").read_text())
    return made["labels"], made["seconds"]


def by_regression(train: pd.DataFrame, scored: pd.DataFrame, kind: str) -> list[str]:
    """Logistic regression, on the frozen encoder's embeddings or on TF-IDF, with scikit-learn's own penalty."""
    given = train["text"], scored["text"]
    if kind == "frozen":
        known, asked = (_embedded(tuple(texts)) for texts in given)
    else:
        vectoriser = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(train["text"])
        known, asked = (vectoriser.transform(texts) for texts in given)
    model = LogisticRegression(max_iter=1000).fit(known, train["label"])
    return [str(label) for label in model.predict(asked)]


@cache
def _embedded(texts: tuple[str, ...]) -> Any:
    """The frozen encoder's vectors; the scored documents are the same for all draws."""
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        return embed(PRETRAINED, texts, MAX_LENGTH, threads=2)


def table(dataset: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The lines of a table: each arm's mean and spread over its draws, and its paired difference to SetFit, in points.

    Args:
        dataset: Whose.
        rows: The finished runs.
    """
    rows = [row for row in rows if row["dataset"] == dataset and row["scored"] == "test"]
    lines = [
        "| a class | method | mean | deviation | draws | seconds a training | over SetFit, 95 % interval | command |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for size in sorted({int(row["per_class"]) for row in rows}):
        found: dict[str, dict[str, float]] = {arm: {} for arm in ARMS}
        took: dict[str, list[float]] = {arm: [] for arm in ARMS}
        for row in rows:
            if int(row["per_class"]) == size and row["arm"] in found:
                found[row["arm"]][row["draw"]] = 100 * float(row["accuracy"])
                took[row["arm"]].append(float(row["seconds"]))
        for arm, each in found.items():
            if each:
                spread = f"{statistics.stdev(each.values()):.2f}" if len(each) > 1 else ""
                seconds = f"{statistics.median(took[arm]):.0f}"
                beside = _difference(each, found["SetFit"]) if arm != "SetFit" else ""
                mean = f"{statistics.mean(each.values()):.2f}"
                how = f'`--dataset {dataset} --arms "{arm}" --per-class {size} --draws {len(each)}`'
                lines.append(f"| {size} | {arm} | {mean} | {spread} | {len(each)} | {seconds} | {beside} | {how} |")
    return lines


def _difference(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    """The mean difference over the draws that both have, with its t interval."""
    both = [one[draw] - other[draw] for draw in one if draw in other]
    if len(both) < 2:
        return ""
    half = float(student.ppf(0.975, len(both) - 1)) * statistics.stdev(both) / len(both) ** 0.5
    mean = statistics.mean(both)
    return f"{mean:+.2f} ({mean - half:+.2f} to {mean + half:+.2f})"


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": "."}


if __name__ == "__main__":
    main()
