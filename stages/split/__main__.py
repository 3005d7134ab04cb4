"""Divides the documents into train, validation and test, and admits variants of training documents to train."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("split", "Divide the documents into train, validation and test.")

from pathlib import Path

import pandas as pd

from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import read_card, write_card
from stages.common.documents.consensus import read_consensus
from stages.common.documents.table import has_no_label, read_documents, write_documents, write_rejected
from stages.common.documents.unlabelled import UNLABELLED, write_unlabelled
from stages.common.tasks import task_of
from stages.split.balance import balance, check_classes
from stages.split.checks import check_splits, check_unlabelled
from stages.split.dividing import divide
from stages.split.gold import with_gold
from stages.split.label_texts import label_texts
from stages.split.parameters import SplitParameters
from stages.split.placing import AUGMENTED, check_filled, check_training
from stages.split.summary import add_balance, count_classes, in_words, summarise, summarise_balance, too_few
from stages.split.unlabelled import collect

DATA, REPORTS = Path("data/splits"), Path("reports/split")


def main() -> None:
    """Reads data/augmented, writes data/splits and data/unlabelled."""
    parameters = load_section("split", SplitParameters)
    documents, card = read_documents(AUGMENTED / "documents.parquet"), read_card(AUGMENTED)
    task, consensus = task_of(card), read_consensus()
    seen, left_out = (set(consensus["id"][consensus[name]]) for name in ("seen", "left_out"))
    unlabelled, labelled = (documents[where] for where in (has_no_label(documents), ~has_no_label(documents)))
    check_classes(parameters.balance, labelled, card.label_names)

    splits, rejected = divide(labelled, parameters, seen, left_out)
    check_filled(splits)
    few = too_few(splits["train"], parameters.train_per_class, task, card.label_names)
    balanced = balance(splits["train"], rejected, parameters.balance, parameters.seed)
    splits["train"], rejected = balanced.train, balanced.rejected
    check_training(splits["train"])
    texts, held_out = label_texts(card, parameters.label_texts, labelled, splits)
    splits["train"], rejected = pd.concat([splits["train"], texts]), pd.concat([rejected, held_out])
    check_splits(splits, rejected, labelled)
    pool = collect(unlabelled, splits, rejected, parameters.unlabelled)
    rejected = pd.concat([rejected, pool.unused])
    check_unlabelled(pool, splits, unlabelled)
    splits["test"] = with_gold(splits["test"], consensus, task, card.label_names)
    counts = count_classes(splits, card.label_names)
    summary = summarise(splits, documents, rejected, parameters.seed)
    if parameters.balance.method != "none":
        counts = add_balance(counts, balanced)
        summary["balance"] = summarise_balance(balanced, parameters.balance.method)
    if parameters.unlabelled:
        summary["unlabelled"] = pool.summary

    with new_outputs(DATA, UNLABELLED, REPORTS) as (data, without, reports):
        for split, rows in splits.items():
            write_documents(rows, data / f"{split}.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_card(card, data)
        write_unlabelled(pool.documents, pool.rejected, task, without)
        write_json(reports / "summary.json", summary)
        counts.to_csv(reports / "class_counts.csv", index=False, lineterminator="\n")
    closing_line("split", in_words(summary, len(rejected), balanced) + few)
