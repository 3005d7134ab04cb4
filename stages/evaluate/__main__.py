"""evaluate: how good the finetuned encoder is on the test split, and whether it beats a plain baseline."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.card import Card, read_card
from stages.common.documents import read_documents, write_parquet
from stages.common.encoder.device import compute_alike
from stages.common.encoder.loading import load_finetuned, read_inference
from stages.common.encoder.scoring import score
from stages.common.entry import run_stage
from stages.common.messages import UserError, closing_line
from stages.common.outputs import new_outputs, write_json
from stages.common.parameters import load_section
from stages.evaluate.assessment import Verdict, judge
from stages.evaluate.baseline import fit_baseline
from stages.evaluate.figures import Counts, Floats
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.predictions import confusion_pairs, predictions_table, probabilities
from stages.evaluate.summaries import class_table, metrics, summary

SPLITS = Path("data/splits")
AUDITED = Path("data/audited")
MODEL = Path("models/finetuned")
REPORTS = Path("reports/evaluate")


def main() -> None:
    """Runs the stage."""
    parameters = load_section("evaluate", EvaluateParameters)
    compute_alike(parameters.seed, parameters.threads)
    card = read_card(SPLITS)
    train = read_labelled(AUDITED / "train.parquet", card)
    validation, test = (read_labelled(SPLITS / f"{name}.parquet", card) for name in ("validation", "test"))

    probability = probabilities_of(test, card, parameters.device)
    baseline = fit_baseline(train, validation, test["text"].tolist(), card.label_names, parameters.baseline)

    silent = int(np.isnan(probability).any(axis=1).sum())
    verdict = judge(
        actual=indices(test, card),
        encoder=None if silent else probability.argmax(axis=1),
        baseline=baseline.predicted,
        labels=card.label_names,
        samples=parameters.bootstrap_samples,
        confidence=parameters.confidence,
        seed=parameters.seed,
        no_encoder=f"the encoder's logits are not finite for {silent} of {len(test)} test documents",
    )
    predictions = predictions_table(test, probability, baseline.predicted, card.label_names)

    names = ("metrics.json", "summary.json", "per_class.csv", "confusion_matrix.csv", "predictions.parquet")
    with new_outputs(*(REPORTS / name for name in names)) as (metrics_file, summary_file, classes, pairs, table):
        write_json(metrics_file, metrics(verdict, len(test)))
        write_json(summary_file, summary(verdict, test, card.label_names, baseline, parameters))
        class_table(verdict, test, card.label_names).to_csv(classes, index=False, lineterminator="\n")
        confusion_pairs(predictions).to_csv(pairs, index=False, lineterminator="\n")
        write_parquet(predictions, table)
    closing_line("evaluate", outcome(verdict, len(test)))


def read_labelled(path: Path, card: Card) -> pd.DataFrame:
    """Reads a split for text classification: at least one document, each with a label that the card knows."""
    if card.task != "text-classification":
        raise UserError(f"{SPLITS / 'card.json'}: the task is {card.task}.", "Choose a text-classification dataset.")
    documents = read_documents(path)
    if documents.empty:
        raise UserError(f"{path}: holds no document.", "Give this split a larger share in params.yaml, section split.")
    unknown = documents[~documents["label"].isin(card.label_names)]
    if len(unknown):
        first = unknown.iloc[0]
        raise UserError(
            f"{path}: document {first['id']!r} has the label {first['label']!r}, which the card does not name.",
            "Make the split again with `dvc repro -f split`.",
        )
    return documents


def indices(documents: pd.DataFrame, card: Card) -> Counts:
    """The index of each document's label, in the card's order."""
    index = {label: position for position, label in enumerate(card.label_names)}
    return np.asarray(documents["label"].map(index), dtype=np.int64)


def probabilities_of(test: pd.DataFrame, card: Card, device: str) -> Floats:
    """The encoder's probabilities for each test document, shape (documents, labels); NaN where it gives none."""
    model, tokenizer = load_finetuned(MODEL, device)
    known = [name for _, name in sorted((model.config.id2label or {}).items())]
    if known != card.label_names:
        raise UserError(
            f"{MODEL}: its labels are {', '.join(known)}; the test split's are {', '.join(card.label_names)}.",
            "Train it on these splits with `dvc repro finetune`.",
        )
    inference = read_inference(MODEL)
    logits = score(model, tokenizer, test["text"].tolist(), inference.max_length, inference.batch_tokens, "test split")
    return probabilities(logits)


def outcome(verdict: Verdict, documents: int) -> str:
    """The closing line: the headline figures of both, and whether the encoder beats the baseline."""
    said = [f"{documents:,} test documents"]
    for name, assessment in (("encoder", verdict.encoder), ("baseline", verdict.baseline)):
        accuracy, macro = assessment.overall["accuracy"], assessment.overall["macro_f1"]
        if accuracy.value is None or macro.value is None:
            said.append(f"{name}: no figures, because {accuracy.reason}")
        else:
            said.append(f"{name}: accuracy {accuracy.value:.4f}, macro F1 {macro.value:.4f}")
    return "; ".join([*said, f"encoder against baseline: {verdict.differences['macro_f1'].outcome}"])


if __name__ == "__main__":
    run_stage(main, "Tests the finetuned encoder and a baseline on the test split.")
