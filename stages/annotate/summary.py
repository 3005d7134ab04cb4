"""What the stage says it did."""

from typing import Any

import numpy as np
import pandas as pd

from stages.annotate.consensus import Reached
from stages.annotate.functions import describe_functions
from stages.annotate.parameters import AnnotateParameters
from stages.common.documents.answers import ADJUDICATOR


def summarise(
    reached: Reached,
    answers: pd.DataFrame,
    rejected: pd.DataFrame,
    documents: int,
    functions: list[str],
    parameters: AnnotateParameters,
) -> dict[str, Any]:
    """Makes the summary of what people answered and what became of it.

    Args:
        reached: The consensus.
        answers: All answers.
        rejected: The documents without a label.
        documents: How many documents came in.
        functions: The names of the labelling functions.
        parameters: The section ``annotate`` of params.yaml.

    Returns:
        Counts of answers, annotators and documents; how labels were reached; and in ``pairs`` how often one annotator
        gave the label of the row where another gave that of the column; of numbers the mean ``standard_error``.
    """
    table, people = reached.table, reached.people
    annotators = int(people["annotator"].nunique())
    unsure = int(table["confidence"].lt(parameters.confidence).sum())
    seen = table[table["seen"]].set_index("id")["gold"]
    summary = {
        "in_words": f"{len(answers):,} answers of {annotators:,} annotators became the labels of "
        f"{len(table):,} documents by {reached.why}; {unsure:,} unsure, {len(rejected):,} rejected",
        "answers": len(answers),
        "annotators": annotators,
        "documents": len(table),
        "unanimous": int(people.groupby("id")["answer"].nunique().eq(1).sum()),
        "method": reached.method,
        "why": reached.why,
        "converged": reached.combined.converged,
        "notes": list(reached.combined.notes),
        "gold_seen": int(table["seen"].sum()),
        "adjudicated": int(answers.loc[answers["annotator"].eq(ADJUDICATOR), "id"].nunique()),
        "unsure": unsure,
        "left_out": int(table["left_out"].sum()),
        "labels": reached.combiner.counts(table["label"]),
        "rejected": {str(rule): int(count) for rule, count in rejected["rule"].value_counts().items()},
        "pairs": reached.combiner.pairs,
    }
    if reached.combined.standard_error is not None:
        errors = reached.combined.standard_error
        summary["standard_error"] = None if np.isnan(errors).any() else round(float(errors.mean()), 6)
    if functions:
        summary["functions"] = describe_functions(reached.latest, documents, seen, functions)
    return summary
