"""explain: which words the model looks at, how faithful that is, and which words decide alone."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("explain", "Explains what the finetuned encoder predicts of some test documents.")

import json
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.table import read_flags, read_some
from stages.common.model.device import compute_alike
from stages.common.model.scorer import Scorer
from stages.explain.chosen import explain_chosen
from stages.explain.classes import words_of_classes
from stages.explain.explaining import METHODS
from stages.explain.global_words import COLUMNS as WORDS
from stages.explain.parameters import ExplainParameters
from stages.explain.selection import without_private_data
from stages.explain.shortcuts import COLUMNS as SHORTCUTS
from stages.explain.shortcuts import DECIDES

TEST, FLAGS = Path("data/splits/test.parquet"), Path("data/clean/flags.parquet")
PREDICTIONS, MODEL = Path("data/predictions.parquet"), Path("models/finetuned")
REPORTS = Path("reports/explain")


def main() -> None:
    """Runs the stage."""
    parameters = load_section("explain", ExplainParameters)
    compute_alike(parameters.seed, parameters.threads)
    files = explained(parameters) if parameters.documents else files_of({}, [], None, None, {})
    with new_outputs(REPORTS) as (reports,):
        for name, content in files.items():
            if isinstance(content, list):
                (reports / name).write_text(one_a_line(content), encoding="utf-8")
            elif isinstance(content, pd.DataFrame):
                content.to_csv(reports / name, index=False, lineterminator="\n")
            else:
                write_json(reports / name, content)
    closing_line("explain", outcome(files))


def one_a_line(documents: list[dict[str, Any]]) -> str:
    """A JSON list with a document a line: indented, each number of its many would have a line of its own."""
    lines = [json.dumps(document, ensure_ascii=False, allow_nan=False) for document in documents]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def explained(parameters: ExplainParameters) -> dict[str, Any]:
    """Explains documents, tests how faithful that is, adds up words, and tries which of them decide alone."""
    test, flags = read_some(TEST), read_flags(FLAGS)
    scorer = Scorer.load(MODEL, parameters.device)
    shown = without_private_data(test, flags)
    predictions = pd.read_parquet(PREDICTIONS)
    chosen = explain_chosen(scorer, shown, predictions, parameters)
    words, shortcuts = words_of_classes(scorer, shown, parameters)
    summary = {"documents": len(chosen.documents), "withheld": len(test) - len(shown), **chosen.summary}
    return files_of(summary, chosen.documents, words, shortcuts, chosen.seconds)


def files_of(
    summary: dict[str, Any],
    documents: list[dict[str, Any]],
    words: pd.DataFrame | None,
    shortcuts: pd.DataFrame | None,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """The contents of the files under reports/explain/, by name; without entries where there is nothing."""
    return {
        "summary.json": summary,
        "documents.json": documents,
        "words.csv": pd.DataFrame(columns=WORDS) if words is None else words,
        "shortcuts.csv": pd.DataFrame(columns=SHORTCUTS) if shortcuts is None else shortcuts,
        "cost.json": {"seconds_a_document": seconds},
    }


def outcome(files: dict[str, Any]) -> str:
    """The closing line: how many documents, whether the methods beat a random order, which words decide alone."""
    if not files["summary.json"]:
        return "off: params.yaml, explain.documents is 0"
    methods = files["summary.json"]["methods"]
    beaten = [METHODS[name].lower() for name, each in methods.items() if each["beats_random"]]
    table = files["shortcuts.csv"]
    alone = table.loc[table["outcome"] == DECIDES, "word"].tolist()
    parts = [f"{len(files['documents.json'])} test documents"]
    parts += [f"more faithful than a random order: {', '.join(beaten) or 'no method'}"]
    return "; ".join(parts + ([f"words that decide alone: {', '.join(map(repr, alone))}"] if alone else []))
