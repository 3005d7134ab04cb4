"""Repairs the texts of a partition, row by row."""

import pandas as pd

from stages.clean.parameters import CleanParameters
from stages.common.text_rules.chain import apply_rules

CHANGED_BY = "changed_by"


def repair(documents: pd.DataFrame, parameters: CleanParameters) -> pd.DataFrame:
    """Applies the rules that change texts. Texts that are tokens with tags stay as they are, so that both still fit.

    Args:
        documents: Rows of a document table.
        parameters: Which rules run.

    Returns:
        The rows with repaired texts, and a column ``changed_by``: the names of the rules that changed each.
    """
    plain = documents["tokens"].isna()
    texts, changed = apply_rules(documents.loc[plain, "text"], parameters.text_rules())
    repaired = documents.copy()
    repaired.loc[plain, "text"] = texts
    changed_by: dict[object, list[str]] = {row: [] for row in documents.index}
    for rule, rows in changed.items():
        for row in rows.index[rows]:
            changed_by[row].append(rule)
    repaired[CHANGED_BY] = pd.Series(changed_by, dtype=object)
    return repaired
