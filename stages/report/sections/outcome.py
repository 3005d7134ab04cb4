"""The sections about the encoder: how it was trained, what the test split says of it, what it costs."""

from typing import Any

import pandas as pd

from stages.report import evaluation_plots, plots
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters
from stages.report.results import confusion, figure_rows, with_texts

MOST_CLASSES = 40  # that a plot or the confusion matrix holds; tables list all
MOST_CURVES = 6
COVERAGE = (0.5, 0.8, 0.9, 0.95, 1.0)  # shares of answered documents that the table shows, as near as there are any
VERDICTS = {
    "better": "The encoder beats the baseline.",
    "worse": "The encoder does worse than the baseline.",
    "no clear difference": "The encoder does not clearly beat the baseline.",
    "unknown": "Whether the encoder beats the baseline cannot be told:",
}


def summary(results: Results) -> dict[str, Any]:
    """The headline: what runs are compared by, with intervals, and whether the encoder beats the baseline."""
    figure = "span_f1" if "span_f1" in results.metrics["encoder"] else "macro_f1"
    titles = {"encoder": "Test", "baseline": "Baseline", "frozen": "Frozen encoder"}
    validation = results.summaries["finetune"]["validation"]
    compared_by = "entity_f1" if "entity_f1" in validation else "macro_f1"
    compared = {titles[name]: results.metrics[name][figure] for name in classifiers(results)}
    return {
        "figure": {"span_f1": "span F1", "macro_f1": "macro F1"}[figure],
        "accuracy": results.metrics["encoder"]["accuracy"],
        "compared": compared,
        "difference": results.metrics["difference"][figure],
        "outcome": results.metrics["encoder_vs_baseline"],
        "verdict": VERDICTS[results.metrics["encoder_vs_baseline"]],
        "compared_by": compared_by.replace("_f1", " F1"),
        "validation": validation[compared_by],
    }


def classifiers(results: Results) -> list[str]:
    """The classifiers that were tested, by name, the encoder first."""
    return ["encoder", "baseline", *(["frozen"] if results.summaries["evaluate"].get("frozen_model") else [])]


def training(results: Results) -> dict[str, Any]:
    """How the training went."""
    summary, curves = results.summaries["finetune"], results.curves
    figures = {
        name.removeprefix("validation/").replace("_", " ").replace("f1", "F1"): curve
        for name, curve in curves.items()
        if name.startswith("validation/") and name != "validation/loss"
    }
    return {
        "summary": summary,
        "loss_plot": plots.training_loss(curves["train/loss"], curves["validation/loss"]),
        "validation_plot": plots.validation_figures(figures, summary["best_epoch"]),
    }


def evaluation(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """The classifiers on the test split: overall, document by document, for each class, what was taken for what."""
    summary, names = results.summaries["evaluate"], classifiers(results)
    rows = confusion(results.tables["confusion_matrix"], corpus.card.label_names)
    flips = results.tables["flips"][results.tables["flips"]["against"] == "baseline"]
    plotted = sorted(summary["classes"], key=lambda row: -row["support"])[:MOST_CLASSES]
    ranked = sorted(
        (row for row in plotted if row["encoder"].get("average_precision", {}).get("value") is not None),
        key=lambda row: row["encoder"]["average_precision"]["value"],
    )[:MOST_CURVES]
    return {
        "classifiers": names,
        "figures": figure_rows(summary, results.metrics, names),
        "baseline": summary["baseline_model"],
        "frozen": summary.get("frozen_model"),
        "classes": summary["classes"],
        "tokens": summary.get("tokens", []),
        "most_classes": MOST_CLASSES,
        "plotted": len(plotted),
        "curves": len(ranked),
        "f1_plot": evaluation_plots.class_figures(plotted, names),
        "curve_plots": _curve_plots(results, ranked),
        "confusion": rows if len(rows) <= MOST_CLASSES else [],
        "comparison": results.comparison,
        "flip_count": len(flips),
        "flips": with_texts(flips, corpus.splits["test"], parameters.errors, parameters.excerpt_characters),
    }


def _curve_plots(results: Results, ranked: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {
        "ROC curve": ("roc", ("false_positive_rate", "true_positive_rate"), "roc_auc", "Area under the curve"),
        "Precision and recall": ("precision_recall", ("recall", "precision"), "average_precision", "Average precision"),
    }
    made = {}
    for title, (name, axes, figure, area) in kinds.items():
        areas = {row["label"]: row["encoder"][figure]["value"] for row in ranked}
        if areas:
            made[title] = evaluation_plots.class_curves(name, results.tables[name], axes, areas, area)
    return made


def calibration(results: Results) -> dict[str, Any]:
    """How well the encoder's probabilities fit, and how right it is where it is surest."""
    bins, coverage = results.tables["calibration"], results.tables["coverage"]
    nearest = [(coverage["coverage"] - share).abs().idxmin() for share in COVERAGE] if len(coverage) else []
    return {
        "summary": results.calibration,
        "reliability_plot": evaluation_plots.reliability(bins) if len(bins) else None,
        "coverage_plot": evaluation_plots.coverage(coverage) if len(coverage) else None,
        "coverage": coverage.loc[list(dict.fromkeys(nearest))].to_dict("records"),
    }


def robustness(results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What perturbed texts cost, and on which parts of the test split the encoder does worse."""
    drops, slices = results.tables["robustness"], results.tables["slices"]
    worst = slices.head(parameters.listed)
    overall = results.metrics["encoder"]["accuracy"]["value"]
    if results.summaries["evaluate"]["task"] != "text-classification":
        overall = None  # it is the accuracy of tokens, a slice's is of documents
    return {
        "drops": drops.to_dict("records"),
        "drop_plot": _interval_plot(drops, "perturbation", "drop", "Accuracy that each perturbation costs.", 0.0),
        "slices": worst.to_dict("records"),
        "slice_count": len(slices),
        "slice_plot": _interval_plot(
            worst.assign(name=worst["feature"] + ": " + worst["slice"]),
            "name",
            "accuracy",
            "Accuracy on the worst slices.",
            overall,
        ),
        "overall": overall,
    }


def _interval_plot(rows: pd.DataFrame, label: str, figure: str, said: str, reference: float | None) -> Any:
    if rows.empty:
        return None
    names = {label: "label", figure: "value", f"{figure}_low": "low", f"{figure}_high": "high"}
    chosen = rows[list(names)].rename(columns=names)
    title = {"drop": "accuracy lost, with its interval", "accuracy": "accuracy, with its interval"}[figure]
    return evaluation_plots.intervals(figure, said, chosen, title, reference)


def errors(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What the encoder got wrong, the worst first; the classes it confuses; labels that may be wrong themselves."""
    tables, test, characters = results.tables, corpus.splits["test"], parameters.excerpt_characters
    pairs = tables["confusion_matrix"]
    listed = tables["errors"]
    wrong = listed[listed["label"] != listed["predicted"]]
    return {
        "count": int((pairs["actual"] != pairs["predicted"]).sum()),
        "shown": with_texts(wrong, test, parameters.errors, characters),
        "pairs": tables["confused_pairs"].head(parameters.listed).to_dict("records"),
        "pair_count": len(tables["confused_pairs"]),
        "suspects": with_texts(tables["suspect_labels"], test, parameters.listed, characters),
        "suspect_count": len(tables["suspect_labels"]),
    }
