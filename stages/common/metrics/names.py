"""The names of metrics: how people call them, and whether more of them is better."""

from typing import NamedTuple


class Metric(NamedTuple):
    """How a metric is shown and compared."""

    title: str
    higher_is_better: bool = True


METRICS = {
    "accuracy": Metric("accuracy"),
    "balanced_accuracy": Metric("balanced accuracy"),
    "macro_precision": Metric("macro precision"),
    "macro_recall": Metric("macro recall"),
    "macro_f1": Metric("macro F1"),
    "micro_precision": Metric("micro precision"),
    "micro_recall": Metric("micro recall"),
    "micro_f1": Metric("micro F1"),
    "weighted_precision": Metric("weighted precision"),
    "weighted_recall": Metric("weighted recall"),
    "weighted_f1": Metric("weighted F1"),
    "matthews_correlation": Metric("Matthews correlation"),
    "roc_auc": Metric("ROC AUC"),
    "average_precision": Metric("average precision"),
    "log_loss": Metric("log loss", higher_is_better=False),
    "loss": Metric("loss", higher_is_better=False),
    "span_precision": Metric("span precision"),
    "span_recall": Metric("span recall"),
    "span_f1": Metric("span F1"),
    "macro_span_f1": Metric("macro span F1"),
    "subset_accuracy": Metric("subset accuracy"),
    "label_ranking_average_precision": Metric("label ranking average precision"),
    "mae": Metric("mean absolute error", higher_is_better=False),
    "rmse": Metric("root mean squared error", higher_is_better=False),
    "pearson": Metric("Pearson correlation"),
    "spearman": Metric("Spearman correlation"),
    "precision": Metric("precision"),
    "recall": Metric("recall"),
    "f1": Metric("F1"),
    "expected_calibration_error": Metric("expected calibration error", higher_is_better=False),
    "expected_calibration_error_equal_width": Metric(
        "expected calibration error, bins of equal width", higher_is_better=False
    ),
    "brier_score": Metric("Brier score", higher_is_better=False),
}


def title(name: str) -> str:
    """How a metric is shown, such as ``macro F1``."""
    return METRICS[name].title
