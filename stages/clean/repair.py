"""Repairs the texts of a partition, row by row."""

from pathlib import Path

import pandas as pd

from stages.clean.parameters import CleanParameters
from stages.common.text_rules.chain import apply_rules
from stages.common.text_rules.private_data import count_private
from stages.common.text_rules.settings import NAMES

CHANGED_BY = "changed_by"
PRIVATE = "private"
NAMES_RULE = "names"  # a part of private_data that runs apart from the rules


def repair(documents: pd.DataFrame, parameters: CleanParameters, names_model: Path = NAMES) -> pd.DataFrame:
    """Applies the rules that change texts. Texts that are tokens with tags stay as they are, so that both still fit.

    Args:
        documents: Rows of a document table.
        parameters: Which rules run.
        names_model: The folder of the model that finds names of people, should they be looked for.

    Returns:
        The rows with repaired texts, and two columns: ``changed_by``, the names of the rules that changed each, and
        ``private``, how much private data of each kind it held before any was masked, missing if it held none.
    """
    plain = documents["tokens"].isna()
    repairs, rules = parameters.repairs(), parameters.text_rules()
    texts, changed = apply_rules(documents.loc[plain, "text"], repairs)
    private = pd.Series(None, index=documents.index, dtype=object)
    if parameters.private_data.enabled:
        found = count_private(texts, parameters.private_data.phone_region).to_dict()
        masked, names = parameters.mask_names(texts, names_model)
        found |= {row: {**found.get(row, {}), "name": count} for row, count in names.items()}
        counts = pd.Series(found, dtype=object)
        private.loc[counts.index] = counts
        if parameters.private_data.action == "mask":
            texts, changed[NAMES_RULE] = masked, pd.Series(texts.index.isin(names.index), index=texts.index)
    if len(rules) > len(repairs):
        texts, further = apply_rules(texts, rules)
        changed |= {name: rows | changed.get(name, False) for name, rows in further.items()}
    repaired = documents.copy()
    repaired.loc[plain, "text"] = texts
    changed_by: dict[object, list[str]] = {row: [] for row in documents.index}
    for rule, rows in changed.items():
        for row in rows.index[rows]:
            changed_by[row].append(rule)
    return repaired.assign(**{CHANGED_BY: pd.Series(changed_by, dtype=object), PRIVATE: private})
