"""What the stage says it did."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.common.documents.table import LABEL_TEXT, NO_VARIANTS, ORIGINAL, OVERSAMPLED, SPLITS
from stages.common.documents.targets import UNLABELLED, has_several_labels, label_sets, strata
from stages.common.tasks import Task
from stages.split.balance import Balanced, class_sizes


def count_classes(splits: Mapping[str, pd.DataFrame], labels: list[str]) -> pd.DataFrame:
    """Counts the documents and variants of each class in each split.

    Args:
        splits: The rows of train, validation and test.
        labels: The class names in the order of the card.

    Returns:
        Columns ``split``, ``label``, ``documents`` (originals) and ``variants``; a row for each split and class. A
        document with several labels counts for each of them, one with a number for the fifth of the numbers it lies in.
    """
    rows = pd.concat([documents.assign(split=split) for split, documents in splits.items()], ignore_index=True)
    classes = label_sets(rows).map(lambda found: found or [UNLABELLED]) if has_several_labels(rows) else strata(rows)
    rows = rows.assign(label=classes).explode("label")
    names = [*labels, *sorted(set(rows["label"]) - set(labels))]
    order = pd.MultiIndex.from_product([list(splits), names], names=["split", "label"])
    originals = rows["method"].eq(ORIGINAL)
    counts = {
        "documents": rows[originals].groupby(["split", "label"]).size(),
        "variants": rows[~rows["method"].isin(NO_VARIANTS)].groupby(["split", "label"]).size(),
    }
    return pd.DataFrame(counts).reindex(order).fillna(0).astype("int64").reset_index()


def summarise(
    splits: Mapping[str, pd.DataFrame], documents: pd.DataFrame, rejected: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Makes the summary of what is where.

    Args:
        splits: The rows of train, validation and test.
        documents: The rows that came in.
        rejected: The rows that are in no split.
        seed: The stage's seed.

    Returns:
        Rows in, and for each split its originals, its variants and its share of all originals in the splits;
        how many rows each rule rejected; how many texts of labels are trained on, if any. What each class has is in the
        table of counts.
    """
    methods = {split: rows["method"] for split, rows in splits.items()}
    totals = {split: int(method.eq(ORIGINAL).sum()) for split, method in methods.items()}
    variants = {split: int((~method.isin(NO_VARIANTS)).sum()) for split, method in methods.items()}
    originals = documents["method"].eq(ORIGINAL)
    of_labels = int(methods["train"].eq(LABEL_TEXT).sum())
    return {
        "seed": seed,
        "originals": int(originals.sum()),
        "variants": int((~originals).sum()),
        "splits": {
            split: {
                "originals": total,
                "variants": variants[split],
                "share": round(total / sum(totals.values()), 4),
            }
            for split, total in totals.items()
        },
        **({"label_texts": of_labels} if of_labels else {}),
        "rejected": {str(rule): int(count) for rule, count in rejected["rule"].value_counts().sort_index().items()},
    }


def add_balance(counts: pd.DataFrame, balanced: Balanced) -> pd.DataFrame:
    """Adds to the counts what balancing changed.

    Args:
        counts: What :func:`count_classes` counted.
        balanced: The training rows after balancing.

    Returns:
        The counts with the columns ``copies`` (of documents, which oversampling made) and ``before``, the rows of the
        class in the split before balancing.
    """
    copies = class_sizes(balanced.train[balanced.train["method"].eq(OVERSAMPLED)])
    train = counts["split"].eq("train")
    before = (counts["documents"] + counts["variants"]).mask(train, counts["label"].map(balanced.before).fillna(0))
    return counts.assign(
        copies=counts["label"].map(copies).where(train).fillna(0).astype("int64"), before=before.astype("int64")
    )


def summarise_balance(balanced: Balanced, method: str) -> dict[str, Any]:
    """Says what balancing did to each class, and which ones did not come to the size that they were to have."""
    after = class_sizes(balanced.train)
    return {
        "method": method,
        "copies": int(balanced.train["method"].eq(OVERSAMPLED).sum()),
        "classes": {
            label: {
                "before": balanced.before.get(label, 0),
                "wanted": balanced.wanted.get(label),
                "after": after.get(label, 0),
            }
            for label in sorted({*balanced.before, *balanced.wanted})
        },
        "not_as_wanted": balanced.not_as_wanted,
    }


def in_words(summary: Mapping[str, Any], rejected: int, balanced: Balanced) -> str:
    """The closing line.

    Args:
        summary: What :func:`summarise` made, with ``unlabelled`` where that is on.
        rejected: How many rows are in no split.
        balanced: The training rows after balancing.
    """
    train, validation, test = (summary["splits"][split] for split in SPLITS)
    pool = summary.get("unlabelled")
    said = f", {pool['originals']:,} unlabelled with {pool['variants']:,} variants" if pool else ""
    return (
        f"train {train['originals']:,} documents and {train['variants']:,} variants, validation "
        f"{validation['originals']:,}, test {test['originals']:,}{said}, {rejected:,} rejected" + shortfall(balanced)
    )


def too_few(train: pd.DataFrame, size: int | None, task: Task, labels: list[str]) -> str:
    """What the closing line says of classes with fewer training documents than asked for; nothing if all have them.

    Args:
        train: Training rows.
        size: Documents of each class, at most; None for no limit.
        task: Of the dataset; only where a document has one label is a class short of documents.
        labels: The class names in the order of the card.
    """
    if size is None or task.answer != "label":
        return ""
    counts = class_sizes(train[train["method"].eq(ORIGINAL)])
    few = [f"{label} {counts.get(label, 0):,}" for label in labels if counts.get(label, 0) < size]
    return f"; fewer than {size:,} documents: {', '.join(few)}" if few else ""


def shortfall(balanced: Balanced) -> str:
    """What the closing line says of classes that did not come to their size; nothing if all did."""
    after = class_sizes(balanced.train)
    said = [
        f"{label} has {after.get(label, 0):,} rows of {balanced.wanted[label]:,}" for label in balanced.not_as_wanted
    ]
    return f"; not balanced as wanted: {', '.join(said)}" if said else ""
