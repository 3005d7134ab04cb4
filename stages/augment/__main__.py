"""Makes a pool of variants of every document that may be trained on; split decides which of them are."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("augment", "Make a pool of variants of the documents that may be trained on.")

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from stages.augment.by_model import make_by_model, open_makers
from stages.augment.gate import NOTHING, judge
from stages.augment.methods import NEED_LEXICON
from stages.augment.parameters import AugmentParameters, MethodParameters
from stages.augment.quality import summarise
from stages.augment.sentence import collect_donors
from stages.augment.variants import applicable, augmentable, make_variants
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import Card, read_card, write_card
from stages.common.documents.partitions import map_partitions
from stages.common.documents.table import read_documents, write_documents, write_rejected
from stages.common.tasks import task_of

CLEAN, MODELS = Path("data/clean"), Path("models/fetched")
LEXICON, ENCODER = MODELS / "lexicon", MODELS / "pretrained"
DATA, REPORT = Path("data/augmented"), Path("reports/augment/summary.json")


def main() -> None:
    """Reads data/clean, writes it with the variants into data/augmented."""
    parameters = load_section("augment", AugmentParameters)
    documents, card = read_documents(CLEAN / "documents.parquet"), read_card(CLEAN)
    task = task_of(card)
    methods = applicable(parameters.methods, task)
    check_language(methods, card)
    makers = open_makers(parameters, methods, card, MODELS, ENCODER)

    chosen = documents[augmentable(documents)] if methods else documents[:0]
    donors = collect_donors(chosen) if task.reworded == "tokens" else None
    make = partial(make_variants, methods=methods, seed=parameters.seed, lexicon=LEXICON.resolve(), donors=donors)
    attempts = map_partitions(make, chosen, "variants")
    if makers:
        by_model = judge(make_by_model(makers, chosen), chosen, earlier=attempts[attempts["rule"].isna()])
        attempts = pd.concat([attempts, by_model], ignore_index=True)
    if parameters.gate.enabled and methods:
        from stages.augment.similarity import reject_distant  # here, because importing torch takes seconds

        attempts = reject_distant(attempts, chosen, parameters.gate, ENCODER)
    kept = attempts[attempts["rule"].isna()]
    rejected = attempts[attempts["rule"].notna() & attempts["rule"].ne(NOTHING)]
    summary = summarise(documents, chosen, attempts, methods, parameters.seed)
    if task.reworded is None:
        summary["no_variants"] = f"in other words, a document of the task {task.name} may have another label"

    with new_outputs(DATA, REPORT) as (data, report):
        write_documents(pd.concat([documents, kept], ignore_index=True), data / "documents.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_card(card, data)
        write_json(report, summary)
    closing_line(
        "augment",
        f"{len(kept):,} variants of {len(chosen):,} documents by {len(methods)} methods, {len(rejected):,} rejected"
        if task.reworded
        else f"no variants, since {summary['no_variants']}",
    )


def check_language(methods: Mapping[str, MethodParameters], card: Card) -> None:
    """Refuses to look words of another language up in an English lexicon."""
    for name in methods:
        if name in NEED_LEXICON and card.language.split("-")[0] != "en":
            raise UserError(
                f"params.yaml: augment.{name}: the lexicon is English, but the documents are in {card.language!r}.",
                f"Set augment.{name}.count to 0.",
            )
