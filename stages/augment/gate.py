"""Says which variants are not kept, and why."""

from collections.abc import Iterator

import pandas as pd

from stages.common.text_rules.normalisation import duplicate_key

NOTHING, EQUALS_ORIGIN, EQUALS_VARIANT = "nothing_to_change", "equals_origin", "equals_variant"


def judge(variants: pd.DataFrame, documents: pd.DataFrame, earlier: pd.DataFrame | None = None) -> pd.DataFrame:
    """Says which variants are not kept: nothing was changed, or the text is there already.

    Args:
        variants: Variants with id, origin and text, in the order in which they were made; the first of equal ones is
            kept.
        documents: Their origins.
        earlier: Variants of the same documents that were made and kept before.

    Returns:
        The variants with ``rule`` and ``reason``, which are missing for those that are kept.
    """
    first: dict[tuple[str, str], str] = {}
    for name, place in _places(documents, "id"):
        first[place] = name
    if earlier is not None:
        for name, place in _places(earlier, "origin"):
            first.setdefault(place, name)
    empty = variants["text"].isna()
    faults: dict[str, tuple[str | None, str | None]] = dict.fromkeys(variants.loc[empty, "id"], (NOTHING, None))
    for name, place in _places(variants.loc[~empty, ["id", "origin", "text"]], "origin"):
        same = first.setdefault(place, name)
        if same == place[0]:
            faults[name] = EQUALS_ORIGIN, "but for case and spaces, the text is that of its origin"
        elif same != name:
            faults[name] = EQUALS_VARIANT, f"but for case and spaces, the text is that of {same}"
    said = [faults.get(name, (None, None)) for name in variants["id"].to_list()]
    rules, reasons = ([each[part] for each in said] for part in (0, 1))
    return variants.assign(
        rule=pd.Series(rules, index=variants.index, dtype="str"),
        reason=pd.Series(reasons, index=variants.index, dtype="str"),
    )


def _places(rows: pd.DataFrame, origin: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """The id of each row, and what two rows share that have the same text and the same origin."""
    keys = duplicate_key(rows["text"]).to_list()
    return zip(rows["id"].to_list(), zip(rows[origin].to_list(), keys, strict=True), strict=True)
