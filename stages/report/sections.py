"""What the sections of the page name, gathered from the documents and from the small files under reports/."""

from typing import Any

import pandas as pd

from stages.common.documents import ORIGINAL
from stages.report import plots
from stages.report.clusters import find_clusters
from stages.report.composition import class_counts, length_shares, lengths, words_per_document
from stages.report.examples import by_changing_rule, by_method, by_rule
from stages.report.excerpts import excerpt
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters
from stages.report.results import confusion, figure_rows, worst_errors
from stages.report.word_clouds import CANVAS, word_clouds

# The sections in the order of the page: the anchor, which is the name of the template too, and the title.
SECTIONS = {
    "summary": "Summary",
    "data": "Data",
    "cleaning": "Cleaning",
    "labels": "Labels",
    "augmentation": "Augmentation",
    "training": "Training",
    "results": "Results",
    "errors": "Worst errors",
    "environment": "Environment",
    "reproduction": "How to reproduce it",
}
COMPARING = ("contradictions", "duplicates", "near_duplicates")  # the rules of cleaning that compare documents
SECRET = ("private_data", "emails")  # rules whose finds are counted but not shown


def data(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """Where the documents went, what the splits are made of, and the words of each class."""
    words = {split: words_per_document(documents) for split, documents in corpus.splits.items()}
    counts = class_counts(corpus.splits, {label.name: label.definition for label in corpus.card.labels})
    summaries, rejected = results.summaries, {stage: len(rows) for stage, rows in corpus.rejected.items()}
    in_splits = sum(split["originals"] + split["variants"] for split in summaries["split"]["splits"].values())
    return {
        "flow": [
            ("downloaded", summaries["clean"]["documents_in"], rejected["download"]),
            ("cleaned", len(corpus.clean), rejected["clean"]),
            ("with the pool of variants", len(corpus.augmented), rejected["augment"]),
            ("in the splits", in_splits, rejected["split"]),
            ("after the audit of labels", sum(map(len, corpus.splits.values())), rejected["audit"]),
        ],
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
    """What cleaning changed, dropped and remarked on, with examples; what is repeated, and what leaks."""
    shown = parameters.examples, parameters.excerpt_characters
    summary, dropped = results.summaries["clean"], corpus.rejected["clean"]
    labels = pd.concat([corpus.clean[["id", "label"]], dropped[["id", "label"]]]).set_index("id")["label"]
    flagged = corpus.flags.merge(corpus.clean[["id", "text", "label"]], on="id", how="left")
    return {
        "summary": summary,
        "changed": by_changing_rule(
            corpus.changes[~corpus.changes["rule"].isin(SECRET)], summary["changed"], labels, *shown
        ),
        "unread": by_rule(corpus.rejected["download"], *shown, parameters.seed),
        "dropped": by_rule(_without_secrets(dropped), *shown, parameters.seed),
        "flagged": by_rule(_without_secrets(flagged), *shown, parameters.seed),
        "clusters": find_clusters(corpus.clean, dropped, COMPARING, parameters.listed, parameters.excerpt_characters),
        "published": bool(corpus.clean["published_split"].notna().any()),
        "leaks": _shortened(corpus.leaks.head(parameters.listed), parameters),
    }


def labels(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What the audit of the training labels found, the worst first, and what was done about it."""
    shown = parameters.examples, parameters.excerpt_characters, parameters.seed
    return {
        "summary": results.summaries["audit"],
        "issues": _shortened(corpus.label_issues.head(parameters.listed), parameters),
        "dropped": by_rule(corpus.rejected["audit"], *shown),
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


def _without_secrets(concerned: pd.DataFrame) -> pd.DataFrame:
    """The rows without the texts in which private data was found."""
    return concerned.assign(text=concerned["text"].mask(concerned["rule"].isin(SECRET)))


def _shortened(rows: pd.DataFrame, parameters: ReportParameters) -> list[dict[str, Any]]:
    """Rows of a list, with their texts fit to be shown."""
    return [
        {
            str(name): excerpt(value, parameters.excerpt_characters) if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows.to_dict("records")
    ]
