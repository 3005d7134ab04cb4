"""Audits the labels of the training documents: scores each, lists those that look wrong, corrects them if asked to."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("audit", "Audit the labels of the training documents.")

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.audit.answers import Crowd, beside_answers
from stages.audit.corrections import correct, decide
from stages.audit.issues import NOT_JUDGED, judge_labels, review_queue
from stages.audit.parameters import AuditParameters
from stages.audit.probabilities import probabilities
from stages.audit.review import read_review
from stages.audit.summary import judged_in_words, summarise
from stages.common.core.messages import closing_line
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.answers import COUNTED, read_answers
from stages.common.documents.card import read_card, write_card
from stages.common.documents.consensus import read_consensus
from stages.common.documents.table import ORIGINAL, read_documents, write_documents, write_parquet, write_rejected
from stages.common.tasks import task_of

SPLITS, AUDITED = Path("data/splits"), Path("data/audited")
SUMMARY, ISSUES = Path("reports/audit/summary.json"), Path("reports/audit/label_issues.csv")
OTHER_IS_LIKELIER = "predicted_neq_given"  # noise rates are estimated for labels that classifiers alone judge
EXCERPT = 200  # characters of a text in the review queue


def main() -> None:
    """Reads the training documents of data/splits, writes data/audited."""
    parameters = load_section("audit", AuditParameters)
    training, card = read_documents(SPLITS / "train.parquet"), read_card(SPLITS)
    elsewhere = [SPLITS / f"{name}.parquet" for name in ("validation", "test", "rejected")]
    known = {*training["id"], *(name for path in elsewhere for name in ids_of(path))}
    task = task_of(card)
    one_label = task.answer == "label"
    review = read_review(Path(parameters.reviewed), known, card.label_names if one_label else [])

    judged = with_one_label(training, card.label_names) if one_label else training[:0]
    labels = [name for name in card.label_names if one_label and name in set(judged["label"])]
    quality, judges = NOT_JUDGED, "classifiers"
    if len(labels) > 1:
        given = np.asarray(judged["label"].map({name: index for index, name in enumerate(labels)}), dtype=np.int64)
        crowd = Crowd(read_consensus(), read_answers(COUNTED))
        by_text = probabilities(judged, given, parameters)
        by_both = beside_answers(parameters.answers, judged, labels, card.label_names, by_text, crowd)
        if by_both is None:
            quality = judge_labels(judged, labels, given, by_text, parameters.flag)
        else:
            quality = judge_labels(judged, labels, given, by_both, OTHER_IS_LIKELIER)
            judges = f"classifiers and people's answers ({parameters.answers})"
    decisions = decide(quality, review[review["id"].isin(training["id"])], parameters)
    audited, rejected = correct(training, decisions)
    queue = review_queue(quality, judged, EXCERPT if card.shows_texts else 0)

    with new_outputs(AUDITED, SUMMARY, ISSUES) as (data, summary_file, issues_file):
        write_documents(audited, data / "train.parquet")
        write_rejected(rejected, data / "rejected.parquet")
        write_parquet(pa.Table.from_pandas(quality, preserve_index=False), data / "quality.parquet")
        write_card(card, data)
        queue.to_csv(issues_file, index=False, lineterminator="\n")
        summary = summarise(quality, review, decisions, training, audited)
        if "label" not in training:
            summary["not_judged"] = f"documents of the task {task.name} have no single label to compare with others"
        if judges != "classifiers":
            summary["answers"] = parameters.answers
        write_json(summary_file, summary)
    closing_line(
        "audit",
        f"{judged_in_words(quality, task, judges)}; {len(rejected):,} rows dropped, "
        f"{summary['relabelled']:,} documents relabelled",
    )


def with_one_label(documents: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The originals whose one label is known."""
    return documents[documents["method"].eq(ORIGINAL) & documents["label"].isin(labels)]


def ids_of(path: Path) -> list[str]:
    """The ids in a file of the split stage; nothing else of it is read."""
    ids: list[str] = pq.read_table(path, columns=["id"])["id"].to_pylist()
    return ids
