"""The test of sentences with tagged words: strict spans and tags, beside a linear tagger and the commonest tag."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.common.core.messages import UserError
from stages.common.documents.spans import OUTSIDE, bio_tags, spans_of
from stages.common.metrics.bootstrap import Bootstrap, Compute, together
from stages.common.metrics.classification import count_metrics
from stages.common.metrics.counts import Counts
from stages.common.metrics.significance import comparison, flips
from stages.common.metrics.tagging import Tags, span_metrics, span_tally, token_tally
from stages.common.model.answers import answer_logits
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.evaluate.assessment import (
    BASELINE,
    ENCODER,
    MOST_FREQUENT,
    Answer,
    Assessment,
    Verdict,
    assess,
    differences,
    with_silent,
)
from stages.evaluate.calibration import no_calibration
from stages.evaluate.errors import confused_pairs
from stages.evaluate.inputs import Inputs
from stages.evaluate.linear_tagger import linear_tagger
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.results import OF_LABELS, Compared, Evaluation, complete
from stages.evaluate.slices import slice_names, slice_table
from stages.evaluate.summaries import class_table, classes_as_json, comparisons, headline_metrics, summary

SHOWN = ("accuracy", "macro_f1", "weighted_f1", "span_f1")
UNCALIBRATED = "the probabilities of tags are not calibrated"
OF_SPANS = {  # the overall metrics of spans, by their names as averages over the types
    "span_precision": "micro_precision",
    "span_recall": "micro_recall",
    "span_f1": "micro_f1",
    "macro_span_f1": "macro_f1",
}


def check_documents(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> None:
    """Makes sure that each document has tags of types that the card knows."""
    known = set(bio_tags(labels))
    for ident, tags in zip(documents["id"], documents["tags"], strict=True):
        wrong = ["no tags"] if tags is None else [repr(tag) for tag in tags if tag not in known]
        if wrong:
            raise UserError(
                f"{where}: document {ident!r} has {wrong[0]}, which the card does not name.",
                "Make the split again with `dvc repro -f split`.",
            )


def evaluate(inputs: Inputs, scorer: Scorer, parameters: EvaluateParameters) -> Evaluation:
    """Tests the encoder beside a linear tagger, and beside each word's most frequent tag of the training split."""
    card, test, types = inputs.card, inputs.test, inputs.card.label_names
    tags = bio_tags(types)
    actual: list[list[str]] = test["tags"].tolist()
    answered = answer_logits(scorer.logits(test, "test split"), scorer.inference)["tags"]
    baseline, model = linear_tagger(inputs, tags, parameters)
    answers: dict[str, Answer[Tags]] = {
        ENCODER: encoder_answer(answered),
        BASELINE: Answer(baseline),
        MOST_FREQUENT: Answer(word_tagger(inputs.train, test["tokens"].tolist(), tags)),
    }
    bootstrap = strata_by_entities(actual, parameters)
    verdict, by_tag = assess_taggers(actual, answers, types, tags, bootstrap)

    spans = Counter(span.label for row in actual for span in spans_of(row))
    tokens = Counter(tag for row in actual for tag in row)
    summarised = summary(card.task, len(test), verdict, spans, types, {BASELINE: model}, parameters)
    calibrated = no_calibration(UNCALIBRATED, parameters.calibration.bins)
    predicted = {name: answer.content for name, answer in answers.items() if answer.content is not None}
    lines = {name: [" ".join(row) for row in rows] for name, rows in {"actual": actual, **predicted}.items()}
    files = {
        "metrics.json": headline_metrics(verdict, len(test), SHOWN, task_of(card).headline, calibrated),
        "summary.json": {**summarised, "tokens": classes_as_json(by_tag, tokens, tags)},
        "per_class.csv": class_table(verdict, spans, types),
        "confusion_matrix.csv": confusion_tokens(actual, predicted.get(ENCODER, [])),
        **comparisons(test["id"].tolist(), lines.pop("actual"), lines, verdict),
        "calibration.json": calibrated,
    }
    if ENCODER in predicted:
        right = np.array([one == other for one, other in zip(actual, predicted[ENCODER], strict=True)])
        kinds = pd.Series(["yes" if any(tag != OUTSIDE for tag in row) else "no" for row in actual], name="entities")
        slices = slice_names(test, inputs.flags, inputs.annotations, kinds)
        files["slices.csv"] = slice_table(slices, right, parameters.confidence)
        files["confused_pairs.csv"] = confused_types(actual, predicted[ENCODER], types, parameters.confidence)
    table = tag_table(test["id"].tolist(), actual, predicted)
    return Evaluation(table, complete(files, OF_LABELS))


def encoder_answer(tags: Sequence[list[str] | None]) -> Answer[Tags]:
    """The encoder's tags, or why it has none that can be assessed."""
    known = [row for row in tags if row is not None]
    if len(known) < len(tags):
        silent = len(tags) - len(known)
        return Answer(None, f"the encoder's logits are not finite for {silent} of {len(tags)} test documents")
    return Answer(known)


def strata_by_entities(actual: Tags, parameters: EvaluateParameters) -> Bootstrap:
    """Resamples with as many documents that have entities as the test split."""
    with_entities = np.array([any(tag != OUTSIDE for tag in row) for row in actual], dtype=np.int64)
    return Bootstrap(with_entities, parameters.bootstrap_samples, parameters.confidence, parameters.seed)


def assess_taggers(
    actual: Tags,
    answers: Mapping[str, Answer[Tags]],
    types: Sequence[str],
    tags: Sequence[str],
    bootstrap: Bootstrap,
) -> tuple[Verdict, dict[str, Assessment]]:
    """Assesses taggers on the same documents and the same resamples of them.

    Args:
        actual: The tags of each document's words.
        answers: The tags that each tagger predicts, the encoder first.
        types: The names of the types of spans.
        tags: The names of the tags.
        bootstrap: Resamples the documents.

    Returns:
        Strict span metrics of each type, with overall metrics of spans and of tokens; and the metrics of each tag.
    """
    of_types, by_tag, computed = {}, {}, {}
    for name, answer in answers.items():
        if answer.content is None:
            continue
        spans = bootstrap.apply(span_metrics(span_tally(actual, answer.content, types)))
        tokens = bootstrap.apply(metrics_of(actual, answer.content, tags))
        by_spans, by_tag[name] = assess(*spans, types, bootstrap), assess(*tokens, tags, bootstrap)
        overall = {title: by_spans.overall[average] for title, average in OF_SPANS.items()}
        of_types[name] = Assessment({**by_tag[name].overall, **overall}, by_spans.per_class)
        values, drawn = (
            {**words, **{title: each[average] for title, average in OF_SPANS.items()}}
            for words, each in zip(tokens, spans, strict=True)
        )
        computed[name] = values, drawn
    verdict = Verdict(with_silent(answers, of_types), differences(answers, computed, SHOWN, bootstrap))
    return verdict, with_silent(answers, by_tag)


def metrics_of(actual: Tags, predicted: Tags, tags: Sequence[str]) -> Compute:
    """All metrics of the tags of words.

    Args:
        actual: The tags of each document's words.
        predicted: Likewise.
        tags: The names of the tags.
    """
    return together(count_metrics(token_tally(actual, predicted, tags)))


def word_tagger(train: pd.DataFrame, sentences: Sequence[Sequence[str]], tags: Sequence[str]) -> list[list[str]]:
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


def confusion_tokens(actual: Tags, predicted: Tags) -> pd.DataFrame:
    """Actual and predicted type of each token that is in an actual or a predicted span."""
    tokens = [pair for rows in zip(actual, predicted, strict=False) for pair in zip(*rows, strict=True)]
    inside = [(a[2:] or a, b[2:] or b) for a, b in tokens if (a, b) != (OUTSIDE, OUTSIDE)]
    return pd.DataFrame(inside, columns=["actual", "predicted"])


def confused_types(actual: Tags, predicted: Tags, types: Sequence[str], confidence: float) -> pd.DataFrame:
    """Which type of tokens is taken for which; see :func:`stages.evaluate.errors.confused_pairs`."""
    names = [OUTSIDE, *types]
    true, guessed = (index_types(tags, names) for tags in (actual, predicted))
    return confused_pairs(true, guessed, names, confidence)


def index_types(tags: Tags, names: Sequence[str]) -> Counts:
    """The type of each token as its index among the names, shape (tokens,)."""
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[tag[2:] or tag] for row in tags for tag in row], dtype=np.int64)


def tag_table(ids: list[str], actual: Tags, predicted: Mapping[str, Tags]) -> pa.Table:
    """The table of predictions: id, and the tags of its words: label, predicted, and those of the plain taggers."""
    lists = pa.list_(pa.string())
    columns: dict[str, Any] = {
        "label": actual,
        "predicted": predicted.get(ENCODER, [None] * len(ids)),
        **{f"{name}_predicted": predicted[name] for name in (BASELINE, MOST_FREQUENT)},
    }
    return pa.table({"id": pa.array(ids), **{name: pa.array(rows, type=lists) for name, rows in columns.items()}})


def are_predictions(table: pd.DataFrame) -> bool:
    """Whether a table has a list of tags a document."""
    return {"label", "predicted"} <= set(table) and bool(
        table["label"].map(lambda tags: not isinstance(tags, str)).all()
    )


def compare(one: pd.DataFrame, other: pd.DataFrame, parameters: EvaluateParameters) -> Compared:
    """Compares the predictions of two runs by tokens and spans."""
    actual, *predicted = ([list(row) for row in tags] for tags in (one["label"], one["predicted"], other["predicted"]))
    tags = sorted({tag for rows in (actual, *predicted) for row in rows for tag in row} | {OUTSIDE})
    types = sorted({tag[2:] for tag in tags} - {""})
    answers: dict[str, Answer[Tags]] = {"a": Answer(predicted[0]), "b": Answer(predicted[1])}
    verdict, _ = assess_taggers(actual, answers, types, bio_tags(types), strata_by_entities(actual, parameters))
    label, *lines = (np.array([" ".join(row) for row in rows], dtype=object) for rows in (actual, *predicted))
    return Compared(
        metrics={
            name: (verdict.assessments["a"].overall[name], verdict.assessments["b"].overall[name]) for name in SHOWN
        },
        differences=verdict.differences["b"],
        counts=comparison(("a", "b"), lines[0] == label, lines[1] == label, {}),
        documents=flips(one["id"].tolist(), label, *lines),
    )
