"""The test of token classification: strict spans and tags of tokens, beside a tagger that knows words alone."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.common.documents.spans import OUTSIDE, Span, bio_tags, decode_tags
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.calibration import no_calibration
from stages.common.metrics.counts import PER_CLASS, Counts, Tally
from stages.common.metrics.significance import compare, comparison, flips, unknown
from stages.evaluate.assessment import (
    BASELINE,
    ENCODER,
    TAGGED_HEADLINE,
    Assessment,
    Compute,
    Verdict,
    assess,
    count_figures,
    silent,
)
from stages.evaluate.encoder import Encoder, check_outputs
from stages.evaluate.errors import confused_pairs
from stages.evaluate.inputs import Inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.slices import slice_names, slice_table
from stages.evaluate.summaries import class_figures_of, class_table, metrics, summary

Tags = list[list[str]]
UNCALIBRATED = "the probabilities of tags are not calibrated"
SPAN_FIGURES = {  # the overall figures of spans, by their names as averages over the types
    "span_precision": "micro_precision",
    "span_recall": "micro_recall",
    "span_f1": "micro_f1",
    "macro_span_f1": "macro_f1",
}


def evaluate_entities(inputs: Inputs, encoder: Encoder, parameters: EvaluateParameters) -> dict[str, Any]:
    """Tests the encoder beside a tagger that gives each word its most frequent tag of the training split.

    Args:
        inputs: The splits and what is known of them.
        encoder: The fine-tuned encoder.
        parameters: The section ``evaluate`` of params.yaml.

    Returns:
        The contents of the files under reports/evaluate/, by name.
    """
    test, types = inputs.test, inputs.card.label_names
    tags = bio_tags(types)
    check_outputs(encoder, tags, inputs.card)
    logits = encoder.word_logits(test["tokens"].tolist(), "test split")
    actual: Tags = test["tags"].tolist()
    said: dict[str, Tags] = {BASELINE: word_tagger(inputs.train, test["tokens"].tolist(), tags)}
    endless = sum(not np.isfinite(rows).all() for rows in logits)
    reason = f"the encoder's logits are not finite for {endless} of {len(test)} test documents"
    if not endless:
        said = {ENCODER: [decode_tags(rows, tags) for rows in logits], **said}
    has_entities = np.array([any(tag != OUTSIDE for tag in row) for row in actual])
    bootstrap = Bootstrap(
        has_entities.astype(np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )
    verdict, by_tag = judge_tags(actual, said, types, tags, bootstrap, reason)

    spans = Counter(span.label for row in actual for span in strict_spans(row))
    tokens = Counter(tag for row in actual for tag in row)
    told = {BASELINE: None}
    summarised = summary(inputs.card.task, len(test), verdict, spans, types, told, parameters)
    predicted = said.get(ENCODER)
    contents = {
        "metrics.json": metrics(
            verdict, len(test), no_calibration(UNCALIBRATED, parameters.calibration.bins)["before"], TAGGED_HEADLINE
        ),
        "summary.json": {**summarised, "tokens": class_figures_of(by_tag, tokens, tags)},
        "per_class.csv": class_table(verdict, spans, types),
        "confusion_matrix.csv": confusion_tokens(actual, predicted or []),
        "predictions.parquet": tag_table(test["id"].tolist(), actual, predicted, said[BASELINE]),
        "comparison.json": [],
        "calibration.json": no_calibration(UNCALIBRATED, parameters.calibration.bins),
    }
    if predicted is None:
        return contents
    right, other = (np.array([a == b for a, b in zip(actual, found, strict=True)]) for found in said.values())
    lines = [np.array([" ".join(row) for row in rows], dtype=object) for rows in (actual, *said.values())]
    slices = slice_names(test, inputs.flags, inputs.annotations)
    return contents | {
        "comparison.json": [comparison((ENCODER, BASELINE), right, other, verdict.differences[BASELINE])],
        "flips.csv": flips(test["id"].tolist(), *lines).assign(against=BASELINE),
        "slices.csv": slice_table(slices, right, parameters.confidence),
        "confused_pairs.csv": confused_types(actual, predicted, types, parameters.confidence),
    }


def judge_tags(
    actual: Tags, said: dict[str, Tags], types: Sequence[str], tags: Sequence[str], bootstrap: Bootstrap, reason: str
) -> tuple[Verdict, dict[str, Assessment]]:
    """Assesses taggers on the same documents and the same resamples of them.

    Args:
        actual: The tags of each document's words.
        said: What each tagger predicts; the encoder may be missing.
        types: The names of the types of spans.
        tags: The names of the tags.
        bootstrap: Resamples the documents.
        reason: Why the encoder predicts nothing, where it does not.

    Returns:
        Strict span figures of each type, with overall figures of spans and of tokens; and the figures of each tag.
    """
    of_types, by_tag, computed = {}, {}, {}
    for name, predicted in said.items():
        spans = bootstrap.apply(span_figures(span_tally(actual, predicted, types)))
        tokens = bootstrap.apply(count_figures(token_tally(actual, predicted, tags)))
        by_spans, by_tag[name] = assess(*spans, types, bootstrap), assess(*tokens, tags, bootstrap)
        of_spans = {title: by_spans.overall[average] for title, average in SPAN_FIGURES.items()}
        of_types[name] = Assessment({**by_tag[name].overall, **of_spans}, by_spans.per_class)
        tokens[0]["span_f1"], tokens[1]["span_f1"] = spans[0]["micro_f1"], spans[1]["micro_f1"]
        computed[name] = tokens
    if ENCODER not in said:
        known = of_types[BASELINE].overall
        of_types = {ENCODER: silent(reason, list(known), PER_CLASS, len(types)), **of_types}
        by_tag = {ENCODER: silent(reason, list(by_tag[BASELINE].overall), PER_CLASS, len(tags)), **by_tag}
        return Verdict(of_types, {BASELINE: {name: unknown(reason) for name in TAGGED_HEADLINE}}), by_tag
    pair = computed[ENCODER], computed[BASELINE]
    return Verdict(of_types, {BASELINE: {name: compare(name, *pair, bootstrap) for name in TAGGED_HEADLINE}}), by_tag


def word_tagger(train: pd.DataFrame, sentences: Sequence[Sequence[str]], tags: Sequence[str]) -> Tags:
    """Gives each word the tag that it has most often in the training split, O where it does not occur there.

    Args:
        train: Training documents with tokens and tags.
        sentences: What is tagged.
        tags: The tags; the first of those that are equally frequent is taken.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for words, given in zip(train["tokens"], train["tags"], strict=True):
        for word, tag in zip(words, given, strict=True):
            counts[word][tag] += 1
    best = {word: max(tags, key=seen.__getitem__) for word, seen in counts.items()}
    return [[best.get(word, OUTSIDE) for word in sentence] for sentence in sentences]


def strict_spans(tags: Sequence[str]) -> list[Span]:
    """The spans of a sequence of tags that may be invalid: an I- that continues nothing of its type marks nothing.

    As seqeval counts them with ``mode="strict", scheme=IOB2``.

    Args:
        tags: One tag a word.
    """
    found: list[Span] = []
    inside = ""
    for word, tag in enumerate(tags):
        if tag.startswith("B-"):
            inside = tag[2:]
            found.append(Span(inside, word, word + 1))
        elif tag.startswith("I-") and tag[2:] == inside:
            found[-1] = found[-1]._replace(end=word + 1)
        else:
            inside = ""
    return found


def span_tally(actual: Tags, predicted: Tags, types: Sequence[str]) -> Tally:
    """The spans of each document that are right (type and both ends), that there are, and that were predicted.

    Args:
        actual: The tags of each document's words.
        predicted: Likewise.
        types: The names of the types.

    Returns:
        Counts of shape (documents, types).
    """
    place = {name: index for index, name in enumerate(types)}
    counts = np.zeros((3, len(actual), len(types)))
    for row, pair in enumerate(zip(actual, predicted, strict=True)):
        true, found = (set(strict_spans(tags)) for tags in pair)
        for count, spans in zip(counts, (true & found, true, found), strict=True):
            for span in spans:
                count[row, place[span.label]] += 1
    return Tally(*counts)


def span_figures(counted: Tally) -> Compute:
    """The figures of spans, as a function of how often each document counts; a span that is not there counts for none.

    Args:
        counted: What each document counts for, shape (documents, types).
    """
    compute = count_figures(counted)
    kept = (*SPAN_FIGURES.values(), *(f"class {name}" for name in PER_CLASS))
    return lambda weights: {name: values for name, values in compute(weights).items() if name in kept}


def token_tally(actual: Tags, predicted: Tags, tags: Sequence[str]) -> Tally:
    """The tokens of each document by tag, shape (documents, tags)."""
    place = {name: index for index, name in enumerate(tags)}
    counts = np.zeros((3, len(actual), len(tags)))
    for row, (true, found) in enumerate(zip(actual, predicted, strict=True)):
        for one, other in zip(true, found, strict=True):
            counts[0, row, place[one]] += one == other
            counts[1, row, place[one]] += 1
            counts[2, row, place[other]] += 1
    return Tally(*counts)


def confusion_tokens(actual: Tags, predicted: Tags) -> pd.DataFrame:
    """Actual and predicted type of each token that is in an actual or a predicted span."""
    tokens = [pair for rows in zip(actual, predicted, strict=False) for pair in zip(*rows, strict=True)]
    inside = [(a[2:] or a, b[2:] or b) for a, b in tokens if (a, b) != (OUTSIDE, OUTSIDE)]
    return pd.DataFrame(inside, columns=["actual", "predicted"])


def confused_types(actual: Tags, predicted: Tags, types: Sequence[str], confidence: float) -> pd.DataFrame:
    """Which type of tokens is taken for which; see :func:`stages.evaluate.errors.confused_pairs`."""
    names = [OUTSIDE, *types]
    true, found = (index_types(tags, names) for tags in (actual, predicted))
    return confused_pairs(true, found, names, confidence)


def index_types(tags: Tags, names: Sequence[str]) -> Counts:
    """The type of each token as its index among the names, shape (tokens,)."""
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[tag[2:] or tag] for row in tags for tag in row], dtype=np.int64)


def tag_table(ids: list[str], actual: Tags, predicted: Tags | None, baseline: Tags) -> pa.Table:
    """The table of predictions: id, and the tags of its words: label, predicted, baseline_predicted."""
    lists = pa.list_(pa.string())
    columns: dict[str, Any] = {
        "label": actual,
        "predicted": predicted or [None] * len(ids),
        "baseline_predicted": baseline,
    }
    return pa.table({"id": pa.array(ids), **{name: pa.array(rows, type=lists) for name, rows in columns.items()}})
