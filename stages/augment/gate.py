"""Says which variants are not kept, and why."""

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
    variants = variants.assign(rule=pd.Series(dtype="str"), reason=pd.Series(dtype="str"))
    empty = variants["text"].isna()
    variants.loc[empty, "rule"] = NOTHING
    made = variants.loc[~empty, ["id", "origin", "text"]]
    before = made[:0] if earlier is None else earlier.loc[earlier["origin"].isin(made["origin"]), made.columns]
    keys = made.assign(key=duplicate_key(made["text"]))
    origins = dict(zip(documents["id"], duplicate_key(documents["text"]), strict=True))
    unchanged = keys["key"] == keys["origin"].map(origins)
    variants.loc[keys.index[unchanged], "rule"] = EQUALS_ORIGIN
    variants.loc[keys.index[unchanged], "reason"] = "but for case and spaces, the text is that of its origin"
    known = pd.concat(
        [before.assign(key=duplicate_key(before["text"])).set_index("id"), keys[~unchanged].set_index("id")]
    )
    first = known.assign(first=known.index).groupby(["origin", "key"], sort=False)["first"].transform("first")
    repeats = first[first.index != first]
    rows = variants.index[variants["id"].isin(repeats.index)]
    variants.loc[rows, "rule"] = EQUALS_VARIANT
    said = "but for case and spaces, the text is that of " + repeats
    variants.loc[rows, "reason"] = variants.loc[rows, "id"].map(said)
    return variants
