"""What the sections of the page name, gathered from the documents and from the small files under reports/."""

from typing import Any

from stages.common.documents import ORIGINAL
from stages.report import plots
from stages.report.composition import class_counts, length_shares, lengths, words_per_document
from stages.report.examples import by_method, by_rule, changed_by_cleaning
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters
from stages.report.results import confusion, figure_rows, worst_errors
from stages.report.word_clouds import CANVAS, word_clouds

# The sections in the order of the page: the anchor, which is the name of the template too, and the title.
SECTIONS = {
    "summary": "Summary",
    "data": "Data",
    "cleaning": "Cleaning",
    "augmentation": "Augmentation",
    "training": "Training",
    "results": "Results",
    "errors": "Worst errors",
    "environment": "Environment",
    "reproduction": "How to reproduce it",
}


def data(corpus: Corpus, parameters: ReportParameters) -> dict[str, Any]:
    """Where the documents went, what the splits are made of, and the words of each class."""
    words = {split: words_per_document(documents) for split, documents in corpus.splits.items()}
    counts = class_counts(corpus.splits, {label.name: label.definition for label in corpus.card.labels})
    return {
        "flow": {
            "raw": len(corpus.raw),
            "clean": len(corpus.clean),
            "augmented": len(corpus.augmented),
            "splits": sum(len(documents) for documents in corpus.splits.values()),
            "rejected": {stage: len(rows) for stage, rows in corpus.rejected.items()},
        },
        "splits": list(corpus.splits),
        "class_counts": counts,
        "lengths": lengths(corpus.splits, words),
        "left_out": by_rule(corpus.rejected["split"], 1, parameters.excerpt_characters, parameters.seed),
        "clouds": word_clouds(
            corpus.splits["train"], corpus.card.label_names, parameters.word_cloud_words, parameters.seed
        ),
        "canvas": CANVAS,
        "class_plot": plots.class_distribution(counts),
        "length_plot": plots.length_distribution(*length_shares(words)),
    }


def cleaning(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What cleaning changed, dropped and remarked on, with examples."""
    shown = parameters.examples, parameters.excerpt_characters, parameters.seed
    texts = corpus.clean[["id", "text", "label"]]
    changed_words, changed_spaces = changed_by_cleaning(corpus.raw, corpus.clean, *shown)
    return {
        "summary": results.summaries["clean"],
        "changed_words": changed_words,
        "changed_spaces": changed_spaces,
        "unread": by_rule(corpus.rejected["download"], *shown),
        "dropped": by_rule(corpus.rejected["clean"], *shown),
        "flagged": by_rule(corpus.flags.merge(texts, on="id", how="left"), *shown),
    }


def augmentation(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What each method made, with examples, and how much of it is trained on."""
    shown = parameters.examples, parameters.excerpt_characters, parameters.seed
    return {
        "summary": results.summaries["augment"],
        "methods": by_method(corpus.augmented, *shown),
        "trained_on": int((corpus.splits["train"]["method"] != ORIGINAL).sum()),
    }


def training(results: Results) -> dict[str, Any]:
    """How the training went."""
    summary, curves = results.summaries["finetune"], results.curves
    figures = {"accuracy": curves["validation/accuracy"], "macro F1": curves["validation/macro_f1"]}
    return {
        "summary": summary,
        "loss_plot": plots.training_loss(curves["train/loss"], curves["validation/loss"]),
        "validation_plot": plots.validation_figures(figures, summary["best_epoch"]),
    }


def evaluation(corpus: Corpus, results: Results) -> dict[str, Any]:
    """Encoder and baseline on the test split: overall, for each class, and what was taken for what."""
    summary = results.summaries["evaluate"]
    columns, rows = confusion(results.predictions, corpus.card.label_names)
    return {
        "figures": figure_rows(summary, results.metrics),
        "baseline": summary["baseline_model"],
        "classes": summary["classes"],
        "confusion_columns": columns,
        "confusion_rows": rows,
        "f1_plot": plots.class_f1(summary["classes"]),
    }


def errors(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """The test documents that the encoder got wrong, the worst first."""
    wrong, shown = worst_errors(
        results.predictions, corpus.splits["test"], parameters.errors, parameters.excerpt_characters
    )
    return {"count": wrong, "shown": shown}
