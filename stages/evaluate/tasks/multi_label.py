"""The test of texts with any number of labels each, at the thresholds of the model's record."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits

from stages.common.core.messages import UserError, progress
from stages.common.documents.choosing import chosen_documents
from stages.common.metrics.bootstrap import Bootstrap, Compute, together
from stages.common.metrics.calibration import equal_width_bins, label_calibration_metrics, reliability
from stages.common.metrics.counts import Floats, label_losses
from stages.common.metrics.multi_label import label_set_metrics
from stages.common.metrics.ranking import Flags, curve_tables, ranking_metrics
from stages.common.metrics.significance import comparison, flips
from stages.common.metrics.thresholds import best_thresholds
from stages.common.model.answers import answer_logits, chosen_labels, probabilities
from stages.common.model.scorer import Logits, Scorer
from stages.common.tasks import task_of
from stages.evaluate.assessment import BASELINE, ENCODER, Answer, assess_classifiers
from stages.evaluate.baseline import text_features
from stages.evaluate.calibration import diagrams, no_calibration, summarise_calibration, versions
from stages.evaluate.inputs import Inputs
from stages.evaluate.logistic import PlainModel
from stages.evaluate.parameters import BaselineParameters, EvaluateParameters
from stages.evaluate.results import Compared, Evaluation, complete
from stages.evaluate.robustness import robustness
from stages.evaluate.slices import slice_names, slice_table
from stages.evaluate.summaries import class_table, comparisons, headline_metrics, summary

SHOWN = ("subset_accuracy", "micro_f1", "label_ranking_average_precision", "macro_f1")
LOGGED = ("log_loss",)
TABLES = (
    *("flips.csv", "calibration.csv", "roc.csv", "precision_recall.csv", "robustness.csv", "slices.csv"),
    "label_errors.csv",
)
NONE = "(none)"  # how a table shows a document without a label


@dataclass(frozen=True)
class Given:
    """The labels that a classifier gives the test documents.

    Attributes:
        chosen: Which labels each document is given, shape (documents, labels).
        probability: Of each label.
    """

    chosen: Flags
    probability: Floats


def check_documents(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> None:
    """Makes sure that of each document it is known which labels it has, and that the card knows them."""
    for ident, named in zip(documents["id"], documents["labels"], strict=True):
        unknown = [repr(label) for label in named if label not in labels] if isinstance(named, list) else ["no list"]
        if unknown:
            raise UserError(
                f"{where}: document {ident!r} has {unknown[0]} among its labels, which the card does not name.",
                "Make the split again with `dvc repro -f split`.",
            )


def metrics_of(truth: Flags, given: Given) -> Compute:
    """All metrics of a classifier.

    Args:
        truth: Which labels each document has, shape (documents, labels).
        given: Which it is given.
    """
    return together(
        label_set_metrics(truth, given.chosen, given.probability),
        ranking_metrics(truth, given.probability),
    )


def evaluate(inputs: Inputs, scorer: Scorer, parameters: EvaluateParameters) -> Evaluation:
    """Tests the encoder beside one logistic regression a label on TF-IDF."""
    card, test, labels = inputs.card, inputs.test, inputs.card.label_names
    truth, inference, bins = label_matrix(test["labels"], labels), scorer.inference, parameters.calibration.bins
    bootstrap = Bootstrap(
        np.zeros(len(test), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )

    logits = np.asarray(scorer.logits(test, "test split"))
    baseline, model = fit_baseline(inputs, parameters.baseline)
    answers = {ENCODER: encoder_answer(logits, scorer), BASELINE: Answer(baseline)}
    verdict = assess_classifiers(answers, partial(metrics_of, truth), labels, SHOWN, bootstrap)

    answered = answer_logits(logits, inference)
    predictions = predictions_table(test, answered, named(baseline.chosen, labels), labels)
    support = dict(zip(labels, map(int, truth.sum(axis=0)), strict=True))
    known = {name: answer.content for name, answer in answers.items() if answer.content is not None}
    words = {name: in_words(named(given.chosen, labels)) for name, given in known.items()}
    calibrated = no_calibration(answers[ENCODER].reason, bins)
    if ENCODER in known:
        measure = partial(label_calibration_metrics, truth.astype(np.float64), bins=bins, bootstrap=bootstrap)
        calibrated = summarise_calibration(versions(logits, inference), inference, bins, measure)
    files = {
        "metrics.json": headline_metrics(verdict, len(test), SHOWN, task_of(card).headline, calibrated),
        "summary.json": {
            **summary(card.task, len(test), verdict, support, labels, {BASELINE: model}, parameters),
            "thresholds": inference.thresholds,
        },
        "per_class.csv": class_table(verdict, support, labels),
        **comparisons(test["id"].tolist(), in_words(test["labels"]), words, verdict),
        "calibration.json": calibrated,
    }
    if ENCODER in known:
        files |= encoder_tables(inputs, scorer, truth, versions(logits, inference), known[ENCODER], parameters)
        files["label_errors.csv"] = label_errors(test, truth, known[ENCODER], labels, words).head(parameters.listed)
    return Evaluation(predictions, complete(files, TABLES))


def encoder_answer(logits: Logits, scorer: Scorer) -> Answer[Given]:
    """The labels that the encoder gives, or why it gives none that can be assessed."""
    probability = probabilities(logits, scorer.inference)
    silent = int(np.isnan(probability).any(axis=1).sum())
    if silent:
        return Answer(None, f"the encoder's logits are not finite for {silent} of {len(probability)} test documents")
    return Answer(Given(chosen_labels(probability, scorer.inference), probability))


def fit_baseline(inputs: Inputs, settings: BaselineParameters) -> tuple[Given, PlainModel]:
    """One logistic regression a label on TF-IDF, with the penalty and the thresholds that do best on validation.

    Args:
        inputs: The splits.
        settings: The baseline's settings.

    Returns:
        What it gives the test documents, and how it was made.
    """
    labels = inputs.card.label_names
    features = text_features(inputs, settings)
    train, validation = (label_matrix(split["labels"], labels) for split in (inputs.train, inputs.validation))
    scores, models, thresholds = {}, {}, {}
    for c in progress(sorted(set(settings.c)), "baseline", "penalty"):
        one_label = LogisticRegression(C=c, max_iter=settings.max_iterations)
        with threadpool_limits(limits=1), _constant_labels_allowed():
            models[c] = OneVsRestClassifier(one_label).fit(features.train, train.astype(np.int64))
        probability = np.asarray(models[c].predict_proba(features.validation))
        thresholds[c] = best_thresholds(validation.astype(np.float64), probability)
        at_thresholds = metrics_of(validation, Given(probability >= thresholds[c], probability))
        scores[c] = float(at_thresholds(np.ones((1, len(validation))))["macro_f1"][0])
    best = max(scores, key=scores.__getitem__)  # the first, which is the strongest penalty, wins a tie
    probability = np.asarray(models[best].predict_proba(features.test))
    made = PlainModel(features.train.shape[1], len(train), best, "macro_f1", scores)
    return Given(probability >= thresholds[best], probability), made


@contextmanager
def _constant_labels_allowed() -> Iterator[None]:
    """Lets a label be one that every training document has, or none: it is then always given, or never."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Label .* is present in all training examples", category=UserWarning)
        yield


def encoder_tables(
    inputs: Inputs,
    scorer: Scorer,
    truth: Flags,
    probability: dict[str, Floats],
    given: Given,
    parameters: EvaluateParameters,
) -> dict[str, Any]:
    """Calibration, curves, slices and robustness of the encoder."""
    test, labels, level = inputs.test, inputs.card.label_names, parameters.confidence

    def diagram(of: Floats) -> pd.DataFrame:
        places = equal_width_bins(of.ravel(), parameters.calibration.bins)  # of equal size, nearly all would lie near 0
        return reliability(places, of.ravel(), truth.ravel(), level)

    kinds = pd.Series(np.minimum(truth.sum(axis=1), 3), name="labels").map(
        {0: "none", 1: "one", 2: "two", 3: "three or more"}
    )
    slices = slice_names(test, inputs.flags, inputs.annotations, kinds)
    roc, precision_recall = curve_tables(truth, given.probability, labels)
    tables = {
        "calibration.csv": diagrams(probability, diagram),
        "roc.csv": roc,
        "precision_recall.csv": precision_recall,
        "slices.csv": slice_table(slices, (truth == given.chosen).all(axis=1), level),
    }
    if parameters.robustness.enabled:
        chosen = chosen_documents(test["id"].tolist(), parameters.robustness.documents, parameters.seed)

        def predict(documents: pd.DataFrame) -> Any:
            answer = encoder_answer(np.asarray(scorer.logits(documents, "perturbed texts")), scorer)
            return np.full((len(documents), len(labels)), -1) if answer.content is None else answer.content.chosen

        asked = test.iloc[chosen], truth[chosen], given.chosen[chosen], predict
        tables["robustness.csv"] = robustness(*asked, level, parameters.seed)
    return tables


def label_errors(
    test: pd.DataFrame, truth: Flags, given: Given, labels: Sequence[str], words: dict[str, list[str]]
) -> pd.DataFrame:
    """The documents with a wrong set of labels, by the loss of the encoder, the highest first.

    Returns:
        Columns id, labels, predicted, missed, added (sets of labels in words), loss (nats, the mean over the labels),
        baseline_predicted.
    """
    table = pd.DataFrame(
        {
            "id": test["id"].to_numpy(),
            "labels": in_words(test["labels"]),
            "predicted": words[ENCODER],
            "missed": in_words(named(truth & ~given.chosen, labels)),
            "added": in_words(named(given.chosen & ~truth, labels)),
            "loss": label_losses(truth.astype(np.float64), given.probability),
            "baseline_predicted": words[BASELINE],
        }
    )
    wrong: pd.DataFrame = table[(truth != given.chosen).any(axis=1)]
    return wrong.sort_values(["loss", "id"], ascending=[False, True], ignore_index=True)


def predictions_table(
    test: pd.DataFrame, answered: dict[str, list[Any]], baseline: list[list[str]], labels: Sequence[str]
) -> pa.Table:
    """The table of predictions: id, labels, predicted, ``p:<label>`` for each label, baseline_predicted."""
    lists = pa.list_(pa.string())
    return pa.table(
        {
            "id": pa.array(test["id"], type=pa.string(), from_pandas=True),
            "labels": pa.array(test["labels"].tolist(), type=lists),
            "predicted": pa.array(answered["labels"], type=lists),
            **{f"p:{label}": pa.array(answered[f"p:{label}"], type=pa.float64()) for label in labels},
            "baseline_predicted": pa.array(baseline, type=lists),
        }
    )


def label_matrix(sets: "pd.Series[Any]", labels: Sequence[str]) -> Flags:
    """Which labels each document has, shape (documents, labels)."""
    return np.array([[label in own for label in labels] for own in sets], dtype=bool)


def named(chosen: Flags, labels: Sequence[str]) -> list[list[str]]:
    """The names of the labels of each document."""
    return [[label for label, given in zip(labels, row, strict=True) if given] for row in chosen]


def in_words(sets: Sequence[list[str]] | pd.Series) -> list[str]:
    """Sets of labels as strings: their names, sorted, between plus signs."""
    return [" + ".join(sorted(own)) or NONE for own in sets]


def are_predictions(table: pd.DataFrame) -> bool:
    """Whether a table has a list of labels a document."""
    return {"labels", "predicted"} <= set(table)


def compare(one: pd.DataFrame, other: pd.DataFrame, parameters: EvaluateParameters) -> Compared:
    """Compares the predictions of two runs by their labels and probabilities."""
    labels = [str(column)[2:] for column in one if str(column).startswith("p:")]
    truth = label_matrix(one["labels"], labels)
    bootstrap = Bootstrap(
        np.zeros(len(one), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )
    columns = [f"p:{label}" for label in labels]
    answers = {
        name: Answer(Given(label_matrix(table["predicted"], labels), table[columns].to_numpy(dtype=np.float64)))
        for name, table in (("a", one), ("b", other))
    }
    verdict = assess_classifiers(answers, partial(metrics_of, truth), labels, SHOWN, bootstrap)
    label, *predicted = (
        np.array(in_words(sets), dtype=object) for sets in (one["labels"], one["predicted"], other["predicted"])
    )
    return Compared(
        metrics={
            name: (verdict.assessments["a"].overall[name], verdict.assessments["b"].overall[name])
            for name in (*SHOWN, *LOGGED)
        },
        differences=verdict.differences["b"],
        counts=comparison(("a", "b"), predicted[0] == label, predicted[1] == label, {}),
        documents=flips(one["id"].tolist(), label, *predicted),
    )
