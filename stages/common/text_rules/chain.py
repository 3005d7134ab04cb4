"""Applies the rules that change texts, one after the other, until none changes anything more."""

from collections.abc import Callable, Mapping

import pandas as pd

Rule = Callable[[pd.Series], pd.Series]


def apply_rules(texts: pd.Series, rules: Mapping[str, Rule]) -> tuple[pd.Series, dict[str, pd.Series]]:
    """Applies rules until they change nothing: one rule may lay open work for another, as in ``<<b>b>``.

    Args:
        texts: One text a row.
        rules: What is applied in this order, by name.

    Returns:
        The texts in the same order, and for each rule which rows it changed.
    """
    changed = {name: pd.Series(False, index=texts.index) for name in rules}
    waiting = texts
    while len(waiting):
        before = waiting
        for name, rule in rules.items():
            after = rule(waiting)
            touched = after.ne(waiting)
            changed[name].loc[touched.index[touched]] = True
            waiting = after
        waiting = waiting[waiting.ne(before)]
        texts = texts.where(~texts.index.isin(waiting.index), waiting.reindex(texts.index))
    return texts, changed
