"""The truth that a model is tested by, where people's answers made the labels."""

import pandas as pd


def with_gold(test: pd.DataFrame, consensus: pd.DataFrame) -> pd.DataFrame:
    """The test split with the publisher's label in the place of what people's answers came to, where there is one.

    Args:
        test: The documents of the test split.
        consensus: What people's answers came to (:mod:`stages.common.documents.consensus`).
    """
    gold = consensus.dropna(subset="gold").set_index("id")["gold"]
    return test.assign(label=test["id"].map(gold).fillna(test["label"])) if len(gold) else test
