"""Applies the rules that change texts, one after the other, until none changes anything more."""

from collections.abc import Callable, Mapping

import pandas as pd

Rule = Callable[[pd.Series], pd.Series]


def apply_rules(texts: pd.Series, rules: Mapping[str, Rule]) -> tuple[pd.Series, dict[str, pd.Series]]:
    """Applies rules until they change nothing: one rule may lay open work for another, as in ``<<b>b>``.

    Args:
        texts: One text a row; each row has an index of its own.
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
            if after is not waiting:
                touched = after.ne(waiting)
                changed[name].loc[touched.index[touched]] = True
                waiting = after
        waiting = waiting[waiting.ne(before)]
        if len(waiting):
            texts = texts.copy()
            texts.loc[waiting.index] = waiting
    return texts, changed


def trace_rule(text: str, rules: Mapping[str, Rule], name: str) -> tuple[str, str]:
    """A text before and after the first time that a certain rule changes it.

    Args:
        text: A text that the rule changes, at first or after others did.
        rules: What is applied in this order, by name.
        name: The rule.

    Returns:
        The text that the rule got and what it made of it.

    Raises:
        ValueError: If the rule never changes this text.
    """
    column = pd.Series([text], dtype="str")
    while True:
        start = column[0]
        for step, rule in rules.items():
            before, column = column[0], rule(column)
            if step == name and column[0] != before:
                return before, column[0]
        if column[0] == start:
            raise ValueError(f"the rule {name!r} does not change this text")
