"""The test results in the form that the page shows: metrics in rows, the confusion matrix, documents with texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.common.documents.spans import spans_of
from stages.common.documents.targets import text_columns
from stages.common.metrics.names import METRICS
from stages.report.excerpts import shortened, text_excerpts


@dataclass(frozen=True)
class MetricRow:
    """One metric of each classifier, and the encoder's difference to the baseline where it was tested."""

    name: str
    metrics: list[dict[str, Any]]
    difference: dict[str, Any] | None


@dataclass(frozen=True)
class ConfusionRow:
    """How those of one class were predicted: ``counts`` in the order of the columns."""

    label: str
    counts: list[int]
    total: int


def metric_rows(
    summary: dict[str, Any], metrics: dict[str, Any], classifiers: Sequence[str], headline: str
) -> list[MetricRow]:
    """The overall metrics, one row each: the headline first, the others in the order of :data:`METRICS`."""
    first = {headline: METRICS[headline]}
    return [
        MetricRow(metric_title(name), [summary[each][name] for each in classifiers], metrics["difference"].get(name))
        for name in first | METRICS
        if name in summary["encoder"]
    ]


def metric_title(name: str) -> str:
    """A metric's name at the beginning of a line, with a word where less of it is better."""
    known = METRICS[name]
    return known.title[:1].upper() + known.title[1:] + ("" if known.higher_is_better else " (less is better)")


def confusion(pairs: pd.DataFrame, labels: Sequence[str]) -> list[ConfusionRow]:
    """Counts actual against predicted labels of the encoder.

    Args:
        pairs: Columns actual and predicted.
        labels: The labels of the dataset, which come first; tags and the like that occur come after them.

    Returns:
        A row for each label, with a count for each in the same order; none if there are no pairs.
    """
    if pairs.empty:
        return []
    seen = set(pairs["actual"]) | set(pairs["predicted"])
    names = [*(labels if seen & set(labels) else []), *sorted(seen - set(labels))]
    counts = pd.crosstab(pairs["actual"], pairs["predicted"]).reindex(index=names, columns=names, fill_value=0)
    matrix = counts.to_numpy(dtype=int).tolist()
    return [ConfusionRow(label, row, sum(row)) for label, row in zip(names, matrix, strict=True)]


def with_spans(rows: pd.DataFrame, documents: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A list of documents with the words of the spans in place of tags, where their words have tags.

    Args:
        rows: Column ``id``, and columns in which tags stand with spaces between them.
        documents: Where the words of each document are found; a list whose documents have no tags stays as it is.
        columns: The names of those columns.
    """
    if "tags" not in documents or documents["tags"].isna().all():
        return rows
    tokens = documents.set_index("id")["tokens"].to_dict()
    of_rows = [tokens.get(name) for name in rows["id"]]
    spans = {
        name: [spans_in_words(words, tags) for words, tags in zip(of_rows, rows[name], strict=True)] for name in columns
    }
    return rows.assign(**spans)


def spans_in_words(words: Sequence[str] | None, tags: str) -> str:
    """Spans with their words, such as ``PER: Ann May; LOC: Paris``; the tags themselves where the words are unknown."""
    if words is None or len(words) != len(tags.split()):
        return tags
    found = [f"{span.label}: {' '.join(words[span.start : span.end])}" for span in spans_of(tags.split())]
    return "; ".join(found) or "(none)"


def with_texts(rows: pd.DataFrame, test: pd.DataFrame, count: int, characters: int) -> list[dict[str, Any]]:
    """The first rows of a list of test documents, each with the beginnings of its ``texts``.

    Args:
        rows: Column ``id`` and others.
        test: The test documents.
        count: How many to show, at most.
        characters: The most characters to show of a text.
    """
    shown = rows.head(count)
    documents = test.loc[test["id"].isin(shown["id"])].set_index("id")[text_columns(test)].to_dict("index")
    texts = [text_excerpts(documents.get(name, {}), characters) for name in shown["id"]]
    return [{**row, "texts": of} for row, of in zip(shortened(shown, characters), texts, strict=True)]
