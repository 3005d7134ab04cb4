"""Divides the documents into train, validation and test, and admits variants of training documents to train."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("split", "Divide the documents into train, validation and test.")

from collections.abc import Set
from functools import partial
from pathlib import Path

import pandas as pd

from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import read_card, write_card
from stages.common.documents.consensus import read_consensus
from stages.common.documents.table import ORIGINAL, SPLITS, read_documents, write_documents, write_rejected
from stages.common.tasks import task_of
from stages.split.balance import balance, check_classes
from stages.split.checks import check_splits
from stages.split.gold import with_gold
from stages.split.label_texts import label_texts
from stages.split.parameters import SplitParameters
from stages.split.placing import check_corpus, clashing, place
from stages.split.summary import add_balance, count_classes, shortfall, summarise, summarise_balance
from stages.split.training import beyond_class_size, beyond_share, copies, inadmissible, unsure

AUGMENTED, DATA = Path("data/augmented"), Path("data/splits")
SUMMARY, COUNTS = Path("reports/split/summary.json"), Path("reports/split/class_counts.csv")


def main() -> None:
    """Reads data/augmented, writes data/splits."""
    parameters = load_section("split", SplitParameters)
    documents, card = read_documents(AUGMENTED / "documents.parquet"), read_card(AUGMENTED)
    consensus = read_consensus()
    seen, left_out = (set(consensus["id"][consensus[name]]) for name in ("seen", "left_out"))
    check_classes(parameters.balance, documents, card.label_names)

    splits, rejected = divide(documents, parameters, seen, left_out)
    for split, rows in splits.items():
        if rows.empty:
            raise UserError(f"{AUGMENTED}: no document is left for the {split} split.", "Add documents to the corpus.")
    balanced = balance(splits["train"], rejected, parameters.balance, parameters.seed)
    splits["train"], rejected = balanced.train, balanced.rejected
    texts, held_out = label_texts(card, parameters.label_texts, documents, splits)
    splits["train"], rejected = pd.concat([splits["train"], texts]), pd.concat([rejected, held_out])
    check_splits(splits, rejected, documents)
    splits["test"] = with_gold(splits["test"], consensus, task_of(card), card.label_names)
    counts = count_classes(splits, card.label_names)
    summary = summarise(splits, documents, rejected, parameters.seed)
    if parameters.balance.method != "none":
        counts = add_balance(counts, balanced)
        summary["balance"] = summarise_balance(balanced, parameters.balance.method)

    with new_outputs(DATA, SUMMARY, COUNTS) as (data, summary_file, counts_file):
        for split, rows in splits.items():
            write_documents(rows, data / f"{split}.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_card(card, data)
        write_json(summary_file, summary)
        counts.to_csv(counts_file, index=False, lineterminator="\n")
    train, validation, test = (summary["splits"][split] for split in SPLITS)
    closing_line(
        "split",
        f"train {train['originals']:,} documents and {train['variants']:,} variants, "
        f"validation {validation['originals']:,}, test {test['originals']:,}, {len(rejected):,} rejected"
        + shortfall(balanced),
    )


def divide(
    documents: pd.DataFrame,
    parameters: SplitParameters,
    seen: Set[str] = frozenset(),
    left_out: Set[str] = frozenset(),
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Divides a corpus.

    Args:
        documents: Originals and variants.
        parameters: Seed and shares.
        seen: The ids of documents whose gold label was looked at: they are not tested on.
        left_out: Those whose label is too unsure to be trained on.

    Returns:
        The rows of each split, and the rows that are in none, with ``rule`` and ``reason``.

    Raises:
        UserError: If the corpus cannot be divided.
    """
    originals, variants = documents[documents["method"].eq(ORIGINAL)], documents[documents["method"].ne(ORIGINAL)]
    check_corpus(originals, str(AUGMENTED / "documents.parquet"))
    rejected = [clashing(originals)]
    originals = originals.drop(rejected[0].index)

    placed = originals.assign(split=place(originals, parameters, seen))
    train, held_out = placed[placed["split"].eq("train")], placed[placed["split"].ne("train")]
    for rule in (
        partial(copies, held_out=held_out),
        partial(unsure, left_out=left_out),
        partial(beyond_class_size, size=parameters.train_per_class, seed=parameters.seed),
    ):
        rejected.append(rule(train))
        train = train.drop(rejected[-1].index)
    for rule in (
        partial(inadmissible, training=train, held_out=held_out),
        partial(copies, held_out=held_out),
        partial(beyond_share, share=parameters.augmented, seed=parameters.seed),
    ):
        rejected.append(rule(variants))
        variants = variants.drop(rejected[-1].index)

    splits = {"train": pd.concat([train, variants], ignore_index=True)}
    splits |= {split: held_out[held_out["split"].eq(split)] for split in SPLITS[1:]}
    reasons = pd.concat(rejected)
    return splits, documents.loc[reasons.index].assign(rule=reasons["rule"], reason=reasons["reason"])
