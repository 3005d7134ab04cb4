"""Divides a corpus: which documents are held out, and which documents and variants are trained on."""

from collections.abc import Set
from functools import partial

import pandas as pd

from stages.common.documents.table import ORIGINAL, SPLITS
from stages.split.parameters import SplitParameters
from stages.split.placing import AUGMENTED, check_corpus, clashing, place
from stages.split.training import beyond_class_size, beyond_share, copies, inadmissible, unsure


def divide(
    documents: pd.DataFrame,
    parameters: SplitParameters,
    seen: Set[str] = frozenset(),
    left_out: Set[str] = frozenset(),
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Divides a corpus.

    Args:
        documents: Originals and variants.
        parameters: Seed and shares.
        seen: The ids of documents whose gold label was looked at: they are not tested on.
        left_out: Those whose label is too unsure to be trained on.

    Returns:
        The rows of each split, and the rows that are in none, with ``rule`` and ``reason``.

    Raises:
        UserError: If the corpus cannot be divided.
    """
    originals, variants = documents[documents["method"].eq(ORIGINAL)], documents[documents["method"].ne(ORIGINAL)]
    check_corpus(originals, str(AUGMENTED / "documents.parquet"))
    rejected = [clashing(originals)]
    originals = originals.drop(rejected[0].index)

    placed = originals.assign(split=place(originals, parameters, seen))
    train, held_out = placed[placed["split"].eq("train")], placed[placed["split"].ne("train")]
    for rule in (
        partial(copies, held_out=held_out),
        partial(unsure, left_out=left_out),
        partial(beyond_class_size, size=parameters.train_per_class, seed=parameters.seed),
    ):
        rejected.append(rule(train))
        train = train.drop(rejected[-1].index)
    for rule in (
        partial(inadmissible, training=train, held_out=held_out),
        partial(copies, held_out=held_out),
        partial(beyond_share, share=parameters.augmented, seed=parameters.seed),
    ):
        rejected.append(rule(variants))
        variants = variants.drop(rejected[-1].index)

    splits = {"train": pd.concat([train, variants], ignore_index=True)}
    splits |= {split: held_out[held_out["split"].eq(split)] for split in SPLITS[1:]}
    reasons = pd.concat(rejected)
    return splits, documents.loc[reasons.index].assign(rule=reasons["rule"], reason=reasons["reason"])
