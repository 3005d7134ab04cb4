"""Evens out how many rows of each class are trained on; validation and test are not looked at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from stages.common.core.messages import UserError, suggestion
from stages.common.documents.table import ORIGINAL, OVERSAMPLED
from stages.common.documents.targets import has_several_labels, strata
from stages.split.parameters import BalanceParameters
from stages.split.rejections import rejections
from stages.split.training import place_in_class

Sizes = dict[str, int]


@dataclass(frozen=True)
class Balanced:
    """The training rows after balancing.

    Attributes:
        train: What is trained on: documents, variants and, after oversampling, copies of documents.
        rejected: What is in no split, with ``rule`` and ``reason``.
        before: Training rows of each class before.
        wanted: Rows that each class was to have.
    """

    train: pd.DataFrame
    rejected: pd.DataFrame
    before: Sizes
    wanted: Sizes

    @property
    def not_as_wanted(self) -> list[str]:
        """The classes that do not have the rows that they were to have."""
        after = class_sizes(self.train)
        return [label for label, size in self.wanted.items() if after.get(label, 0) != size]


def class_sizes(rows: pd.DataFrame) -> Sizes:
    """Counts the rows of each class."""
    return {str(label): int(size) for label, size in strata(rows).value_counts().sort_index().items()}


def balance(train: pd.DataFrame, rejected: pd.DataFrame, parameters: BalanceParameters, seed: int) -> Balanced:
    """Brings the classes of the training rows to one size, or to the sizes asked for, as near as there are rows for it.

    A higher size keeps what a lower one takes.

    Args:
        train: Training documents and the variants that were admitted.
        rejected: What is in no split, with ``rule`` and ``reason``.
        parameters: How, and to which sizes: without any, all classes come to that of the largest one, or of the
            smallest one if rows are left out.
        seed: Decides with the rows' ids which rows are taken.

    Returns:
        The training rows and the rejected ones after it.
    """
    before = class_sizes(train)
    if parameters.method == "none":
        return Balanced(train, rejected, before, before)
    if parameters.counts is None:
        size = min(before.values()) if parameters.method == "undersample" else max(before.values())
        wanted = dict.fromkeys(before, size)
    else:
        wanted = dict(parameters.counts)
    train, rejected = METHODS[parameters.method](train, rejected, wanted, seed)
    return Balanced(train, rejected, before, wanted)


def check_classes(parameters: BalanceParameters, documents: pd.DataFrame, labels: list[str]) -> None:
    """Refuses to balance what has no classes of which each document is in one, and sizes of unknown classes.

    Args:
        parameters: The method, and the sizes asked for.
        documents: The documents.
        labels: The dataset's classes.

    Raises:
        UserError: If it cannot be done.
    """
    if parameters.method != "none" and "label" not in documents:
        raise UserError(
            f"params.yaml: split.balance.method: {parameters.method} needs documents of one class each; these have "
            + ("several labels." if has_several_labels(documents) else "numbers."),
            "Set it to none.",
        )
    for label in parameters.counts or ():
        if label not in labels:
            raise UserError(
                f"params.yaml: split.balance.counts: the dataset has no class {label!r}.", suggestion(label, labels)
            )


def _undersample(
    train: pd.DataFrame, rejected: pd.DataFrame, wanted: Mapping[str, int], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leaves out what a class has too much: variants before documents, both last in the order that admitted them."""
    original = train["method"].eq(ORIGINAL)
    documents, variants = train[original], train[~original]
    behind = strata(variants).map(class_sizes(documents)).fillna(0).astype("int64")
    place = pd.concat(
        [place_in_class(documents, seed, "train_per_class"), place_in_class(variants, seed, "augmented") + behind]
    ).reindex(train.index)
    limit = strata(train).map(wanted)
    beyond = train.index[limit.notna() & place.ge(limit)]
    reasons = "its class has " + limit[beyond].astype("int64").astype("str") + " rows without it"
    unused = variants["derived_from"].explode()
    unused = unused[unused.isin(train.loc[beyond, "id"])].astype("str").sort_values()
    dropped = pd.concat(
        [
            rejections("undersample", reasons),
            rejections("origin_not_used", "derived from " + unused + ", which is not trained on"),
        ]
    )
    dropped = dropped[~dropped.index.duplicated()]
    gone = train.loc[dropped.index].assign(rule=dropped["rule"], reason=dropped["reason"])
    return train.drop(dropped.index), pd.concat([rejected, gone], ignore_index=True)


def _oversample(
    train: pd.DataFrame, rejected: pd.DataFrame, wanted: Mapping[str, int], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Adds copies of a class's documents, of each one before another of the same."""
    documents = train[train["method"].eq(ORIGINAL)]
    place = place_in_class(documents, seed, OVERSAMPLED)
    sizes, chosen = class_sizes(train), []
    for label, rows in documents.groupby(strata(documents)):
        missing = max(0, wanted.get(str(label), 0) - sizes[str(label)])
        order = place[rows.index].sort_values().index
        rounds = pd.Series(range(missing)) // len(order) + 1
        copies = rows.loc[[order[number % len(order)] for number in range(missing)]]
        chosen.append(
            copies.assign(id=copies["id"] + f"#{OVERSAMPLED}-" + rounds.astype("str").to_numpy(), method=OVERSAMPLED)
        )
    return pd.concat([train, *chosen], ignore_index=True), rejected


def _fill(
    train: pd.DataFrame, rejected: pd.DataFrame, wanted: Mapping[str, int], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Admits more of a class's variants than the share of them that all classes get."""
    pool = rejected[rejected["rule"].eq("augmented")]
    sizes = class_sizes(train)
    missing = strata(pool).map({label: size - sizes.get(label, 0) for label, size in wanted.items()})
    taken = pool.index[place_in_class(pool, seed, "augmented") < missing.fillna(0).astype("int64")]
    admitted = pool.loc[taken].drop(columns=["rule", "reason"])
    return pd.concat([train, admitted], ignore_index=True), rejected.drop(taken)


Step = Callable[[pd.DataFrame, pd.DataFrame, Mapping[str, int], int], tuple[pd.DataFrame, pd.DataFrame]]
METHODS: Mapping[str, Step] = {
    "undersample": _undersample,
    "oversample": _oversample,
    "fill": _fill,
}
