"""The form in which a step says which rows it drops, and why."""

import pandas as pd


def rejections(rule: str, reasons: pd.Series) -> pd.DataFrame:
    """The rows that a rule drops.

    Args:
        rule: Its name.
        reasons: For each dropped row why, in words; if a row occurs twice, the first reason counts.

    Returns:
        ``rule`` and ``reason``, indexed like the rows.
    """
    reasons = reasons[~reasons.index.duplicated()].astype("str")
    return pd.DataFrame({"rule": pd.Series(rule, index=reasons.index, dtype="str"), "reason": reasons})
