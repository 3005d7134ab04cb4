"""Plays a round of annotation through, from the guideline to the trained model, with annotators that are made up.

In a clean clone: three annotators answer about 60 articles of BBC News, each with errors of their own; their Label
Studio exports hold planted faults; what is contested is decided; the catalog entry takes the answers; a model trains.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from commands.annotation.answers import read_csv, write_csv
from commands.records import PARAMS, read_params, with_values
from stages.common.core.seeding import generator

ROOT = Path(__file__).parent.parent
ROUND = "played"
ARTICLES = {"dataset": "bbc_news", "finetune.max_length": 128}  # what is answered about, and how much of it is read
ACCURACY = {"a1": 0.95, "a2": 0.9, "a3": 0.7}  # how often each made-up annotator is right
FAULTS = ("is empty", "there is no label", "is not there any more", "it counts once")  # planted, one each


def play(root: Path, items: int, gold: int, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Plays a round in a checkout whose data has been split.

    Args:
        root: The checkout; its catalog entry and params.yaml are changed.
        items: How many documents are answered by all three annotators.
        gold: How many of known answer are mixed in.
        settings: Values of params.yaml, by dotted name, that the training shall have.

    Returns:
        What became of it: counts, agreement in the words of ``status``, accuracy of the majority and after decisions.
    """
    documents = pd.read_parquet(root / "data/raw/documents.parquet").set_index("id")
    truth: dict[str, str] = documents["label"].to_dict()
    dataset = json.loads((root / "data/raw/card.json").read_text(encoding="utf-8"))["name"]
    folder = root / "catalog/annotation" / dataset / ROUND
    annotate(root, "guideline")
    planned = ("--items", items, "--gold", gold, "--overlap", len(ACCURACY), "--annotators", ",".join(ACCURACY))
    annotate(root, "plan", ROUND, *planned)
    files = [answer_tasks(folder / "tasks", name, truth) for name in ACCURACY]
    imported = annotate(root, "import", ROUND, *files)
    missed = [fault for fault in FAULTS if imported.count(fault) != 1]
    if missed:
        sys.exit(f"planted, and not named once: {missed}\n{imported}")
    status = annotate(root, "status")
    annotate(root, "adjudicate", ROUND)
    decided, contested = decide(folder / "tasks/adjudicator.csv", truth)
    lines = annotate(root, "adjudicate", ROUND, "--take", decided)
    add_to_entry(root / f"catalog/datasets/{dataset}.yaml", lines)
    change_parameters(root, settings or {})
    run(root, "dvc", "repro", "evaluate")
    consensus = pd.read_parquet(root / "data/annotated/consensus.parquet").set_index("id")["label"]
    right = [label == truth[row_id] for row_id, label in consensus.items()]
    metrics = json.loads((root / "reports/evaluate/metrics.json").read_text(encoding="utf-8"))
    return {
        "imported": [line for line in imported.splitlines() if line.startswith(("set aside", "import:"))],
        "status": status.splitlines(),
        "contested": contested,
        "labelled": len(consensus),
        "labelled_right": sum(right),
        "test_documents": metrics["documents"],
        "test_accuracy": metrics["encoder"]["accuracy"]["value"],
    }


def answer_tasks(tasks: Path, annotator: str, truth: Mapping[str, str]) -> Path:
    """What an annotator's Label Studio would export, faults included."""
    labels, content = sorted(set(truth.values())), json.loads((tasks / f"{annotator}.json").read_text(encoding="utf-8"))
    first_id = 1 + 1_000 * list(ACCURACY).index(annotator)  # Label Studio's annotations have ids of their own
    for number, task in enumerate(content, first_id):
        drawn = generator(1, annotator, task["data"]["document"])
        true = truth[task["data"]["document"]]
        wrong = [label for label in labels if label != true]
        chosen = true if drawn.random() < ACCURACY[annotator] else drawn.choice(wrong)
        task["id"], task["annotations"] = number, [annotation(number, chosen, drawn.uniform(3, 30))]
    first, second, third, fourth = content[:4]
    if annotator == "a1":
        first["annotations"].append({**annotation(9001, "", 2.0), "result": []})
        third["annotations"].append(annotation(9002, "no such label", 2.0))
    elif annotator == "a2":
        content.append({**second, "id": 9003, "data": {**second["data"], "document": "gone"}})
        content.append(fourth)
    path = tasks.parent / f"{annotator}.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def annotation(number: int, chosen: str, seconds: float) -> dict[str, Any]:
    """An annotation as Label Studio exports it."""
    result = {"id": f"r{number}", "from_name": "label", "to_name": "text", "type": "choices", "origin": "manual"}
    when = f"2026-03-09T22:{number % 60:02}:08.728353Z"
    return {
        "id": number,
        "completed_by": 1,
        "result": [{**result, "value": {"choices": [chosen]}}],
        "was_cancelled": False,
        "created_at": when,
        "updated_at": when,
        "lead_time": round(seconds, 3),
    }


def decide(queue: Path, truth: Mapping[str, str]) -> tuple[Path, int]:
    """What an adjudicator without error decides; and how much there was to decide."""
    rows = [row for _, row in read_csv(queue, ("id", "decision"))]
    path = queue.with_name("decided.csv")
    write_csv(path, ("id", "decision"), [(row["id"], truth[row["id"]]) for row in rows])
    return path, len(rows)


def add_to_entry(path: Path, printed: str) -> None:
    """Writes the lines that the command printed into the catalog entry."""
    lines = yaml.safe_load(printed[printed.index("# catalog/datasets/") :])
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    entry["files"] += lines["files"]
    entry["answers"] = [*entry.get("answers", []), *lines["answers"]]
    path.write_text(yaml.safe_dump(entry, sort_keys=False, allow_unicode=True), encoding="utf-8")


def change_parameters(root: Path, settings: Mapping[str, Any]) -> None:
    """Sets values of params.yaml in a checkout."""
    params = with_values(read_params(root), settings)
    (root / PARAMS).write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def annotate(root: Path, *arguments: object) -> str:
    """Runs ``python -m commands.annotate`` in a checkout; what it printed."""
    return run(root, sys.executable, "-m", "commands.annotate", *map(str, arguments))


def run(root: Path, *command: str) -> str:
    """Runs a program in a checkout; what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=kept)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main(items: int, gold: int, settings: Sequence[str]) -> None:
    """Plays a round on BBC News in a clone, and prints what became of it."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as scratch:
        clone = Path(scratch) / "clone"
        run(ROOT, "git", "clone", "--quiet", str(ROOT), str(clone))
        change_parameters(clone, ARTICLES)
        run(clone, "dvc", "repro", "split")
        pairs = (setting.partition("=") for setting in settings)
        played = play(clone, items, gold, {name: yaml.safe_load(value) for name, _, value in pairs})
    print(json.dumps(played, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--gold", type=int, default=6)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of params.yaml")
    given = parser.parse_args()
    main(given.items, given.gold, given.set)
