"""Repairs the texts of a partition, row by row."""

import pandas as pd

from stages.clean.parameters import CleanParameters
from stages.common.text_rules.chain import apply_rules
from stages.common.text_rules.private_data import count_private

CHANGED_BY = "changed_by"
PRIVATE = "private"


def repair(documents: pd.DataFrame, parameters: CleanParameters) -> pd.DataFrame:
    """Applies the rules that change texts. Texts that are tokens with tags stay as they are, so that both still fit.

    Args:
        documents: Rows of a document table.
        parameters: Which rules run.

    Returns:
        The rows with repaired texts, and two columns: ``changed_by``, the names of the rules that changed each, and
        ``private``, how much private data of each kind it held before any was masked, missing if it held none.
    """
    plain = documents["tokens"].isna()
    repairs, rules = parameters.repairs(), parameters.text_rules()
    texts, changed = apply_rules(documents.loc[plain, "text"], repairs)
    private = pd.Series(None, index=documents.index, dtype=object)
    if parameters.private_data.enabled:
        counts = count_private(texts, parameters.private_data.phone_region)
        private.loc[counts.index] = counts
    if len(rules) > len(repairs):
        texts, further = apply_rules(texts, rules)
        changed = {name: rows | changed.get(name, False) for name, rows in further.items()}
    repaired = documents.copy()
    repaired.loc[plain, "text"] = texts
    changed_by: dict[object, list[str]] = {row: [] for row in documents.index}
    for rule, rows in changed.items():
        for row in rows.index[rows]:
            changed_by[row].append(rule)
    return repaired.assign(**{CHANGED_BY: pd.Series(changed_by, dtype=object), PRIVATE: private})
