"""Each annotator's answers beside what they are held against: gold, or what most of the others answered."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stages.annotate.agreement.kind import item_numbers
from stages.annotate.agreement.reading import read_label_codes, read_label_sets, read_numbers, read_spans
from stages.common.documents.spans import Span
from stages.common.metrics.agreement.coefficients import count_answers
from stages.common.metrics.counts import Counts

Answer = Literal["label", "labels", "tags", "value"]
ERROR = "mean_absolute_error"
METRICS: dict[Answer, str] = {"label": "accuracy", "labels": "label_f1", "tags": "span_f1", "value": ERROR}
AT_ONCE = 20_000_000  # counts of answers by class in memory at a time
GOLD = "gold"  # the annotator under whose name gold answers are read


@dataclass(frozen=True)
class Compared:
    """Answers beside their references.

    Attributes:
        rows: One row an answer that has a reference: ``annotator``, ``id``, and ``part`` and ``whole``, of which the
            sums' ratio is the metric. But for numbers also ``said`` and ``true``, both in canonical form, and
            ``said_names`` and ``true_names``, the labels, or the types of the spans, that are in them.
        metric: accuracy, F1 of labels or of spans, or mean absolute error.
    """

    rows: pd.DataFrame
    metric: str

    def by_annotator(self) -> dict[str, "Compared"]:
        """Each annotator's part; nothing for who has none."""
        return {str(name): Compared(rows, self.metric) for name, rows in self.rows.groupby("annotator", sort=True)}


def against_gold(answers: pd.DataFrame, answer: Answer, labels: Sequence[str], gold: Mapping[str, str]) -> Compared:
    """Compares answers with the truth, where it is known.

    Args:
        answers: One answer an annotator and document.
        answer: What an answer is.
        labels: The names of the labels.
        gold: The true answer in canonical form, by id.
    """
    known = answers[answers["id"].isin(gold.keys())]
    truth = known.assign(annotator=GOLD, answer=known["id"].map(gold))
    if answer == "value":
        return _compare_numbers(known, read_numbers(truth))
    return _compare(known, answer, _contents(known, answer, labels), _contents(truth, answer, labels))


def against_rest(answers: pd.DataFrame, answer: Answer, labels: Sequence[str]) -> Compared:
    """Compares each answer with what most other annotators answered about its document.

    That is the most frequent of their labels, and none where two are as frequent; the labels, or spans, that more than
    half of them gave; the mean of their numbers. Where one other annotator answered, that is the reference.

    Args:
        answers: One answer an annotator and document.
        answer: What an answer is.
        labels: The names of the labels.
    """
    items = item_numbers(answers)
    if answer == "value":
        numbers = read_numbers(answers)
        others = np.bincount(items)[items] - 1
        kept = others > 0
        means = (np.bincount(items, numbers)[items] - numbers)[kept] / others[kept]
        return _compare_numbers(answers[kept], means)
    said = _contents(answers, answer, labels)
    if answer == "label":
        places = majority_of_others(items, read_label_codes(answers, labels), len(labels))
        kept = places >= 0
        truth = _single(places[kept], labels)
    else:
        kept = np.bincount(items)[items] > 1
        truth = [content for content, keep in zip(_kept_by_most(items, said), kept, strict=True) if keep]
    return _compare(answers[kept], answer, [each for each, keep in zip(said, kept, strict=True) if keep], truth)


def majority_of_others(items: Counts, values: Counts, classes: int) -> Counts:
    """The most frequent class of the other answers about the same item, shape (answers,); -1 for none, or for a tie.

    Args:
        items: The item of each answer, numbered from 0.
        values: Its class.
        classes: How many classes there are.
    """
    counts = count_answers(items, values, classes)
    found = np.empty(len(items), dtype=np.int64)
    step = max(1, AT_ONCE // classes)
    for start in range(0, len(items), step):
        rows = np.arange(start, min(start + step, len(items)))
        others = counts[items[rows]]
        others[np.arange(len(rows)), values[rows]] -= 1
        most = others.max(axis=1)
        sure = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
        found[rows] = np.where(sure, others.argmax(axis=1), -1)
    return found


Content = frozenset[str] | frozenset[Span]


def _contents(answers: pd.DataFrame, answer: Answer, labels: Sequence[str]) -> list[Content]:
    if answer == "label":
        return _single(read_label_codes(answers, labels), labels)
    if answer == "labels":
        return list(read_label_sets(answers, labels))
    return list(read_spans(answers, labels, {}))


def _single(codes: Counts, labels: Sequence[str]) -> list[Content]:
    sets: list[Content] = [frozenset([label]) for label in labels]
    return [sets[code] for code in codes]


def _kept_by_most(items: Counts, said: Sequence[Content]) -> list[Content]:
    """For each answer, what more than half of the other answers about its item have."""
    counts: dict[int, Counter[str | Span]] = {}
    sizes = np.bincount(items)
    for item, content in zip(items, said, strict=True):
        counts.setdefault(int(item), Counter()).update(content)
    kept: list[Content] = []
    for item, content in zip(items, said, strict=True):
        others = int(sizes[item]) - 1
        most = [each for each, times in counts[int(item)].items() if 2 * (times - (each in content)) > others]
        kept.append(frozenset(most))  # type: ignore[arg-type]
    return kept


def _compare(answers: pd.DataFrame, answer: Answer, said: Sequence[Content], true: Sequence[Content]) -> Compared:
    both = np.array([len(one & other) for one, other in zip(said, true, strict=True)], dtype=np.int64)
    sizes = np.array([len(one) + len(other) for one, other in zip(said, true, strict=True)], dtype=np.int64)
    single = answer == "label"
    rows = pd.DataFrame(
        {
            "annotator": answers["annotator"].to_numpy(),
            "id": answers["id"].to_numpy(),
            "part": both if single else 2 * both,
            "whole": np.ones_like(sizes) if single else sizes,
            "said": _canonical(said, single),
            "true": _canonical(true, single),
            "said_names": _names(said),
            "true_names": _names(true),
        }
    )
    return Compared(rows, METRICS[answer])


def _compare_numbers(answers: pd.DataFrame, true: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Compared:
    errors = np.abs(read_numbers(answers) - true)
    rows = answers[["annotator", "id"]].assign(part=errors, whole=1)
    return Compared(rows.reset_index(drop=True), ERROR)


def _canonical(contents: Iterable[Content], single: bool) -> list[str]:
    kept: dict[Content, str] = {}
    for content in contents:
        if content not in kept:
            listed = sorted([each.start, each.end, each.label] if isinstance(each, Span) else each for each in content)
            kept[content] = str(listed[0]) if single else json.dumps(listed, ensure_ascii=False)
    return [kept[content] for content in contents]


def _names(contents: Iterable[Content]) -> list[frozenset[str]]:
    kept: dict[Content, frozenset[str]] = {}
    for content in contents:
        if content not in kept:
            kept[content] = frozenset(each.label if isinstance(each, Span) else each for each in content)
    return [kept[content] for content in contents]
