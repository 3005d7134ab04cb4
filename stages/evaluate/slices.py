"""Parts of the test split, and on which of them the encoder does worse than on the rest."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import fisher_exact

from stages.common.metrics.intervals import wilson
from stages.evaluate.tables import COLUMNS

FEWEST = 5  # documents of a slice; of fewer nothing can be said
MOST_VALUES = 20  # of an annotation that makes slices; more are a text, not a category


def slice_names(test: pd.DataFrame, flags: pd.DataFrame, annotations: pd.DataFrame | None) -> pd.DataFrame:
    """Into which slice each test document falls, by each feature.

    Args:
        test: The test documents.
        flags: Remarks of cleaning on documents that were kept (id, rule, reason), such as that one is a duplicate.
        annotations: What else the publisher says of documents, keyed by id; None where nothing.

    Returns:
        One column a feature, one row a test document, in their order; missing where a feature says nothing.
    """
    if test["tags"].notna().all():
        named = ["yes" if any(tag != "O" for tag in tags) else "no" for tags in test["tags"]]
        table = pd.DataFrame({"entities": named}, dtype=object)
    else:
        table = pd.DataFrame({"label": test["label"].to_numpy()}, dtype=object)
    words = np.array([len(text.split()) for text in test["text"]])
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
            if 1 < beside[name].nunique() <= MOST_VALUES:
                table[f"annotation: {name}"] = beside[name].to_numpy(dtype=object)
    return table


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
    for feature in slices.columns:
        for name in sorted(slices[feature].dropna().unique()):
            inside = (slices[feature] == name).to_numpy()
            hits, size = int(right[inside].sum()), int(inside.sum())
            rest_hits, rest = int(right[~inside].sum()), int((~inside).sum())
            if min(size, rest) < FEWEST:
                continue
            share = wilson(hits, size, confidence)
            p_value = fisher_exact([[hits, size - hits], [rest_hits, rest - rest_hits]]).pvalue
            difference = hits / size - rest_hits / rest
            rows.append([feature, name, size, share.value, share.low, share.high, difference, float(p_value)])
    table = pd.DataFrame(rows, columns=COLUMNS["slices.csv"][:8])
    table["p_adjusted"] = holm(table["p_value"])
    table["clearly_worse"] = (table["difference"] < 0) & (table["p_adjusted"] < 1 - confidence)
    return table.sort_values(["difference", "feature", "slice"], ignore_index=True)


def holm(p_values: pd.Series) -> pd.Series:
    """Holm's (1979) correction of p-values for how many there are."""
    ordered = p_values.astype(float).sort_values(kind="stable")
    factors = np.arange(len(ordered), 0, -1)
    return (ordered * factors).cummax().clip(upper=1.0).reindex(p_values.index)
