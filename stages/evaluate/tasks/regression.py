"""The test of texts with a number each, beside ridge regression on TF-IDF and beside the training documents' mean."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from stages.common.core.messages import UserError, progress
from stages.common.documents.targets import value_strata
from stages.common.metrics.bootstrap import Bootstrap, Compute, together
from stages.common.metrics.counts import Floats
from stages.common.metrics.regression import correlation_metrics, error_metrics, quantile_table
from stages.common.model.answers import values
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_of
from stages.evaluate.assessment import BASELINE, ENCODER, Answer, assess_classifiers
from stages.evaluate.baseline import text_features
from stages.evaluate.inputs import Inputs
from stages.evaluate.logistic import PlainModel
from stages.evaluate.parameters import BaselineParameters, EvaluateParameters
from stages.evaluate.results import Compared, Evaluation, complete
from stages.evaluate.slices import error_slice_table, slice_names
from stages.evaluate.summaries import headline_metrics, summary

SHOWN = ("mae", "rmse", "pearson", "spearman")
MEAN = "mean"
TABLES = ("values.csv", "quantiles.csv", "error_slices.csv", "value_errors.csv")
LISTED = 10  # documents on which two runs differ most


def check_documents(documents: pd.DataFrame, labels: Sequence[str], where: Path) -> None:
    """Makes sure that each document has a number."""
    missing = documents.loc[~np.isfinite(documents["value"]), "id"]
    if len(missing):
        raise UserError(
            f"{where}: document {missing.iloc[0]!r} has no number.", "Make the split again with `dvc repro -f split`."
        )


def metrics_of(actual: Floats, predicted: Floats) -> Compute:
    """All metrics of a method.

    Args:
        actual: The true numbers, shape (documents,).
        predicted: The predicted ones.
    """
    return together(error_metrics(actual, predicted), correlation_metrics(actual, predicted))


def evaluate(inputs: Inputs, scorer: Scorer, parameters: EvaluateParameters) -> Evaluation:
    """Tests the encoder beside ridge regression and beside the training documents' mean."""
    card, test = inputs.card, inputs.test
    actual = test["value"].to_numpy(dtype=np.float64)
    bootstrap = Bootstrap(
        np.zeros(len(test), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )

    predicted = values(np.asarray(scorer.logits(test, "test split")), scorer.inference)
    baseline, model = fit_baseline(inputs, parameters.baseline)
    answers = {
        ENCODER: encoder_answer(predicted),
        BASELINE: Answer(baseline),
        MEAN: Answer(np.full(len(test), inputs.train["value"].mean())),
    }
    verdict = assess_classifiers(answers, partial(metrics_of, actual), [], SHOWN, bootstrap)
    files: dict[str, Any] = {
        "metrics.json": headline_metrics(verdict, len(test), SHOWN, task_of(card).headline),
        "summary.json": summary(card.task, len(test), verdict, {}, [], {BASELINE: model}, parameters),
    }
    if answers[ENCODER].content is not None:
        error = np.abs(predicted - actual)
        slices = slice_names(test, inputs.flags, inputs.annotations, value_strata(test["value"]).rename("value"))
        files |= {
            "values.csv": pd.DataFrame({"actual": actual, "predicted": predicted}),
            "quantiles.csv": quantile_table(actual, predicted, parameters.calibration.bins, bootstrap),
            "error_slices.csv": error_slice_table(slices, error, bootstrap),
            "value_errors.csv": largest_errors(test, predicted, baseline).head(parameters.listed),
        }
    return Evaluation(predictions_table(test, predicted, baseline), complete(files, TABLES))


def encoder_answer(predicted: Floats) -> Answer[Floats]:
    """The encoder's numbers, or why it has none that can be assessed."""
    silent = int(np.isnan(predicted).sum())
    if silent:
        return Answer(None, f"the encoder's outputs are not finite for {silent} of {len(predicted)} test documents")
    return Answer(predicted)


def fit_baseline(inputs: Inputs, settings: BaselineParameters) -> tuple[Floats, PlainModel]:
    """Ridge regression on TF-IDF, with the penalty that has the smallest mean absolute error on validation.

    Args:
        inputs: The splits.
        settings: The baseline's settings; an inverse penalty c is ridge's alpha of 1 / c.

    Returns:
        What it predicts for the test documents, and how it was made.
    """
    features = text_features(inputs, settings)
    train, validation = (split["value"].to_numpy(dtype=np.float64) for split in (inputs.train, inputs.validation))
    models, scores = {}, {}
    for c in progress(sorted(set(settings.c)), "baseline", "penalty"):
        with threadpool_limits(limits=1):
            models[c] = Ridge(alpha=1 / c).fit(features.train, train)
        scores[c] = float(np.abs(models[c].predict(features.validation) - validation).mean())
    best = min(scores, key=scores.__getitem__)  # the first, which is the strongest penalty, wins a tie
    made = PlainModel(features.train.shape[1], len(train), best, "mae", scores)
    return np.asarray(models[best].predict(features.test), dtype=np.float64), made


def largest_errors(test: pd.DataFrame, predicted: Floats, baseline: Floats) -> pd.DataFrame:
    """The documents by the encoder's absolute error, the largest first.

    Returns:
        Columns id, value, predicted, error (predicted minus true), baseline_predicted.
    """
    table = pd.DataFrame(
        {
            "id": test["id"].to_numpy(),
            "value": test["value"].to_numpy(),
            "predicted": predicted,
            "error": predicted - test["value"].to_numpy(),
            "baseline_predicted": baseline,
        }
    )
    order = table.assign(size=table["error"].abs()).sort_values(["size", "id"], ascending=[False, True])
    return order.drop(columns="size").reset_index(drop=True)


def predictions_table(test: pd.DataFrame, predicted: Floats, baseline: Floats) -> pa.Table:
    """The table of predictions: id, value, predicted (null where the encoder has none), baseline_predicted."""
    return pa.table(
        {
            "id": pa.array(test["id"], type=pa.string(), from_pandas=True),
            "value": pa.array(test["value"], type=pa.float64()),
            "predicted": pa.array(predicted, type=pa.float64(), from_pandas=True),
            "baseline_predicted": pa.array(baseline, type=pa.float64()),
        }
    )


def are_predictions(table: pd.DataFrame) -> bool:
    """Whether a table has a number a document."""
    return {"value", "predicted"} <= set(table)


def compare(one: pd.DataFrame, other: pd.DataFrame, parameters: EvaluateParameters) -> Compared:
    """Compares the predictions of two runs by their errors."""
    actual = one["value"].to_numpy(dtype=np.float64)
    predicted = [table["predicted"].to_numpy(dtype=np.float64) for table in (one, other)]
    bootstrap = Bootstrap(
        np.zeros(len(one), dtype=np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
    )
    answers = {"a": Answer(predicted[0]), "b": Answer(predicted[1])}
    verdict = assess_classifiers(answers, partial(metrics_of, actual), [], SHOWN, bootstrap)
    apart = np.abs(predicted[0] - actual) - np.abs(predicted[1] - actual)
    order = np.argsort(-np.abs(apart), kind="stable")[:LISTED]
    shown = {"label": actual, "encoder": predicted[0], "other": predicted[1]}
    numbers = {name: [f"{number:.4g}" for number in each[order]] for name, each in shown.items()}
    return Compared(
        metrics={
            name: (verdict.assessments["a"].overall[name], verdict.assessments["b"].overall[name]) for name in SHOWN
        },
        differences=verdict.differences["b"],
        counts={},
        documents=pd.DataFrame({"id": one["id"].to_numpy()[order], **numbers}),
    )
