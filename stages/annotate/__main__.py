"""Makes one label of what several people answered about a document; hands documents through that have one already."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("annotate", "Make one label of several people's answers.")

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.annotate.agreement.summary import agreement_summary
from stages.annotate.consensus import gold_shown, labelled, reach_consensus, word_counts
from stages.annotate.functions import Function, ask_functions, load_functions
from stages.annotate.parameters import AnnotateParameters
from stages.annotate.summary import summarise
from stages.common.core.messages import UserError, closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.answer_forms import answers_of
from stages.common.documents.answers import ANSWERS, COUNTED, no_answers, read_answers, sort_answers, write_answers
from stages.common.documents.card import Card, read_card, write_card
from stages.common.documents.consensus import CONSENSUS, no_consensus, write_consensus
from stages.common.documents.table import (
    columns_among,
    documents_schema,
    has_no_label,
    read_documents,
    write_documents,
    write_parquet,
    write_rejected,
)
from stages.common.documents.targets import too_small
from stages.common.tasks import task_of

RAW, ANNOTATED = Path("data/raw"), Path("data/annotated")
DOCUMENTS, NUMBERS = "documents.parquet", "numbers.parquet"
REPORTS = Path("reports/annotate")

Summaries = tuple[dict[str, Any], dict[str, Any]]


def main() -> None:
    """Reads data/raw, writes data/annotated and data/answers.parquet."""
    card = read_card(RAW)
    parameters = load_section("annotate", AnnotateParameters)
    functions = load_functions(Path(parameters.functions))
    with new_outputs(ANNOTATED, COUNTED, REPORTS) as (data, counted, reports):
        asked = functions or (RAW / ANSWERS).exists()
        if asked:
            summary, agreement = decide(data, counted, card, parameters, functions)
        else:
            summary, agreement = hand_through(data, counted), {}
        write_card(card, data)
        write_json(reports / "summary.json", summary)
        write_json(reports / "agreement.json", agreement)
    closing_line("annotate", summary["in_words"])


def hand_through(data: Path, counted: Path) -> dict[str, Any]:
    """Copies the documents of a dataset in which each has one label, byte by byte."""
    shutil.copyfile(RAW / DOCUMENTS, data / DOCUMENTS)
    columns = columns_among(pq.read_schema(RAW / DOCUMENTS).names)
    nothing = documents_schema(columns).empty_table().to_pandas()
    write_rejected(nothing.assign(rule=None, reason=None, place=None), data / "rejected.parquet")
    write_consensus(no_consensus(), data / CONSENSUS.name)
    write_answers(no_answers(), counted)
    return {"answers": 0, "in_words": "one answer a document; the labels are handed through"}


def decide(
    data: Path, counted: Path, card: Card, parameters: AnnotateParameters, functions: dict[str, Function]
) -> Summaries:
    """Gives documents the labels that answers of people and functions come to; what is said of that, and agreement."""
    documents = read_documents(RAW / DOCUMENTS)
    answers = [read_answers(RAW / ANSWERS)] if (RAW / ANSWERS).exists() else []
    if functions:
        asked = documents[~has_no_label(documents)]
        answers.append(ask_functions(functions, asked, task_of(card), card.label_names))
    said = sort_answers(pd.concat(answers, ignore_index=True))
    if said.empty:
        raise UserError(f"{parameters.functions}: no function answers about any document.", "Mend the functions.")
    task, labels = task_of(card), card.label_names
    documents["gold"] = answers_of(documents, task)
    reached = reach_consensus(said, documents, task, labels, parameters, bool(functions))
    kept, rejected = labelled(documents, reached.table, task, labels)
    write_documents(kept, data / DOCUMENTS)
    write_rejected(rejected, data / "rejected.parquet")
    write_consensus(reached.table, data / CONSENSUS.name)
    write_answers(reached.latest, counted)
    if reached.numbers is not None:
        write_parquet(pa.Table.from_pandas(reached.numbers, preserve_index=False), data / NUMBERS)
    agreement = agreement_summary(
        said,
        task.answer,
        labels,
        words=word_counts(documents, task),
        gold=gold_shown(documents, reached.table),
        samples=parameters.bootstrap_samples,
        seed=parameters.seed,
    )
    summary = summarise(reached, said, rejected, len(documents), list(functions), parameters)
    if task.answer == "label":
        classes = reached.combiner.counts(kept["label"].dropna())
        summary["in_words"] += too_small(classes, set(kept["published_split"].dropna()))
    return summary, agreement
