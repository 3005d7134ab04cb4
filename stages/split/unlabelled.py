"""Texts to be trained on without a label: nothing that is held out, nearly is, or is made of it, is among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.common.core.messages import UserError
from stages.common.documents.table import NO_LABEL, ORIGINAL, SPLITS
from stages.split.placing import AUGMENTED
from stages.split.rejections import rejections
from stages.split.training import beside_held_out, copies, inadmissible

LEFT_OUT = "train_per_class"  # the rule of the training documents that are unlabelled here
OFF = "or set split.unlabelled to false."


@dataclass(frozen=True)
class Pool:
    """What becomes of the documents without a label.

    Attributes:
        documents: Originals and variants that may be trained on.
        rejected: Those that may not, with ``rule`` and ``reason``.
        unused: All that have no label, with ``rule`` and ``reason``, where split.unlabelled is off; else nothing.
    """

    documents: pd.DataFrame
    rejected: pd.DataFrame
    unused: pd.DataFrame

    @property
    def summary(self) -> dict[str, Any]:
        """How many originals and variants there are, and how many rows each rule rejected."""
        original = self.documents["method"].eq(ORIGINAL)
        rules = self.rejected["rule"].value_counts().sort_index()
        return {
            "originals": int(original.sum()),
            "variants": int((~original).sum()),
            "rejected": {str(rule): int(count) for rule, count in rules.items()},
        }


def collect(unlabelled: pd.DataFrame, splits: Mapping[str, pd.DataFrame], rejected: pd.DataFrame, on: bool) -> Pool:
    """Collects the documents that may be trained on without a label.

    Args:
        unlabelled: The documents without a label, and their variants.
        splits: The rows of train, validation and test.
        rejected: The labelled rows that are in none, with ``rule`` and ``reason``: those that train_per_class left out,
            and their variants, are taken as if they had no label.
        on: Whether any are wanted.

    Raises:
        UserError: If they are wanted, and there are none or all of them are held-out documents, or nearly so.
    """
    nothing = rejections("", pd.Series(index=unlabelled.index[:0], dtype="str"))
    if not on:
        off = pd.Series("it has no label, and split.unlabelled is off", index=unlabelled.index)
        because = _because(unlabelled, rejections(NO_LABEL, off))
        return Pool(unlabelled[:0], _because(unlabelled, nothing), because)
    held_out = pd.concat([splits[split].assign(split=split) for split in SPLITS[1:]])
    found = pd.concat([unlabelled, _left_out(rejected)], ignore_index=True)
    originals, variants = found[found["method"].eq(ORIGINAL)], found[found["method"].ne(ORIGINAL)]
    total = len(originals)
    if not total:
        raise UserError(
            f"{AUGMENTED}: split.unlabelled is on, but cleaning left no document without a label, and "
            "split.train_per_class leaves none out.",
            f"See data/clean/rejected.parquet; give the dataset's entry a part with `split: unlabelled`, {OFF}",
        )
    reasons = [copies(originals, held_out)]
    originals = originals.drop(reasons[0].index)
    reasons.append(beside_held_out(originals, held_out))
    originals = originals.drop(reasons[1].index)
    if originals.empty:
        first = _because(found, pd.concat(reasons)).sort_values("id").iloc[0]
        raise UserError(
            f"{AUGMENTED}: all {total:,} documents without a label are validation or test documents, or nearly so, "
            f"such as {first['id']!r}: {first['reason']}.",
            f"Name another file under the parts with `split: unlabelled`, {OFF}",
        )
    reasons.append(inadmissible(variants, pd.concat([originals, splits["train"]]), held_out))
    variants = variants.drop(reasons[2].index)
    reasons.append(copies(variants, held_out))
    variants = variants.drop(reasons[3].index)
    documents, because = pd.concat([originals, variants]), _because(found, pd.concat(reasons))
    return Pool(documents, because, _because(unlabelled, nothing))


def _left_out(rejected: pd.DataFrame) -> pd.DataFrame:
    """The training documents that train_per_class left out, and the variants that were made of them."""
    documents = rejected[rejected["rule"].eq(LEFT_OUT)]
    made = rejected["method"].ne(ORIGINAL) & rejected["derived_from"].str[0].isin(documents["id"])
    return pd.concat([documents, rejected[made]]).drop(columns=["rule", "reason"])


def _because(rows: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    """The rows that have a reason, with it and its rule."""
    return rows.loc[reasons.index].assign(rule=reasons["rule"], reason=reasons["reason"])
