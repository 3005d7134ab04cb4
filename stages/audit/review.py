"""Reads what a person decided about labels."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from stages.common.core.messages import UserError, suggestion

VERDICTS = ("keep", "drop", "relabel")
COLUMNS = ("id", "verdict", "new_label")


def read_review(path: Path, known: Collection[str], labels: Sequence[str]) -> pd.DataFrame:
    """Reads a reviewed list of documents.

    Args:
        path: A CSV file with the columns id, verdict and new_label; others are not read.
        known: The ids of all documents of the corpus.
        labels: The names of the labels; none where a document has no single one.

    Returns:
        One row a decided document: id, verdict, new_label; rows without a verdict are left out.

    Raises:
        UserError: If there is no such file, or something in it is wrong.
    """
    try:
        review = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Change audit.reviewed in params.yaml.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a CSV file ({error}).", "Save it as CSV in UTF-8, with a header.") from None
    missing = [name for name in COLUMNS if name not in review]
    if missing:
        raise UserError(f"{path}: the column {missing[0]!r} is missing.", f"It needs {', '.join(COLUMNS)}.")
    review = pd.DataFrame({name: review[name].str.strip() for name in COLUMNS})
    review = review[review["verdict"].ne("")]
    for place, row in zip(review.index + 2, review.to_dict("records"), strict=True):
        where = f"{path}, line {place}"
        if row["verdict"] not in VERDICTS:
            raise UserError(f"{where}: unknown verdict {row['verdict']!r}.", suggestion(row["verdict"], VERDICTS))
        if row["id"] not in known:
            raise UserError(f"{where}: no document has the id {row['id']!r}.", "Take the ids from label_issues.csv.")
        if row["verdict"] == "relabel" and not labels:
            raise UserError(f"{where}: these documents have no single label to replace.", "Keep or drop the document.")
        if row["verdict"] == "relabel" and row["new_label"] not in labels:
            raise UserError(f"{where}: there is no label {row['new_label']!r}.", suggestion(row["new_label"], labels))
    repeated = review["id"][review["id"].duplicated()]
    if len(repeated):
        raise UserError(f"{path}: the id {repeated.iloc[0]!r} has two verdicts.", "Keep one of them.")
    return review
