"""The test of texts with one label each: all classifiers, and what the encoder's answers are like."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.core.messages import UserError
from stages.common.metrics.bootstrap import Bootstrap, Compute, together
from stages.common.metrics.calibration import calibration_metrics
from stages.common.metrics.classification import count_metrics, loss_metrics
from stages.common.metrics.counts import Counts, Floats, tally
from stages.common.metrics.ranking import ranking_metrics
from stages.common.metrics.significance import comparison, flips
from stages.common.model.answers import answer_logits
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.evaluate.assessment import BASELINE, ENCODER, FROZEN, Answer, assess_classifiers
from stages.evaluate.baseline import text_features
from stages.evaluate.calibration import no_calibration, summarise_calibration, versions
from stages.evaluate.classification import encoder_tables
from stages.evaluate.frozen import Embed, fit_frozen
from stages.evaluate.inputs import Inputs
from stages.evaluate.logistic import Features, fit_logistic
from stages.evaluate.parameters import BaselineParameters, EvaluateParameters
from stages.evaluate.predictions import confusion_pairs, indices, predictions_table
from stages.evaluate.results import OF_LABELS, Compared, Evaluation, complete
from stages.evaluate.summaries import class_table, comparisons, headline_metrics, summary

SHOWN = ("accuracy", "macro_f1")
LOGGED = ("log_loss",)  # shown for each of two runs, without a difference


def check_documents(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> None:
    """Makes sure that each document has a label that the card knows."""
    unknown = documents[~documents["label"].isin(labels)]
    if len(unknown):
        first = unknown.iloc[0]
        raise UserError(
            f"{where}: document {first['id']!r} has the label {first['label']!r}, which the card does not name.",
            "Make the split again with `dvc repro -f split`.",
        )


def metrics_of(actual: Counts, probability: Floats) -> Compute:
    """All metrics of a classifier.

    Args:
        actual: Index of each document's label, shape (documents,).
        probability: Shape (documents, labels).
    """
    classes = probability.shape[1]
    return together(
        count_metrics(tally(actual, probability.argmax(axis=1), classes)),
        loss_metrics(actual, probability),
        ranking_metrics(actual[:, None] == np.arange(classes), probability),
    )


def evaluate(inputs: Inputs, scorer: Scorer, parameters: EvaluateParameters) -> Evaluation:
    """Tests the encoder beside TF-IDF and beside the pretrained encoder's embeddings."""
    return evaluate_labels(
        inputs, scorer, parameters, text_features, lambda texts, embed: embed(texts["text"].tolist())
    )


def evaluate_labels(
    inputs: Inputs,
    scorer: Scorer,
    parameters: EvaluateParameters,
    features_of: Callable[[Inputs, BaselineParameters], Features],
    vectors_of: Callable[[pd.DataFrame, Embed], Floats],
) -> Evaluation:
    """Tests the encoder beside plain classifiers.

    Args:
        inputs: The splits and what is known of them.
        scorer: The fine-tuned encoder.
        parameters: The section ``evaluate`` of params.yaml.
        features_of: What the baseline sees of the documents.
        vectors_of: From documents, and what embeds texts, to what the frozen encoder sees of them.
    """
    card, test, labels = inputs.card, inputs.test, inputs.card.label_names
    actual, bins = indices(test, labels), parameters.calibration.bins
    bootstrap = Bootstrap(actual, parameters.bootstrap_samples, parameters.confidence, parameters.seed)

    logits = np.asarray(scorer.logits(test, "test split"))
    probability = versions(logits, scorer.inference)
    encoder = encoder_answer(probability.get("after", probability["before"]))
    baseline = fit_logistic(
        features_of(inputs, parameters.baseline),
        indices(inputs.train, labels),
        indices(inputs.validation, labels),
        len(labels),
        parameters.baseline.c,
        parameters.baseline.max_iterations,
        "baseline",
    )
    frozen = fit_frozen(inputs, vectors_of, parameters) if parameters.frozen.enabled else None
    answers = {
        ENCODER: encoder,
        BASELINE: Answer(baseline.probability),
        FROZEN: Answer(frozen.probability) if frozen else Answer(None, "evaluate.frozen.enabled is false"),
    }
    verdict = assess_classifiers(answers, partial(metrics_of, actual), labels, SHOWN, bootstrap)

    predictions = predictions_table(test, answer_logits(logits, scorer.inference), answers, labels)
    support = {label: int((test["label"] == label).sum()) for label in labels}
    plain = {BASELINE: baseline.model, FROZEN: frozen and frozen.model}
    calibrated = no_calibration(encoder.reason, bins)
    if encoder.content is not None:
        measure = partial(calibration_metrics, actual, bins=bins, bootstrap=bootstrap)
        calibrated = summarise_calibration(probability, scorer.inference, bins, measure)
    words = np.array(labels, dtype=object)
    predicted = {
        name: words[answer.content.argmax(axis=1)] for name, answer in answers.items() if answer.content is not None
    }
    files = {
        "metrics.json": headline_metrics(verdict, len(test), SHOWN, task_of(card).headline, calibrated),
        "summary.json": summary(card.task, len(test), verdict, support, labels, plain, parameters),
        "per_class.csv": class_table(verdict, support, labels),
        "confusion_matrix.csv": confusion_pairs(predictions),
        **comparisons(test["id"].tolist(), test["label"].tolist(), predicted, verdict),
        "calibration.json": calibrated,
    }
    if encoder.content is not None:
        guessed = baseline.probability.argmax(axis=1)
        files |= encoder_tables(inputs, scorer, actual, probability, guessed, parameters)
    return Evaluation(predictions, complete(files, OF_LABELS))


def encoder_answer(probability: Floats) -> Answer[Floats]:
    """The encoder's probabilities, or why it has none that can be assessed."""
    silent = int(np.isnan(probability).any(axis=1).sum())
    if silent:
        return Answer(None, f"the encoder's logits are not finite for {silent} of {len(probability)} test documents")
    return Answer(probability)


def are_predictions(table: pd.DataFrame) -> bool:
    """Whether a table has one label a document, and the probability of each."""
    return {"label", "predicted"} <= set(table) and bool(label_names(table))


def compare(one: pd.DataFrame, other: pd.DataFrame, parameters: EvaluateParameters) -> Compared:
    """Compares the predictions of two runs by their probabilities."""
    labels = label_names(one)
    actual = indices(one, labels)
    bootstrap = Bootstrap(actual, parameters.bootstrap_samples, parameters.confidence, parameters.seed)
    columns = [f"p:{label}" for label in labels]
    answers = {name: Answer(table[columns].to_numpy(dtype=np.float64)) for name, table in (("a", one), ("b", other))}
    verdict = assess_classifiers(answers, partial(metrics_of, actual), labels, SHOWN, bootstrap)
    label, *predicted = (table.to_numpy(dtype=object) for table in (one["label"], one["predicted"], other["predicted"]))
    right, right_too = (each == label for each in predicted)
    return Compared(
        metrics={
            name: (verdict.assessments["a"].overall[name], verdict.assessments["b"].overall[name])
            for name in (*SHOWN, *LOGGED)
        },
        differences=verdict.differences["b"],
        counts=comparison(("a", "b"), right, right_too, {}),
        documents=flips(one["id"].tolist(), label, *predicted),
    )


def label_names(table: pd.DataFrame) -> list[str]:
    """The names of the labels of whose probabilities a table has a column."""
    return [str(column)[2:] for column in table if str(column).startswith("p:")]
