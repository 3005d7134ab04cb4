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
    first: dict[str, str] = {}  # the id of the first with a text
    for known, origin in ((documents, "id"), (earlier, "origin")):
        if known is not None:
            for name, _, text in _with_keys(known, origin):
                first.setdefault(text, name)
    empty = variants["text"].isna()
    faults: dict[str, tuple[str | None, str | None]] = dict.fromkeys(variants.loc[empty, "id"], (NOTHING, None))
    for name, document, text in _with_keys(variants.loc[~empty, ["id", "origin", "text"]], "origin"):
        same = first.setdefault(text, name)
        if same == document:
            faults[name] = EQUALS_ORIGIN, "but for case and spaces, the text is that of its origin"
        elif same != name:
            faults[name] = EQUALS_VARIANT, f"but for case and spaces, the text is that of {same}"
    said = [faults.get(name, (None, None)) for name in variants["id"].to_list()]
    return variants.assign(
        rule=pd.Series([rule for rule, _ in said], index=variants.index, dtype="str"),
        reason=pd.Series([reason for _, reason in said], index=variants.index, dtype="str"),
    )


def _with_keys(rows: pd.DataFrame, origin: str) -> Iterator[tuple[str, str, str]]:
    """For each row its id, its origin's, and a string that is the same for the same text of the same origin."""
    origins = rows[origin].to_list()
    keys = duplicate_key(rows["text"]).to_list()  # they hold no line break
    texts = [f"{key}\n{document}" for key, document in zip(keys, origins, strict=True)]
    return zip(rows["id"].to_list(), origins, texts, strict=True)
