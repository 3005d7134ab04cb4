"""Each annotator's answers beside what they are held against: gold, or what most of the others answered."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

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
NO_CELLS = pd.DataFrame({"annotator": [], "true": [], "said": [], "size": []})


@dataclass(frozen=True)
class Compared:
    """Answers beside their references.

    Attributes:
        rows: One row an answer that has a reference: ``annotator``, ``id``, and ``part`` and ``whole``, of which the
            sums' ratio is the metric.
        cells: How often each annotator said what where what is true: columns ``annotator``, ``true``, ``said``, both in
            canonical form, and ``size``; empty for numbers.
        metric: accuracy, F1 of labels or of spans, or mean absolute error.
    """

    rows: pd.DataFrame
    cells: pd.DataFrame
    metric: str

    def by_annotator(self) -> dict[str, "Compared"]:
        """Each annotator's part; nothing for who has none."""
        cells = {str(name): part for name, part in self.cells.groupby("annotator", sort=True)}
        return {
            str(name): Compared(rows, cells.get(str(name), self.cells.iloc[:0]), self.metric)
            for name, rows in self.rows.groupby("annotator", sort=True)
        }

    def names(self, content: str) -> frozenset[str]:
        """The labels, or the types of the spans, that an answer in canonical form names."""
        if self.metric == "accuracy":
            return frozenset([content])
        return frozenset(each if isinstance(each, str) else each[2] for each in json.loads(content))


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
    if answer == "label":
        return _compare_labels(known, read_label_codes(known, labels), read_label_codes(truth, labels), labels)
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
    if answer == "label":
        codes = read_label_codes(answers, labels)
        places = majority_of_others(items, codes, len(labels))
        kept = places >= 0
        return _compare_labels(answers[kept], codes[kept], places[kept], labels)
    kept = np.bincount(items)[items] > 1
    said = _contents(answers, answer, labels)
    both = [pair for pair, keep in zip(zip(said, _kept_by_most(items, said), strict=True), kept, strict=True) if keep]
    return _compare(answers[kept], answer, [one for one, _ in both], [true for _, true in both])


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
    return [*read_label_sets(answers, labels)] if answer == "labels" else [*read_spans(answers, labels, {})]


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
        kept.append(cast(Content, frozenset(most)))
    return kept


def _compare_labels(answers: pd.DataFrame, said: Counts, true: Counts, labels: Sequence[str]) -> Compared:
    names = np.array(labels, dtype=object)
    return _compared(
        answers,
        (said == true).astype(np.int64),
        np.ones_like(said),
        (names[said].tolist(), names[true].tolist()),
        "accuracy",
    )


def _compare(answers: pd.DataFrame, answer: Answer, said: Sequence[Content], true: Sequence[Content]) -> Compared:
    both = np.array([len(one & other) for one, other in zip(said, true, strict=True)], dtype=np.int64)
    sizes = np.array([len(one) + len(other) for one, other in zip(said, true, strict=True)], dtype=np.int64)
    texts = (_canonical(said), _canonical(true))
    return _compared(answers, 2 * both, sizes, texts, METRICS[answer])


def _compared(
    answers: pd.DataFrame, part: Counts, whole: Counts, texts: tuple[Sequence[str], Sequence[str]], metric: str
) -> Compared:
    rows = answers[["annotator", "id"]].assign(part=part, whole=whole).reset_index(drop=True)
    cells = pd.DataFrame({"annotator": rows["annotator"], "said": texts[0], "true": texts[1]}, dtype="str")
    counted = cells.groupby(["annotator", "true", "said"], as_index=False).size()
    return Compared(rows, counted, metric)


def _compare_numbers(answers: pd.DataFrame, true: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Compared:
    errors = np.abs(read_numbers(answers) - true)
    rows = answers[["annotator", "id"]].assign(part=errors, whole=1)
    return Compared(rows.reset_index(drop=True), NO_CELLS, ERROR)


def _canonical(contents: Sequence[Content]) -> list[str]:
    kept: dict[Content, str] = {}
    for content in contents:
        if content not in kept:
            listed = sorted([each.start, each.end, each.label] if isinstance(each, Span) else each for each in content)
            kept[content] = json.dumps(listed, ensure_ascii=False)
    return [kept[content] for content in contents]
