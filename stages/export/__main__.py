"""Stage export: the fine-tuned model in, one folder out that predicts without this repository."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("export", "Writes the finetuned encoder as ONNX, with all that using it takes.")

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import read_card
from stages.common.documents.table import read_documents, read_some
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.model.batching import make_batch
from stages.common.model.device import compute_alike
from stages.common.model.exported import FLOAT32, INT8, load_exported, write_sums
from stages.common.model.scorer import Scorer, read_by, tokenise_documents
from stages.common.model.tokenising import tokenise_words
from stages.common.tasks import task_of
from stages.export.conversion import convert
from stages.export.folder import copy_all_but_weights, copy_cards, write_origin, write_rules, write_stand_alone
from stages.export.measures import strata
from stages.export.parameters import ExportParameters
from stages.export.parity import check_parity, compare_answers, compare_shapes
from stages.export.quantisation import quantise, time_both, too_inaccurate
from stages.export.stand_alone import count_differences, run_stand_alone
from stages.export.summary import describe_machine, outcome

SPLITS, TEST, RAW = Path("data/splits"), Path("data/splits/test.parquet"), Path("data/annotated/documents.parquet")
MODEL, CARDS, RULES = Path("models/finetuned"), Path("models/card"), Path("reports/clean/text_rules.json")
EXPORTED, REPORTS = Path("models/exported"), Path("reports/export")


def main() -> None:
    """Exports the model, and compares what it answers on the test split with what it answered before."""
    parameters = load_section("export", ExportParameters)
    compute_alike(parameters.seed, parameters.threads)
    card, test = read_card(SPLITS), read_some(TEST)
    task = task_of(card)
    scorer = Scorer.load(MODEL, "cpu")
    bootstrap = Bootstrap(strata(test), parameters.bootstrap_samples, parameters.confidence, parameters.seed)
    some, times = test.head(parameters.documents), {}

    with new_outputs(EXPORTED, REPORTS) as (folder, reports):
        copy_all_but_weights(MODEL, folder)
        copy_cards(CARDS, folder)
        rules = write_rules(RULES, card, folder)
        write_origin(MODEL, card, test, folder)
        batch = example_batch(scorer, test)
        convert(scorer, batch, folder / FLOAT32)

        exported = load_exported(folder, parameters.threads)
        logits = scorer.logits(test, "torch")
        parity = compare_answers(test, logits, exported.logits(test, "ONNX"), scorer, bootstrap)
        shapes = compare_shapes(some, scorer, exported)
        del exported  # its threads would slow down what is timed below
        check_parity(max([parity.largest, *shapes["difference"]]))

        summary: dict[str, Any] = {"test_documents": len(test), "float32": parity.as_json()}
        summary["int8"] = {"handed_over": False, "why_not": "export.int8 is false"}
        if parameters.int8:
            quantise(folder)
            eight = load_exported(folder, parameters.threads, INT8).logits(test, "8 bits")
            cost = compare_answers(test, logits, eight, scorer, bootstrap)
            why_not = too_inaccurate(cost, task, parameters.tolerance)
            if not why_not:
                times = time_both(folder, some, parameters)
                slow = times["speed_up"] < parameters.speed_up
                why_not = f"it is less than {parameters.speed_up:g} times as fast as float32 here" if slow else ""
            if why_not:
                (folder / INT8).unlink()
            summary["int8"] = {"handed_over": not why_not, "why_not": why_not or None, **cost.as_json()}
        if task.head == "document":
            left_out = write_stand_alone(scorer, rules, list(batch), folder)
            raw = read_documents(RAW).set_index("id").loc[test["id"]]
            different = count_differences(run_stand_alone(folder, raw, task.inputs), logits, scorer.inference)
            summary["predict.py"] = {"rules_left_out": left_out, "different_answers": different}

        write_sums(folder)
        parity.flips.to_csv(reports / "exported_flips.csv", index=False, lineterminator="\n")
        shapes.to_csv(reports / "shapes.csv", index=False, lineterminator="\n")
        write_json(reports / "summary.json", summary)
        write_json(reports / "environment.json", describe_machine(parameters.threads) | {"int8": times})
    closing_line("export", outcome(summary, times, task.headline))


def example_batch(scorer: Scorer, documents: pd.DataFrame) -> dict[str, torch.Tensor]:
    """What the model reads of two documents, by which its computation is traced."""
    task = task_of(scorer.inference)
    inputs = (read_by(task, documents) * 2)[:2]
    if task.head == "word":
        tokens = tokenise_words(scorer.tokenizer, inputs, scorer.inference.max_length, 0.0).tokens
    else:
        tokens = tokenise_documents(scorer.tokenizer, inputs, scorer.inference)
    return make_batch(tokens, np.arange(2), scorer.tokenizer, scorer.model.device)
