"""Rules that look at one document and say why it should be dropped."""

import pandas as pd

from stages.clean.parameters import CleanParameters

REPLACEMENT_CHARACTER = "\ufffd"


def find_unusable(documents: pd.DataFrame, parameters: CleanParameters) -> pd.DataFrame:
    """Finds documents that a filter would drop; the first rule that applies counts.

    Args:
        documents: Rows of a document table with repaired texts.
        parameters: Which rules run, and their limits.

    Returns:
        One row a fault: id, rule, reason.
    """
    texts = documents["text"]
    words = texts.map(lambda text: len(text.split()))
    is_plain = documents["tokens"].isna()  # a sentence of one token is no mistake
    faults = pd.DataFrame({"id": documents["id"], "rule": None, "reason": None}, dtype=object)

    def mark(rule: str, on: bool, where: pd.Series, reason: pd.Series | str) -> None:
        where = where & faults["rule"].isna() & on
        faults.loc[where, "rule"] = rule
        faults.loc[where, "reason"] = reason if isinstance(reason, str) else reason[where]

    undecoded = texts.str.count(REPLACEMENT_CHARACTER)
    mark(
        "undecodable", parameters.undecodable, undecoded > 0, undecoded.astype(str) + " characters could not be decoded"
    )
    mark("empty", parameters.empty, ~texts.str.contains(r"\w", regex=True), "has no letter and no digit")
    short, long = parameters.too_short, parameters.too_long
    counted = words.astype(str) + " words, "
    mark("too_short", short.enabled, is_plain & (words < short.words), counted + f"fewer than {short.words}")
    mark("too_long", long.enabled, is_plain & (words > long.words), counted + f"more than {long.words}")
    return faults[faults["rule"].notna()]
