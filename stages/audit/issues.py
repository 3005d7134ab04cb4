"""Confident learning (Northcutt, Jiang & Chuang 2021), by cleanlab: which labels look wrong, and how good each is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from stages.audit.probabilities import Floats, Integers
from stages.common.documents.targets import joined_texts, text_columns

TYPES = {"id": "str", "label": "str", "suggested": "str", "probability": "float", "quality": "float", "flagged": "bool"}
NOT_JUDGED = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TYPES.items()})


def judge_labels(
    documents: pd.DataFrame, labels: Sequence[str], given: Integers, probabilities: Floats, flag: str
) -> pd.DataFrame:
    """Scores each label and flags those that look wrong.

    Args:
        documents: The judged rows of a document table.
        labels: The labels' names in the order of the indices.
        given: The index of each document's label, [documents].
        probabilities: Out-of-fold probabilities, [documents, labels].
        flag: How cleanlab chooses those to flag.

    Returns:
        One row a document: id, label, the likeliest label (``suggested``) with its probability, the quality of the
        label from 0 to 1 (its own probability), and whether it is flagged; sorted by id.
    """
    likeliest = probabilities.argmax(axis=1)
    names = np.array(labels, dtype=object)
    quality = get_label_quality_scores(given, probabilities, method="self_confidence")
    flagged = find_label_issues(given, probabilities, filter_by=flag, n_jobs=1)
    table = pd.DataFrame(
        {
            "id": documents["id"].to_numpy(),
            "label": names[given],
            "suggested": names[likeliest],
            "probability": probabilities.max(axis=1),
            "quality": quality,
            "flagged": flagged & (likeliest != given),
        }
    )
    table = table.astype(TYPES).sort_values("id", ignore_index=True)
    return table.round(6)  # the digits after these differ between machines


def review_queue(quality: pd.DataFrame, documents: pd.DataFrame, characters: int) -> pd.DataFrame:
    """The flagged documents, worst first, with empty columns for a reviewer's verdict.

    Args:
        quality: What :func:`judge_labels` makes.
        documents: Rows of a document table.
        characters: How much of a document is shown; of a pair, half of it of each text. With 0, ``excerpt`` is empty.

    Returns:
        Columns id, verdict, new_label, label, suggested, probability, quality, excerpt.
    """
    queue = quality[quality["flagged"]].sort_values(["quality", "id"], ignore_index=True).round(4)
    columns = text_columns(documents)
    beginnings = documents[columns].apply(lambda texts: texts.astype("str").str.slice(0, characters // len(columns)))
    texts = pd.Series(joined_texts(beginnings, " / ").to_numpy(), index=documents["id"].to_numpy())
    if not characters:
        texts = texts.map(lambda _: "")
    excerpt = queue["id"].map(texts).astype("str").str.replace(r"\s+", " ", regex=True)
    shown = ["id", "verdict", "new_label", "label", "suggested", "probability", "quality", "excerpt"]
    return queue.assign(verdict="", new_label="", excerpt=excerpt)[shown]
