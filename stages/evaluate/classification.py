"""The test of text classification: every classifier on the test split, and what the encoder's answers are like."""

from typing import Any

import numpy as np
import pandas as pd

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.calibration import (
    Temperature,
    calibration_figures,
    coverage,
    fit_temperature,
    no_calibration,
    probabilities,
    reliability,
)
from stages.common.metrics.counts import Counts, Floats
from stages.common.metrics.ranking import curve_tables
from stages.common.metrics.significance import comparison, flips
from stages.evaluate.assessment import BASELINE, ENCODER, FROZEN, Answer, Verdict, judge
from stages.evaluate.baseline import fit_baseline
from stages.evaluate.encoder import Encoder, Logits, check_outputs
from stages.evaluate.errors import confused_pairs, suspect_labels, worst_documents
from stages.evaluate.frozen import fit_frozen
from stages.evaluate.inputs import Inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.predictions import confusion_pairs, indices, predictions_table
from stages.evaluate.robustness import chosen_documents, robustness
from stages.evaluate.slices import slice_names, slice_table
from stages.evaluate.summaries import class_table, metrics, summary


def evaluate_texts(inputs: Inputs, encoder: Encoder, parameters: EvaluateParameters) -> dict[str, Any]:
    """Tests the encoder beside the plain classifiers.

    Args:
        inputs: The splits and what is known of them.
        encoder: The fine-tuned encoder.
        parameters: The section ``evaluate`` of params.yaml.

    Returns:
        The contents of the files under reports/evaluate/, by name.
    """
    card, test, labels = inputs.card, inputs.test, inputs.card.label_names
    check_outputs(encoder, labels, card)
    texts, actual = test["text"].tolist(), indices(test, labels)
    bootstrap = Bootstrap(actual, parameters.bootstrap_samples, parameters.confidence, parameters.seed)

    logits = encoder.logits(texts, "test split")
    temperature = temperature_of(encoder, inputs, parameters)
    probability = probabilities(logits, temperature.value or 1.0)
    baseline = fit_baseline(inputs.train, inputs.validation, texts, labels, parameters.baseline)
    frozen = None
    if parameters.frozen.enabled:
        frozen = fit_frozen(inputs.train, inputs.validation, texts, labels, parameters)
    answers: dict[str, Answer] = {
        ENCODER: answer_of(probability),
        BASELINE: baseline.probability,
        FROZEN: frozen.probability if frozen else "evaluate.frozen.enabled is false",
    }
    plain = {BASELINE: baseline, FROZEN: frozen}
    verdict = judge(actual, answers, labels, bootstrap)
    predictions = predictions_table(test, probability, answers, labels)
    support = {label: int((test["label"] == label).sum()) for label in labels}
    calibrated = calibration(logits, temperature, answers[ENCODER], actual, parameters, bootstrap)
    contents = {
        "metrics.json": metrics(verdict, len(test), calibrated["after"] or calibrated["before"]),
        "summary.json": summary(card.task, len(test), verdict, support, labels, plain, parameters),
        "per_class.csv": class_table(verdict, support, labels),
        "confusion_matrix.csv": confusion_pairs(predictions),
        "predictions.parquet": predictions,
        **comparisons(test, answers, verdict, labels),
        "calibration.json": calibrated,
    }
    if isinstance(answers[ENCODER], str):
        return contents
    return contents | encoder_tables(inputs, encoder, actual, logits, temperature, baseline.predicted, parameters)


def answer_of(probability: Floats) -> Answer:
    """The encoder's probabilities, or why it has none that can be judged."""
    silent = int(np.isnan(probability).any(axis=1).sum())
    if silent:
        return f"the encoder's logits are not finite for {silent} of {len(probability)} test documents"
    return probability


def temperature_of(encoder: Encoder, inputs: Inputs, parameters: EvaluateParameters) -> Temperature:
    """The temperature by a limited number of validation documents."""
    if not parameters.calibration.enabled:
        return Temperature(None, reason="evaluate.calibration.enabled is false")
    chosen = chosen_documents(inputs.validation["id"].tolist(), parameters.calibration.documents, parameters.seed)
    documents = inputs.validation.iloc[chosen]
    logits = encoder.logits(documents["text"].tolist(), "validation split")
    return fit_temperature(logits, indices(documents, inputs.card.label_names))


def calibration(
    logits: Logits,
    temperature: Temperature,
    answer: Answer,
    actual: Counts,
    parameters: EvaluateParameters,
    bootstrap: Bootstrap,
) -> dict[str, Any]:
    """What calibration.json holds."""
    bins = parameters.calibration.bins
    if isinstance(answer, str):
        return no_calibration(answer, bins)
    before = calibration_figures(actual, probabilities(logits), bins, bootstrap)
    after = calibration_figures(actual, answer, bins, bootstrap) if temperature.value else None
    return {
        "temperature": temperature.value,
        **({"reason": temperature.reason} if temperature.reason else {}),
        "validation_documents": temperature.documents,
        "validation_log_loss": {"before": temperature.before, "after": temperature.after},
        "bins": bins,
        "before": before,
        "after": after,
    }


def comparisons(test: pd.DataFrame, answers: dict[str, Answer], verdict: Verdict, labels: list[str]) -> dict[str, Any]:
    """The encoder beside each other classifier, where both say something: comparison.json and flips.csv."""
    names, actual = np.array(labels, dtype=object), test["label"].to_numpy(dtype=object)
    said = {name: names[answer.argmax(axis=1)] for name, answer in answers.items() if not isinstance(answer, str)}
    encoder = said.pop(ENCODER, None)
    if encoder is None:
        return {"comparison.json": []}
    entries = [
        comparison((ENCODER, name), encoder == actual, other == actual, verdict.differences[name])
        for name, other in said.items()
    ]
    flipped = [flips(test["id"].tolist(), actual, encoder, other).assign(against=name) for name, other in said.items()]
    return {"comparison.json": entries, "flips.csv": pd.concat(flipped, ignore_index=True)}


def encoder_tables(
    inputs: Inputs,
    encoder: Encoder,
    actual: Counts,
    logits: Logits,
    temperature: Temperature,
    baseline: Counts,
    parameters: EvaluateParameters,
) -> dict[str, pd.DataFrame]:
    """The tables that look at the encoder alone."""
    test, labels, level = inputs.test, inputs.card.label_names, parameters.confidence
    ids = test["id"].tolist()
    versions = {"before": probabilities(logits)}
    if temperature.value:
        versions["after"] = probabilities(logits, temperature.value)
    probability = versions.get("after", versions["before"])
    predicted = probability.argmax(axis=1)
    bins = parameters.calibration.bins
    diagram = [reliability(actual, found, bins, level).assign(version=name) for name, found in versions.items()]
    roc, precision_recall = curve_tables(actual, probability, labels)
    worst = worst_documents(ids, actual, probability, labels).head(parameters.listed)
    said = pd.Series(np.array(labels, dtype=object)[baseline], index=test["id"])
    tables = {
        "calibration.csv": pd.concat(diagram, ignore_index=True),
        "coverage.csv": coverage(actual, probability, level),
        "roc.csv": roc,
        "precision_recall.csv": precision_recall,
        "slices.csv": slice_table(slice_names(test, inputs.flags, inputs.annotations), predicted == actual, level),
        "errors.csv": worst.assign(baseline_predicted=worst["id"].map(said)),
        "confused_pairs.csv": confused_pairs(actual, predicted, labels, level),
        "suspect_labels.csv": suspect_labels(ids, actual, probability, baseline, labels),
    }
    if parameters.robustness.enabled:
        chosen = chosen_documents(ids, parameters.robustness.documents, parameters.seed)

        def predict(texts: list[str]) -> Counts:
            found = encoder.logits(texts, "perturbed texts")
            return np.where(np.isfinite(found).all(axis=1), np.nan_to_num(found).argmax(axis=1), -1)

        asked = test.iloc[chosen], actual[chosen], predicted[chosen], predict
        tables["robustness.csv"] = robustness(*asked, level, parameters.seed)
    return tables
