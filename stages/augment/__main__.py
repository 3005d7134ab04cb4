"""Makes a pool of variants of every document that may be trained on; split decides which of them are."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from stages.augment.methods import METHODS
from stages.augment.parameters import AugmentParameters
from stages.augment.variants import NOTHING, augmentable, make_variants
from stages.common.card import Card, read_card, write_card
from stages.common.documents import read_documents, write_documents, write_rejected
from stages.common.entry import run_stage
from stages.common.messages import UserError, closing_line
from stages.common.outputs import new_outputs, write_json
from stages.common.parameters import load_section
from stages.common.partitions import map_partitions

CLEAN, LEXICON = Path("data/clean"), Path("data/lexicon")
DATA, REPORT = Path("data/augmented"), Path("reports/augment/summary.json")


def main() -> None:
    """Reads data/clean, writes it with the variants into data/augmented."""
    parameters = load_section("augment", AugmentParameters)
    documents, card = read_documents(CLEAN / "documents.parquet"), read_card(CLEAN)
    check_language(parameters, card)

    chosen = documents[augmentable(documents)] if parameters.methods else documents[:0]
    make = partial(make_variants, parameters=parameters, lexicon=LEXICON.resolve())
    attempts = map_partitions(make, chosen, "variants")
    attempts["derived_from"] = [[origin] for origin in attempts["origin"]]
    kept = attempts[attempts["rule"].isna()]
    rejected = attempts[attempts["rule"].notna() & attempts["rule"].ne(NOTHING)]
    summary = summarise(documents, len(chosen), attempts, parameters)

    with new_outputs(DATA, REPORT) as (data, report):
        write_documents(pd.concat([documents, kept], ignore_index=True), data / "documents.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_card(card, data)
        write_json(report, summary)
    closing_line(
        "augment",
        f"{len(kept):,} variants of {len(chosen):,} documents by {len(parameters.methods)} methods, "
        f"{len(rejected):,} rejected",
    )


def check_language(parameters: AugmentParameters, card: Card) -> None:
    """Refuses to look words of another language up in an English lexicon."""
    for name in parameters.methods:
        if METHODS[name].lexicon and card.language.split("-")[0] != "en":
            raise UserError(
                f"params.yaml: augment.{name}: the lexicon is English, but the documents are in {card.language!r}.",
                f"Set augment.{name}.count to 0.",
            )


def summarise(
    documents: pd.DataFrame, chosen: int, attempts: pd.DataFrame, parameters: AugmentParameters
) -> dict[str, Any]:
    """Counts what was made, and checks that every variant asked for is accounted for.

    Raises:
        RuntimeError: If one is not.
    """
    asked = {name: chosen * method.count for name, method in parameters.methods.items()}
    methods = {}
    for name in asked:
        made = attempts[attempts["method"].eq(name)]
        if len(made) != asked[name]:
            raise RuntimeError(f"{asked[name]} variants by {name} were to be made, but {len(made)} are accounted for")
        rules = made["rule"].value_counts()
        kept = made[made["rule"].isna()]
        methods[name] = {
            "made": int(len(made) - rules.get(NOTHING, 0)),
            "kept": len(kept),
            "rejected": {rule: int(count) for rule, count in sorted(rules.items()) if rule != NOTHING},
            "documents_with_nothing_to_change": made.loc[made["rule"].eq(NOTHING), "origin"].nunique(),
            "mean_share_of_words_changed": round(float(kept["share"].mean()), 4) if len(kept) else None,
        }
    return {"seed": parameters.seed, "documents": len(documents), "augmented_documents": chosen, "methods": methods}


if __name__ == "__main__":
    run_stage(main, "Make a pool of variants of the documents that may be trained on.")
