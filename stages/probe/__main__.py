"""probe: whom the finetuned model treats differently, by texts made for it and by groups of test documents."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("probe", "Probes the finetuned model with suites of texts that differ in one thing.")

from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import read_card
from stages.common.documents.choosing import shuffled_documents
from stages.common.documents.table import read_some
from stages.common.documents.targets import has_free_words
from stages.common.model.device import compute_alike
from stages.probe.asking import ask
from stages.probe.groups import compare_documents
from stages.probe.parameters import ProbeParameters
from stages.probe.results import closing, summary_of
from stages.probe.suites import make_suites

TRAIN, TEST = Path("data/audited/train.parquet"), Path("data/splits/test.parquet")
SPLITS, MODEL = Path("data/splits"), Path("models/finetuned")
ANNOTATIONS, PREDICTIONS = Path("data/raw/annotations.parquet"), Path("data/predictions.parquet")
REPORTS, PROBES = Path("reports/probe"), Path("data/probes.parquet")


def main() -> None:
    """Runs the stage."""
    parameters = load_section("probe", ProbeParameters)
    compute_alike(parameters.seed, parameters.threads)
    card, train, test = read_card(SPLITS), read_some(TRAIN), read_some(TEST)
    free = test[has_free_words(test)]
    shuffled = free.iloc[shuffled_documents(free["id"].tolist(), parameters.seed)]

    suites, refused = make_suites(parameters, card, train, shuffled)
    for name, reason in refused.items():
        print(f"probe: {name} is left out: {reason}", flush=True)
    asked = ask(suites, MODEL, parameters)
    beside = pd.read_parquet(ANNOTATIONS) if ANNOTATIONS.exists() else None
    compared = compare_documents(suites, test, pd.read_parquet(PREDICTIONS), beside, parameters)

    tables: dict[str, pd.DataFrame] = {**asked.tables, **compared.tables}
    summary: dict[str, Any] = summary_of(suites, refused, compared.reason, tables, parameters)
    with new_outputs(REPORTS, PROBES) as (reports, probes):
        for name, table in tables.items():
            table.to_csv(reports / f"{name}.csv", index=False, lineterminator="\n")
        write_json(reports / "summary.json", summary)
        asked.texts.to_parquet(probes, index=False)
    closing_line("probe", closing(summary))
