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
        gave the label of the row where another gave that of the column.
    """
    table, votes = reached.table, reached.coded.votes
    unsure = int(table["confidence"].lt(parameters.confidence).sum())
    seen = table[table["seen"]].set_index("id")["gold"]
    summary = {
        "in_words": f"{len(answers):,} answers of {reached.coded.annotator_count:,} annotators became the labels of "
        f"{len(table):,} documents by {reached.why}; {unsure:,} unsure, {len(rejected):,} rejected",
        "answers": len(answers),
        "annotators": reached.coded.annotator_count,
        "documents": len(table),
        "unanimous": int(reached.coded.unanimous.sum()),
        "method": reached.method,
        "why": reached.why,
        "converged": reached.aggregate.converged,
        "notes": list(reached.aggregate.notes),
        "gold_seen": int(table["seen"].sum()),
        "adjudicated": int(answers.loc[answers["annotator"].eq(ADJUDICATOR), "id"].nunique()),
        "unsure": unsure,
        "left_out": int(table["left_out"].sum()),
        "labels": {str(label): int(count) for label, count in table["label"].value_counts().sort_index().items()},
        "rejected": {str(rule): int(count) for rule, count in rejected["rule"].value_counts().items()},
        "pairs": (votes.T @ votes - np.diag(votes.sum(axis=0))).tolist(),
    }
    if functions:
        summary["functions"] = describe_functions(reached.latest, documents, seen, functions)
    return summary
