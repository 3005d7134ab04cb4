"""Stage export: the fine-tuned model in, one folder out that predicts without this repository."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("export", "Writes the finetuned encoder as ONNX, with all that using it takes.")

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import read_card
from stages.common.documents.table import read_some
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.names import title
from stages.common.model.batching import make_batch
from stages.common.model.device import compute_alike
from stages.common.model.exported import FLOAT32, load_exported
from stages.common.model.scorer import Scorer, read_by, tokenise_documents
from stages.common.model.tokenising import tokenise_words
from stages.common.tasks import task_of
from stages.export.conversion import convert
from stages.export.folder import copy_all_but_weights, copy_cards, write_origin, write_rules
from stages.export.measures import strata
from stages.export.parameters import ExportParameters
from stages.export.parity import Parity, check_parity, compare_answers, compare_shapes

SPLITS, TEST = Path("data/splits"), Path("data/splits/test.parquet")
MODEL, CARDS, RULES = Path("models/finetuned"), Path("models/card"), Path("reports/clean/text_rules.json")
EXPORTED, REPORTS = Path("models/exported"), Path("reports/export")


def main() -> None:
    """Exports the model, and compares what it answers on the test split with what it answered before."""
    parameters = load_section("export", ExportParameters)
    compute_alike(parameters.seed, parameters.threads)
    card, test = read_card(SPLITS), read_some(TEST)
    scorer = Scorer.load(MODEL, "cpu")
    bootstrap = Bootstrap(strata(test), parameters.bootstrap_samples, parameters.confidence, parameters.seed)

    with new_outputs(EXPORTED, REPORTS) as (folder, reports):
        copy_all_but_weights(MODEL, folder)
        copy_cards(CARDS, folder)
        write_rules(RULES, card, folder)
        write_origin(MODEL, card, test, folder)

        convert(scorer, example_batch(scorer, test), folder / FLOAT32)
        exported = load_exported(folder, parameters.threads)
        logits = scorer.logits(test, "torch")
        parity = compare_answers(test, logits, exported.logits(test, "ONNX"), scorer, bootstrap)
        shapes = compare_shapes(test.head(parameters.documents), scorer, exported)
        largest = max(parity.largest, shapes["difference"].max())
        check_parity(largest)

        parity.flips.to_csv(reports / "flips.csv", index=False, lineterminator="\n")
        shapes.to_csv(reports / "shapes.csv", index=False, lineterminator="\n")
        write_json(reports / "summary.json", {"test_documents": len(test), "float32": parity.as_json()})
    closing_line("export", outcome(parity, len(test), task_of(card).headline))


def example_batch(scorer: Scorer, documents: pd.DataFrame) -> dict[str, torch.Tensor]:
    """What the model reads of two documents, by which its computation is traced."""
    task = task_of(scorer.inference)
    inputs = (read_by(task, documents) * 2)[:2]
    if task.head == "word":
        tokens = tokenise_words(scorer.tokenizer, inputs, scorer.inference.max_length, 0.0).tokens
    else:
        tokens = tokenise_documents(scorer.tokenizer, inputs, scorer.inference)
    return make_batch(tokens, np.arange(2), scorer.tokenizer, scorer.model.device)


def outcome(parity: Parity, documents: int, headline: str) -> str:
    """The closing line."""
    difference = parity.headline.estimate.value
    return (
        f"{EXPORTED}/{FLOAT32}: on {documents:,} test documents logits differ from torch's by at most "
        f"{parity.largest:.1e}, {len(parity.flips)} answers flip, {title(headline)} differs by {difference or 0:.4f}"
    )
