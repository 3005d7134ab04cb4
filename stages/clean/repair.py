"""Repairs the texts of a partition, row by row."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.clean.parameters import CleanParameters
from stages.common.documents.targets import has_free_words, text_columns
from stages.common.text_rules.chain import apply_rules
from stages.common.text_rules.private_data import count_private
from stages.common.text_rules.settings import NAMES

CHANGED_BY = "changed_by"
CHANGED_TEXT = "changed_text"
PRIVATE = "private"
NAMES_RULE = "names"  # a part of private_data that runs apart from the rules


class Repaired(NamedTuple):
    """What the rules made of a column of texts.

    Attributes:
        texts: One text a row.
        changed: For each rule which rows it changed.
        private: For each row that holds private data, how much of each kind.
    """

    texts: pd.Series
    changed: dict[str, pd.Series]
    private: dict[object, dict[str, int]]


def repair(documents: pd.DataFrame, parameters: CleanParameters, names_model: Path = NAMES) -> pd.DataFrame:
    """Applies the rules that change texts. Texts that are tokens with tags stay as they are, so that both still fit.

    Args:
        documents: Rows of a document table.
        parameters: Which rules run.
        names_model: The folder of the model that finds names of people, should they be looked for.

    Returns:
        The rows with repaired texts, and three columns: ``changed_by``, the names of the rules that changed each,
        ``changed_text``, for each of these rules the text that it changed (of a pair, the first such), as it came in,
        and ``private``, how much private data of each kind it held before any was masked, missing if it held none.
    """
    free = has_free_words(documents)
    repaired = documents.copy()
    changed_in: dict[object, dict[str, str]] = {row: {} for row in documents.index}
    private: dict[object, dict[str, int]] = {}
    for column in text_columns(documents):
        before: pd.Series[str] = documents.loc[free, column]
        texts, changed, found = repair_texts(before, parameters, names_model)
        repaired.loc[free, column] = texts
        for rule, rows in changed.items():
            for row in rows.index[rows]:
                changed_in[row].setdefault(rule, before[row])
        for row, kinds in found.items():
            known = private.setdefault(row, {})
            known.update({kind: known.get(kind, 0) + count for kind, count in kinds.items()})
    return repaired.assign(
        **{
            CHANGED_BY: pd.Series({row: list(said) for row, said in changed_in.items()}, dtype=object),
            CHANGED_TEXT: pd.Series({row: list(said.values()) for row, said in changed_in.items()}, dtype=object),
            PRIVATE: pd.Series(private, index=documents.index, dtype=object),
        }
    )


def repair_texts(texts: pd.Series, parameters: CleanParameters, names_model: Path) -> Repaired:
    """Applies the rules to a column of texts; the arguments are those of :func:`repair`."""
    repairs, rules = parameters.repairs(), parameters.text_rules()
    texts, changed = apply_rules(texts, repairs)
    private: dict[object, dict[str, int]] = {}
    if parameters.private_data.enabled:
        private = count_private(texts, parameters.private_data.phone_region).to_dict()
        masked, names = parameters.mask_names(texts, names_model)
        private |= {row: {**private.get(row, {}), "name": count} for row, count in names.items()}
        if parameters.private_data.action == "mask":
            texts, changed[NAMES_RULE] = masked, pd.Series(texts.index.isin(names.index), index=texts.index)
    if len(rules) > len(repairs):
        texts, further = apply_rules(texts, rules)
        changed |= {name: rows | changed.get(name, False) for name, rows in further.items()}
    return Repaired(texts, changed, private)
