"""What labels are called and mean, as training documents: they say much where there are few others."""

from collections.abc import Mapping

import pandas as pd

from stages.common.core.messages import UserError
from stages.common.documents.card import Card
from stages.common.documents.table import LABEL_TEXT, SPLITS
from stages.common.tasks import Task, task_of
from stages.common.text_rules.normalisation import document_key
from stages.split.training import copies


def label_texts(
    card: Card, kind: str, documents: pd.DataFrame, splits: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A document for each label, which has this label.

    Args:
        card: Of the dataset.
        kind: ``none``, ``names`` or ``definitions``: the text is the label's name, or that with its definition.
        documents: A document table, whose columns they get.
        splits: Validation and test.

    Returns:
        Those to train on, and those with the text of a held-out document, with ``rule`` and ``reason``.

    Raises:
        UserError: If documents have not one text and one label each, or two labels have one name.
    """
    if kind == "none":
        return documents.iloc[:0], documents.iloc[:0]
    _check(task_of(card))
    rows = pd.DataFrame(
        {
            "id": f"{LABEL_TEXT}/{label.name}",
            "text": label.name if kind == "names" else f"{label.name}: {label.definition}",
            "label": label.name,
            "group": f"{LABEL_TEXT}/{label.name}",
            "derived_from": [f"{LABEL_TEXT}/{label.name}"],
            "method": LABEL_TEXT,
        }
        for label in card.labels
    )
    keys = document_key(rows)
    if keys.duplicated().any():
        twice = rows.loc[keys.eq(keys[keys.duplicated()].iloc[0]), "label"].tolist()
        raise UserError(
            f"params.yaml: split.label_texts: the labels {' and '.join(map(repr, twice))} read alike.",
            "Set it to definitions, or to none.",
        )
    rows = rows.reindex(columns=documents.columns).astype({"published_split": documents["published_split"].dtype})
    found = copies(rows, pd.concat([splits[split].assign(split=split) for split in SPLITS[1:]]))
    return rows.drop(found.index), rows.loc[found.index].assign(rule=found["rule"], reason=found["reason"])


def _check(task: Task) -> None:
    if task.target != "label" or task.inputs != ("text",):
        raise UserError(
            f"params.yaml: split.label_texts goes with one text and one label a document; the task is {task.name}.",
            "Set it to none.",
        )
