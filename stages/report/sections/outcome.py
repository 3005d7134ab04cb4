"""The sections about the encoder: how it was trained, what the test split says of it, what it costs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.common.metrics.names import METRICS, title
from stages.common.tasks import task_of
from stages.report import evaluation_plots, plots
from stages.report.examples import some
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters
from stages.report.results import confusion, metric_rows, metric_title, with_spans, with_texts

MOST_CLASSES = 40  # that a plot or the confusion matrix holds; tables list all
MOST_CURVES = 6
MOST_POINTS = 300  # of the plot of predicted and true numbers
COVERAGE = (0.5, 0.8, 0.9, 0.95, 1.0)  # shares of answered documents that the table shows, as near as there are any
CLASSIFIERS = {
    "encoder": "Encoder",
    "baseline": "Baseline",
    "frozen": "Frozen encoder",
    "most_frequent": "Most frequent tag",
    "mean": "Training mean",
}
FEWEST_CHANGED = 100  # texts that a perturbation changed, of which something can be claimed
UNKNOWN_TOO_MANY = 0.05  # share of unknown tokens; sound texts in a model's language have next to none
VERDICTS = {
    "better": "The encoder beats the {other}.",
    "worse": "The encoder does worse than the {other}.",
    "no clear difference": "The encoder does not clearly beat the {other}.",
    "unknown": "Whether the encoder beats the {other} cannot be told:",
}
DOES = {  # what the encoder does, by what its answer is
    "label": "sorts {inputs} into {labels} classes",
    "labels": "gives {inputs} any of {labels} labels",
    "tags": "finds entities of {labels} types",
    "value": "gives {inputs} a number",
}
ERRORS = {  # the lists of wrong answers, of which a run has one, and their columns
    "errors": {
        "label": "True class",
        "predicted": "Predicted class",
        "loss": "Loss",
        "baseline_predicted": "Baseline",
    },
    "label_errors": {
        "labels": "True labels",
        "predicted": "Predicted labels",
        "missed": "Missed",
        "added": "Added",
        "loss": "Loss",
        "baseline_predicted": "Baseline",
    },
    "value_errors": {
        "value": "True number",
        "predicted": "Predicted number",
        "error": "Error",
        "baseline_predicted": "Baseline",
    },
}
SLICES = {"slices": "accuracy", "error_slices": "mae"}  # the lists of slices, of which a run has one, and their metric


def summary(corpus: Corpus, results: Results) -> dict[str, Any]:
    """The headline: what runs are compared by, with intervals, and whether the encoder beats the baseline."""
    task, metrics = task_of(corpus.card), results.metrics
    titles = CLASSIFIERS | {"encoder": "Test"}
    headline, others = task.headline, [name for name in metrics["encoder"] if name != task.headline]
    compared = [(f"{titles[name]} {title(headline)}", metrics[name][headline]) for name in classifiers(results)]
    beside = [(f"Test {title(name)}", metrics["encoder"][name]) for name in others]
    verdict = metrics.get("stronger") or {
        "name": "baseline",
        "outcome": metrics["encoder_vs_baseline"],
        "difference": metrics["difference"][headline],
    }
    other = CLASSIFIERS[verdict["name"]].lower()
    inputs = "pairs of texts" if len(task.inputs) > 1 else "documents"
    return {
        "does": DOES[task.answer].format(inputs=inputs, labels=len(corpus.card.labels)),
        "headline": title(headline),
        "less_is_better": not task.higher_is_better,
        "metrics": [compared[0], *beside, *compared[1:]],
        "other": other,
        "difference": verdict["difference"],
        "outcome": verdict["outcome"],
        "verdict": VERDICTS.get(verdict["outcome"], f"The encoder against the {{other}}: {verdict['outcome']}.").format(
            other=other
        ),
        "validation": results.summaries["finetune"]["validation"][headline],
    }


def classifiers(results: Results) -> list[str]:
    """The classifiers that were tested, by name, the encoder first."""
    tested = [name for name in CLASSIFIERS if name in results.metrics]
    return [name for name in tested if name != "frozen" or results.summaries["evaluate"].get("frozen_model")]


def training(corpus: Corpus, results: Results) -> dict[str, Any]:
    """How the training went."""
    summary, curves = results.summaries["finetune"], results.curves
    metrics = {
        title(name.removeprefix("validation/")): curve
        for name, curve in curves.items()
        if name.startswith("validation/") and name != "validation/loss"
    }
    return {
        "summary": summary,
        "unknown_too_many": summary.get("unknown_share", 0.0) >= UNKNOWN_TOO_MANY,
        "best": title(task_of(corpus.card).headline),
        "validation": _titled(summary["validation"]),
        "teacher": _titled(summary["distil"]["teacher"]["validation"]) if "distil" in summary else {},
        "loss_plot": plots.training_loss(curves["train/loss"], curves["validation/loss"]),
        "validation_plot": plots.validation_metrics(metrics, summary["best_epoch"]) if metrics else None,
    }


def _titled(metrics: Mapping[str, float]) -> dict[str, float]:
    return {title(name): value for name, value in metrics.items()}


def evaluation(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """The classifiers on the test split: overall, document by document, for each class, what was taken for what."""
    summary, names = results.summaries["evaluate"], classifiers(results)
    classes = summary.get("classes") or []
    rows = confusion(results.tables["confusion_matrix"], corpus.card.label_names)
    flips = results.tables["flips"][results.tables["flips"]["against"] == "baseline"]
    plotted = sorted(classes, key=lambda row: -row["support"])[:MOST_CLASSES]
    ranked = sorted(
        (row for row in plotted if row["encoder"].get("average_precision", {}).get("value") is not None),
        key=lambda row: row["encoder"]["average_precision"]["value"],
    )[:MOST_CURVES]
    values = results.tables["values"].dropna()
    points = some(values.assign(id=values.index.astype("str")), MOST_POINTS, parameters.seed)
    return {
        "titles": CLASSIFIERS,
        "classifiers": names,
        "metrics": metric_rows(summary, results.metrics, names, task_of(corpus.card).headline),
        "baseline": _plain_model(summary.get("baseline_model")),
        "frozen": summary.get("frozen_model"),
        "classes": classes,
        "thresholds": dict(zip(corpus.card.label_names, summary.get("thresholds") or [], strict=False)),
        "tokens": summary.get("tokens") or [],
        "most_classes": MOST_CLASSES,
        "plotted": len(plotted),
        "curves": len(ranked),
        "f1_plot": evaluation_plots.class_metrics(plotted, names) if plotted else None,
        "curve_plots": _curve_plots(results, ranked),
        "value_plot": evaluation_plots.predicted_and_true(points[["actual", "predicted"]]) if len(points) else None,
        "points": len(points),
        "value_count": len(values),
        "confusion": rows if len(rows) <= MOST_CLASSES else [],
        "confusable": len(rows),
        "comparison": results.comparison,
        "compared": _compared(results.comparison),
        "flip_count": len(flips),
        "flips": with_texts(
            with_spans(flips, corpus.splits["test"], ("label", "encoder", "other")),
            corpus.splits["test"],
            parameters.errors,
            parameters.excerpt_characters,
        ),
    }


def _plain_model(model: dict[str, Any] | None) -> dict[str, Any] | None:
    """How the baseline was made: features, c, and the validation metric of each penalty that was tried."""
    if not model:
        return None
    (chosen_by,) = (name for name in model if name.startswith("validation_"))
    return {**model, "metric": title(chosen_by.removeprefix("validation_")), "scores": model[chosen_by]}


def _compared(comparison: list[dict[str, Any]]) -> dict[str, str]:
    """The metrics whose differences a comparison holds, with their titles."""
    return {name: metric_title(name) for name in METRICS if comparison and name in comparison[0]}


def _curve_plots(results: Results, ranked: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {
        "ROC curve": ("roc", ("false_positive_rate", "true_positive_rate"), "roc_auc", "Area under the curve"),
        "Precision and recall": ("precision_recall", ("recall", "precision"), "average_precision", "Average precision"),
    }
    made = {}
    for name, (table, axes, metric, area) in kinds.items():
        areas = {row["label"]: row["encoder"][metric]["value"] for row in ranked}
        if areas and len(results.tables[table]):
            made[name] = evaluation_plots.class_curves(table, results.tables[table], axes, areas, area)
    return made


def calibration(results: Results) -> dict[str, Any]:
    """How well the encoder's probabilities or numbers fit, and how right it is where it is surest; empty if unknown."""
    bins, coverage, quantiles = (results.tables[name] for name in ("calibration", "coverage", "quantiles"))
    nearest = [(coverage["coverage"] - share).abs().idxmin() for share in COVERAGE] if len(coverage) else []
    shown = results.calibration if _is_known(results.calibration.get("before")) else {}
    if not shown and bins.empty and coverage.empty and quantiles.empty:
        return {}
    versions = {"before": "Before the temperature" if _is_known(shown.get("after")) else "Encoder", "after": "After it"}
    found = {titled: shown[version] for version, titled in versions.items() if _is_known(shown.get(version))}
    losses = [shown[version]["log_loss"]["value"] for version in versions if "log_loss" in (shown.get(version) or {})]
    return {
        "summary": shown,
        "worsened": losses if len(losses) == 2 and None not in losses and losses[1] > losses[0] else None,
        "versions": found,
        "metrics": {name: metric_title(name) for name in METRICS if found and name in shown["before"]},
        "reliability_plot": evaluation_plots.reliability(bins) if len(bins) else None,
        "coverage_plot": evaluation_plots.coverage(coverage) if len(coverage) else None,
        "coverage": coverage.loc[list(dict.fromkeys(nearest))].to_dict("records"),
        "quantile_plot": evaluation_plots.quantile_calibration(quantiles) if len(quantiles) else None,
        "quantiles": quantiles.to_dict("records"),
    }


def _is_known(metrics: dict[str, Any] | None) -> bool:
    return metrics is not None and any(metric["value"] is not None for metric in metrics.values())


def robustness(results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What perturbed texts cost, and on which slices of the test split the encoder does worse; empty if unknown."""
    drops = results.tables["robustness"]
    listed = next((name for name in SLICES if len(results.tables[name])), "slices")
    slices, metric = results.tables[listed], SLICES[listed]
    if drops.empty and slices.empty:
        return {}
    ends = {metric: "value", f"{metric}_low": "low", f"{metric}_high": "high"}
    worst = slices.head(parameters.listed).rename(columns=ends)
    encoder = results.metrics["encoder"]
    of_documents = encoder.get("subset_accuracy", encoder.get(metric, {"value": None}))
    overall = None if results.summaries["evaluate"].get("tokens") else of_documents["value"]
    drawn = worst.assign(label=worst["feature"] + ": " + worst["slice"])
    ends = {"perturbation": "label", "drop": "value", "drop_low": "low", "drop_high": "high"}
    lost = drops[drops["changed"] > 0].rename(columns=ends)
    return {
        "drops": drops.to_dict("records"),
        "fewest": FEWEST_CHANGED,
        "too_few": bool(drops["changed"].between(1, FEWEST_CHANGED - 1).any()),
        "drop_plot": _interval_plot("drop", lost, "Accuracy that each perturbation costs.", "accuracy lost", 0.0),
        "slices": worst.to_dict("records"),
        "slice_count": len(slices),
        "metric": metric_title(metric),
        "slice_plot": _interval_plot("slices", drawn, f"On the worst slices, {title(metric)}.", title(metric), overall),
        "overall": overall,
    }


def _interval_plot(name: str, rows: pd.DataFrame, said: str, metric: str, reference: float | None) -> Any:
    return (
        evaluation_plots.intervals(name, said, rows, f"{metric}, with its interval", reference) if len(rows) else None
    )


def errors(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What the encoder got wrong, the worst first; the classes it confuses; labels that may be wrong themselves."""
    tables, test, characters = results.tables, corpus.splits["test"], parameters.excerpt_characters
    name = next((name for name in ERRORS if len(tables[name])), "errors")
    listed = tables[name]
    headline = results.metrics["encoder"][task_of(corpus.card).headline]
    if name == "errors":
        listed = listed[listed["label"] != listed["predicted"]]
    return {
        "unknown": headline["reason"] if headline["value"] is None else None,
        "count": _count(results),
        "columns": ERRORS[name],
        "shown": with_texts(listed, test, parameters.errors, characters),
        "listed": len(listed),
        "pairs": tables["confused_pairs"].head(parameters.listed).to_dict("records"),
        "pair_count": len(tables["confused_pairs"]),
        "suspects": with_texts(tables["suspect_labels"], test, parameters.listed, characters),
        "suspect_count": len(tables["suspect_labels"]),
    }


def _count(results: Results) -> int | None:
    """How many documents or tokens the encoder got wrong; None where answers are neither right nor wrong."""
    pairs, metrics = results.tables["confusion_matrix"], results.metrics
    if len(pairs):
        return int((pairs["actual"] != pairs["predicted"]).sum())
    right = metrics["encoder"].get("subset_accuracy", {"value": None})["value"]
    return None if right is None else round(metrics["documents"] * (1 - right))
