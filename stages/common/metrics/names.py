"""The names of metrics: how people call them, whether more of them is better, and what it means if one is undefined."""

from typing import NamedTuple

ABSENT, NEVER = "the test split has no document of this class", "no test document is predicted as this class"
EQUAL = "all predicted or all true numbers are the same"


class Metric(NamedTuple):
    """How a metric is shown and compared.

    Attributes:
        title: What people call it.
        higher_is_better: Whether more of it is better.
        undefined: In words, why a class or a split may have none.
        hub: What the Hugging Face hub calls it in the results of a model card; None if they leave it out.
    """

    title: str
    higher_is_better: bool = True
    undefined: str = "the test split has nothing that it counts"
    hub: str | None = None


METRICS = {
    "accuracy": Metric("accuracy", hub="accuracy"),
    "balanced_accuracy": Metric("balanced accuracy"),
    "macro_precision": Metric("macro precision"),
    "macro_recall": Metric("macro recall"),
    "macro_f1": Metric("macro F1", hub="f1"),
    "micro_precision": Metric("micro precision", undefined=NEVER),
    "micro_recall": Metric("micro recall", undefined=ABSENT),
    "micro_f1": Metric("micro F1", undefined=f"{ABSENT}, and {NEVER}"),
    "weighted_precision": Metric("weighted precision"),
    "weighted_recall": Metric("weighted recall"),
    "weighted_f1": Metric("weighted F1"),
    "matthews_correlation": Metric(
        "Matthews correlation",
        undefined="all test documents are of one class, or predicted as one",
        hub="matthews_correlation",
    ),
    "roc_auc": Metric("ROC AUC", undefined="the test split has no document of this class, or of no other"),
    "average_precision": Metric("average precision", undefined=ABSENT),
    "log_loss": Metric("log loss", higher_is_better=False),
    "loss": Metric("loss", higher_is_better=False),
    "span_precision": Metric("span precision", undefined=NEVER),
    "span_recall": Metric("span recall", undefined=ABSENT),
    "span_f1": Metric("span F1", undefined=f"{ABSENT}, and {NEVER}", hub="f1"),
    "macro_span_f1": Metric("macro span F1"),
    "subset_accuracy": Metric("subset accuracy"),
    "label_ranking_average_precision": Metric("label ranking average precision"),
    "mae": Metric("mean absolute error", higher_is_better=False, hub="mae"),
    "rmse": Metric("root mean squared error", higher_is_better=False),
    "pearson": Metric("Pearson correlation", undefined=EQUAL, hub="pearsonr"),
    "spearman": Metric("Spearman correlation", undefined=EQUAL, hub="spearmanr"),
    "precision": Metric("precision", undefined=NEVER),
    "recall": Metric("recall", undefined=ABSENT),
    "f1": Metric("F1", undefined=f"{ABSENT}, and {NEVER}"),
    "expected_calibration_error": Metric("expected calibration error", higher_is_better=False),
    "expected_calibration_error_equal_width": Metric(
        "expected calibration error, bins of equal width", higher_is_better=False
    ),
    "brier_score": Metric("Brier score", higher_is_better=False),
}


def title(name: str) -> str:
    """How a metric is shown, such as ``macro F1``."""
    return METRICS[name].title


def left_out(name: str, undefined: list[str], classes: int) -> str | None:
    """In words, which classes an average of a metric leaves out; None if it covers all of them.

    Args:
        name: The classes' metric.
        undefined: The names of the classes that have none.
        classes: How many classes there are.
    """
    if not undefined:
        return None
    over = f"the average is over {classes - len(undefined)} of {classes} classes"
    return f"{over}; for {', '.join(undefined)} {METRICS[name].undefined}"
