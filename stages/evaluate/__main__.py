"""evaluate: how good the finetuned encoder is on the test split, and whether it beats plainer methods."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("evaluate", "Tests the finetuned encoder and plainer methods on the test split.")

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs
from stages.common.core.parameters import load_section, load_value
from stages.common.documents.card import read_card
from stages.common.documents.table import write_parquet
from stages.common.documents.targets import label_sets
from stages.common.metrics.names import title
from stages.common.model.device import compute_alike
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.evaluate.assessment import BASELINE, ENCODER
from stages.evaluate.cards import data_card, model_card
from stages.evaluate.cost import measure_cost
from stages.evaluate.inputs import MODEL, Inputs, check_model, read_inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import write_content
from stages.evaluate.tasks import evaluate_task

SPLITS = Path("data/splits")
REPORTS, PREDICTIONS = Path("reports/evaluate"), Path("data/predictions.parquet")
CARD = Path("models/card")


def main() -> None:
    """Runs the stage."""
    parameters = load_section("evaluate", EvaluateParameters)
    compute_alike(parameters.seed, parameters.threads)
    card = read_card(SPLITS)
    task = task_of(card)
    room = evaluate_task(task)
    inputs = read_inputs(card, load_value("model"), room.check_documents)
    scorer = Scorer.load(MODEL, parameters.device)
    check_model(scorer.inference, card)

    evaluation = room.evaluate(inputs, scorer, parameters)
    timed = inputs.test.head(parameters.cost.documents)
    files = {**evaluation.files, "cost.json": measure_cost(scorer, timed, parameters.cost.batches)}
    files["headline.json"] = {"test": {task.headline: files["metrics.json"][ENCODER][task.headline]["value"]}}

    with new_outputs(REPORTS, PREDICTIONS, CARD) as (reports, predictions, cards):
        for name, content in files.items():
            write_content(reports / name, content)
        write_parquet(evaluation.predictions, predictions)
        write_cards(cards, inputs, scorer, files)
    closing_line("evaluate", outcome(files["metrics.json"], task.headline))


def write_cards(folder: Path, inputs: Inputs, scorer: Scorer, files: dict[str, Any]) -> None:
    """Writes the model card and the data card."""
    splits = {"train": inputs.train, "validation": inputs.validation, "test": inputs.test}
    support = {name: label_counts(documents) for name, documents in splits.items()}
    card = model_card(inputs.card, inputs.entry, files["summary.json"], scorer.inference, files["cost.json"])
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data/README.md").write_text(data_card(inputs.card, support), encoding="utf-8")


def label_counts(documents: pd.DataFrame) -> dict[str, int]:
    """How often each label occurs in a split: documents, or spans of entities."""
    return dict(Counter(label for labels in label_sets(documents) for label in labels))


def outcome(metrics: dict[str, Any], headline: str) -> str:
    """The closing line: the headline metrics of both, and whether the encoder beats the baseline."""
    parts = [f"{metrics['documents']:,} test documents"]
    for name in (ENCODER, BASELINE):
        known = {metric: each["value"] for metric, each in metrics[name].items() if each["value"] is not None}
        listed = ", ".join(f"{title(metric)} {value:.4f}" for metric, value in known.items())
        parts.append(f"{name}: {listed or 'no metrics, because ' + metrics[name][headline]['reason']}")
    parts.append(f"encoder against baseline: {metrics['encoder_vs_baseline']}")
    if "stronger" in metrics:
        stronger = metrics["stronger"]
        parts.append(
            f"against {stronger['name']}, which beats the baseline by {title(headline)}: {stronger['outcome']}"
        )
    return "; ".join(parts)
