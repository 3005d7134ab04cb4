"""Parts of the test split, and on which of them the encoder does worse than on the rest."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import fisher_exact, mannwhitneyu

from stages.common.documents.targets import text_columns
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.counts import Floats
from stages.common.metrics.intervals import wilson
from stages.common.metrics.regression import group_means
from stages.common.metrics.significance import holm
from stages.common.words.splitting import count_words
from stages.evaluate.results import COLUMNS

Inside = npt.NDArray[np.bool_]  # whether each document is in a slice, shape (documents,)

FEWEST = 5  # documents of a slice; of fewer nothing can be said
MOST_VALUES = 20  # of an annotation that make slices: the most frequent ones


def slice_names(
    test: pd.DataFrame, flags: pd.DataFrame, annotations: pd.DataFrame | None, answers: pd.Series
) -> pd.DataFrame:
    """Into which slice each test document falls, by each feature.

    Args:
        test: The test documents.
        flags: Remarks of cleaning on documents that were kept (id, rule, reason), such as that one is a duplicate.
        annotations: What else the publisher says of documents, keyed by id; None where nothing.
        answers: The kind of each document's answer, such as its label, named after what it is.

    Returns:
        One column a feature, one row a test document, in their order; missing where a feature says nothing.
    """
    table = pd.DataFrame({answers.name: answers.to_numpy()}, dtype=object)
    words = test[text_columns(test)].apply(count_words).sum(axis=1).to_numpy()
    edges = np.unique(np.quantile(words, [0.25, 0.5, 0.75]).astype(int))
    names = [
        *(f"{low + 1} to {high} words" for low, high in zip([0, *edges[:-1]], edges, strict=True)),
        f"more than {edges[-1]} words",
    ]
    table["length"] = np.array(names, dtype=object)[np.searchsorted(edges, words)]
    for rule in sorted(flags["rule"].unique()):
        marked = test["id"].isin(flags.loc[flags["rule"] == rule, "id"]).to_numpy()
        table[f"flag: {rule}"] = np.where(marked, "yes", "no")
    shared = test.groupby("group")["id"].transform("size").to_numpy() > 1
    table["near-duplicate in the test split"] = np.where(shared, "yes", "no")
    if annotations is not None:
        beside = test[["id"]].merge(annotations, on="id", how="left")
        for name in beside.columns.drop("id"):
            values = beside[name].astype(object)
            if values.nunique() > MOST_VALUES:
                counts = values.value_counts().rename_axis("value").reset_index()
                counts = counts.sort_values(["count", "value"], ascending=[False, True], key=_sortable)
                table[f"annotation: {name} (the {MOST_VALUES} most frequent of {len(counts):,} values)"] = values.where(
                    values.isin(counts["value"].head(MOST_VALUES)), None
                ).to_numpy()
            elif values.nunique() > 1:
                table[f"annotation: {name}"] = values.to_numpy()
    return table


def _sortable(column: pd.Series) -> pd.Series:
    """Counts as they are, values, which may be of several kinds, as strings."""
    return column if column.name == "count" else column.astype(str)


def slice_table(slices: pd.DataFrame, right: npt.NDArray[np.bool_], confidence: float) -> pd.DataFrame:
    """The accuracy of each slice beside that of all other documents.

    Args:
        slices: What :func:`slice_names` makes.
        right: Whether the encoder is right on each document, shape (documents,).
        confidence: How often an interval covers the true accuracy; 1 minus it is the level of the tests.

    Returns:
        One row a slice with the columns of slices.csv, the worst first: by accuracy beside the rest.
    """
    rows = []
    for feature, name, inside in _large_enough(slices):
        hits, size = int(right[inside].sum()), int(inside.sum())
        rest_hits, rest = int(right[~inside].sum()), int((~inside).sum())
        share = wilson(hits, size, confidence)
        p_value = fisher_exact([[hits, size - hits], [rest_hits, rest - rest_hits]]).pvalue
        difference = hits / size - rest_hits / rest
        rows.append([feature, name, size, share.value, share.low, share.high, difference, float(p_value)])
    table = _tested(pd.DataFrame(rows, columns=COLUMNS["slices.csv"][:8]), -1, confidence)
    return table.sort_values(["difference", "feature", "slice"], ignore_index=True)


def error_slice_table(slices: pd.DataFrame, error: Floats, bootstrap: Bootstrap) -> pd.DataFrame:
    """The mean absolute error of each slice beside that of all other documents.

    Args:
        slices: What :func:`slice_names` makes.
        error: The absolute error of each document, shape (documents,).
        bootstrap: Resamples the documents.

    Returns:
        One row a slice with the columns of error_slices.csv, the worst first: by the error beside the rest's.
    """
    parts = list(_large_enough(slices))
    means = group_means(np.array([inside for *_, inside in parts]).T, error, bootstrap) if parts else []
    rows = []
    for (feature, name, inside), mean in zip(parts, means, strict=True):
        p_value = mannwhitneyu(error[inside], error[~inside]).pvalue
        difference = error[inside].mean() - error[~inside].mean()
        rows.append([feature, name, inside.sum(), mean.value, mean.low, mean.high, difference, float(p_value)])
    table = _tested(pd.DataFrame(rows, columns=COLUMNS["error_slices.csv"][:8]), 1, bootstrap.confidence)
    return table.sort_values(["difference", "feature", "slice"], ascending=[False, True, True], ignore_index=True)


def _large_enough(slices: pd.DataFrame) -> Iterator[tuple[str, str, Inside]]:
    """The slices that something can be said of: the feature, the name, and which documents are in it."""
    for feature in slices.columns:
        for name in sorted(slices[feature].dropna().unique()):
            inside = (slices[feature] == name).to_numpy()
            if min(inside.sum(), (~inside).sum()) >= FEWEST:
                yield feature, name, inside


def _tested(table: pd.DataFrame, worse: int, confidence: float) -> pd.DataFrame:
    """The table with corrected p-values, and which differences are clearly for the worse: up (1) or down (-1)."""
    table["p_adjusted"] = holm(table["p_value"])
    table["clearly_worse"] = (worse * table["difference"] > 0) & (table["p_adjusted"] < 1 - confidence)
    return table
