"""Test documents with the gender exchanged of whoever they are about."""

import pandas as pd

from stages.common.core.messages import UserError
from stages.common.documents.targets import text_columns
from stages.probe.entry import INVARIANCE, Swap
from stages.probe.gender import FEMALE, MALE, swap_gender
from stages.probe.whole_words import exchange, whole_words


def swap_documents(swap: Swap, test: pd.DataFrame, most: int) -> pd.DataFrame:
    """Swaps the gendered words of test documents.

    Args:
        swap: What the entry says.
        test: Test documents with free words, in the order in which they are chosen.
        most: Documents, at most.

    Returns:
        Cases of invariance, as :func:`stages.probe.cases.read_cases` gives them: a swapped text held against its own.

    Raises:
        UserError: If no document has a gendered word.
    """
    columns = text_columns(test)
    rows = []
    for document in test.to_dict("records"):
        made = {name: _swapped(swap, document[name]) for name in columns}
        if any(made[name][0] != document[name] for name in columns):
            genders = frozenset[str]().union(*(genders for _, genders in made.values()))
            group = swap.groups[{frozenset({MALE}): 0, frozenset({FEMALE}): 1}.get(genders, 2)]
            row = {
                "case": document["id"],
                "test": INVARIANCE,
                "functionality": "gender in test documents",
                "group": group,
            }
            row |= {name: text for name, (text, _) in made.items()}
            row |= {name.replace("text", "reference"): document[name] for name in columns}
            rows.append(row)
        if len(rows) == most:
            break
    if not rows:
        raise UserError("no test document has a word that it could swap.", "It needs texts about people.")
    return pd.DataFrame(rows, dtype=object).assign(expected=None, direction=None)


def _swapped(swap: Swap, text: str) -> tuple[str, frozenset[str]]:
    """A text with its genders exchanged, and those that it had."""
    if swap.method == "english":
        return swap_gender(text)
    held = {MALE: whole_words(swap.pairs), FEMALE: whole_words(swap.pairs.values())}
    return exchange(text, swap.pairs), frozenset(gender for gender, pattern in held.items() if pattern.search(text))
