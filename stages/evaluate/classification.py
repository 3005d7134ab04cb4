"""Tables that look at the encoder alone, where each document has one label."""

from typing import Any

import numpy as np
import pandas as pd

from stages.common.documents.choosing import chosen_documents
from stages.common.metrics.calibration import coverage, equal_mass_bins, reliability
from stages.common.metrics.counts import Counts, Floats
from stages.common.metrics.ranking import curve_tables
from stages.common.model.answers import probabilities
from stages.common.model.scorer import Scorer
from stages.evaluate.calibration import diagrams
from stages.evaluate.errors import confused_pairs, suspect_labels, worst_documents
from stages.evaluate.inputs import Inputs
from stages.evaluate.parameters import EvaluateParameters
from stages.evaluate.robustness import robustness
from stages.evaluate.slices import slice_names, slice_table


def encoder_tables(
    inputs: Inputs,
    scorer: Scorer,
    actual: Counts,
    probability: dict[str, Floats],
    baseline: Counts,
    parameters: EvaluateParameters,
) -> dict[str, Any]:
    """Calibration, curves, slices, errors and robustness.

    Args:
        inputs: The splits and what is known of them.
        scorer: The fine-tuned encoder.
        actual: Index of each test document's label, shape (documents,).
        probability: What :func:`stages.evaluate.calibration.versions` gives.
        baseline: Index of the label that the baseline predicts.
        parameters: The section ``evaluate`` of params.yaml.
    """
    test, labels, level = inputs.test, inputs.card.label_names, parameters.confidence
    ids = test["id"].tolist()
    handed_out = probability.get("after", probability["before"])
    predicted = handed_out.argmax(axis=1)

    def diagram(of: Floats) -> pd.DataFrame:
        confidence = of.max(axis=1)
        places = equal_mass_bins(confidence, parameters.calibration.bins)
        return reliability(places, confidence, of.argmax(axis=1) == actual, level)

    slices = slice_names(test, inputs.flags, inputs.annotations, test["label"])
    roc, precision_recall = curve_tables(actual[:, None] == np.arange(len(labels)), handed_out, labels)
    worst = worst_documents(ids, actual, handed_out, labels).head(parameters.listed)
    guessed = pd.Series(np.array(labels, dtype=object)[baseline], index=test["id"])
    tables = {
        "calibration.csv": diagrams(probability, diagram),
        "coverage.csv": coverage(actual, handed_out, level),
        "roc.csv": roc,
        "precision_recall.csv": precision_recall,
        "slices.csv": slice_table(slices, predicted == actual, level),
        "errors.csv": worst.assign(baseline_predicted=worst["id"].map(guessed)),
        "confused_pairs.csv": confused_pairs(actual, predicted, labels, level),
        "suspect_labels.csv": suspect_labels(ids, actual, handed_out, baseline, labels),
    }
    if parameters.robustness.enabled:
        chosen = chosen_documents(ids, parameters.robustness.documents, parameters.seed)

        def predict(documents: pd.DataFrame) -> Counts:
            sure = probabilities(np.asarray(scorer.logits(documents, "perturbed texts")), scorer.inference)
            return np.where(np.isnan(sure).any(axis=1), -1, np.nan_to_num(sure).argmax(axis=1))

        asked = test.iloc[chosen], actual[chosen], predicted[chosen], predict
        tables["robustness.csv"] = robustness(*asked, level, parameters.seed)
    return tables
