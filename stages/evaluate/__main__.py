"""evaluate: how good the finetuned encoder is on the test split, and whether it beats plainer methods."""

import argparse
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.entry import run_program
from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section, load_value
from stages.common.model.device import compute_alike
from stages.evaluate.assessment import BASELINE, ENCODER
from stages.evaluate.cards import data_card, model_card
from stages.evaluate.classification import evaluate_texts
from stages.evaluate.cost import measure_cost
from stages.evaluate.encoder import Encoder
from stages.evaluate.inputs import Inputs, read_inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.runs import compare_runs
from stages.evaluate.tables import complete, write_content
from stages.evaluate.tagging import evaluate_entities, strict_spans

REPORTS = Path("reports/evaluate")
CARD = Path("models/card")


def main() -> None:
    """Runs the stage."""
    parameters = load_section("evaluate", EvaluateParameters)
    compute_alike(parameters.seed, parameters.threads)
    inputs = read_inputs(load_value("model"))
    encoder = Encoder(parameters.device)
    if inputs.card.task == "text-classification":
        contents, scored = evaluate_texts(inputs, encoder, parameters), inputs.test["text"]
    else:
        contents, scored = evaluate_entities(inputs, encoder, parameters), inputs.test["tokens"]
    timed = scored.tolist()[: parameters.cost.documents]
    contents = complete(contents)
    contents["cost.json"] = measure_cost(encoder, timed, parameters.cost.batches)

    with new_outputs(CARD, *(REPORTS / name for name in contents)) as (card, *files):
        for file, content in zip(files, contents.values(), strict=True):
            write_content(file, content)
        write_cards(card, inputs, contents)
    closing_line("evaluate", outcome(contents["metrics.json"]))


def write_cards(folder: Path, inputs: Inputs, contents: dict[str, Any]) -> None:
    """Writes the model card, the data card, and the temperature for those who predict with the model."""
    temperature = contents["calibration.json"]["temperature"]
    splits = {"train": inputs.train, "validation": inputs.validation, "test": inputs.test}
    support = {name: label_counts(documents) for name, documents in splits.items()}
    card = model_card(inputs.card, inputs.entry, contents["summary.json"], temperature, contents["cost.json"])
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data/README.md").write_text(data_card(inputs.card, support), encoding="utf-8")
    write_json(folder / "calibration.json", {"temperature": temperature})


def label_counts(documents: pd.DataFrame) -> dict[str, int]:
    """How often each label occurs in a split: documents, or spans of entities."""
    spans = [span.label for tags in documents["tags"].dropna() for span in strict_spans(tags)]
    return dict(Counter([*documents["label"].dropna(), *spans]))


def outcome(metrics: dict[str, Any]) -> str:
    """The closing line: the headline figures of both, and whether the encoder beats the baseline."""
    said = [f"{metrics['documents']:,} test documents"]
    for name in (ENCODER, BASELINE):
        figures = [
            f"{figure.replace('_', ' ').replace('f1', 'F1')} {found['value']:.4f}"
            for figure, found in metrics[name].items()
            if found["value"] is not None
        ]
        said.append(f"{name}: {', '.join(figures) or 'no figures, because ' + metrics[name]['accuracy']['reason']}")
    return "; ".join([*said, f"encoder against baseline: {metrics['encoder_vs_baseline']}"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Tests the finetuned encoder and plainer methods on the test split.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="compare two runs instead: experiments, git revisions or paths"
    )
    arguments = parser.parse_args()
    run_program(partial(compare_runs, *arguments.compare) if arguments.compare else main, debug=arguments.debug)
