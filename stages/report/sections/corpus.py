"""The sections about the documents: where they went, what cleaning, the audit and augmentation did to them."""

from typing import Any

import pandas as pd

from stages.common.documents.table import SPLITS, has_no_label
from stages.common.documents.targets import has_free_words, text_columns
from stages.report import plots
from stages.report.clusters import find_clusters
from stages.report.composition import (
    class_counts,
    length_shares,
    lengths,
    set_counts,
    value_shares,
    values_of,
    words_per_document,
)
from stages.report.examples import by_changing_rule, by_method, by_rule
from stages.report.excerpts import shortened, shown_answers
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters
from stages.report.word_clouds import CANVAS, word_clouds

MOST_CLASSES = 40  # that a plot holds; tables list all
COMPARING = ("contradictions", "duplicates", "near_duplicates")  # the rules of cleaning that compare documents
QUALITY = {  # what the augment stage says of each method's variants, where it does
    "mean_share_of_words_changed": "Share of words changed",
    "mean_similarity": "Similarity to the origin",
    "self_bleu": "Self-BLEU",
    "distinct_2": "Distinct-2",
}
SECRET = ("private_data", "emails")  # rules whose finds are counted but not shown


def data(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """Where the documents went, what the splits are made of, and the words of each class."""
    words = {split: words_per_document(documents) for split, documents in corpus.splits.items()}
    counts = class_counts(corpus.splits, {label.name: label.definition for label in corpus.card.labels})
    summaries, rejected = results.summaries, {stage: len(rows) for stage, rows in corpus.rejected.items()}
    plotted = sorted(counts, key=lambda row: -sum(row.counts.values()))[:MOST_CLASSES]
    sets, values = set_counts(corpus.splits), values_of(corpus.splits)
    after = sum(map(len, corpus.splits.values()))
    with_label = "with a label, or unlabelled" if has_no_label(corpus.annotated).any() else "with a label"
    unlabelled = unlabelled_counts(corpus, summaries["split"].get("unlabelled"))
    return {
        "flow": [
            ("downloaded", summaries["clean"]["documents_in"] + rejected["annotate"], rejected["download"]),
            (with_label, summaries["clean"]["documents_in"], rejected["annotate"]),
            ("cleaned", len(corpus.clean), rejected["clean"]),
            ("with the pool of variants", len(corpus.augmented), rejected["augment"]),
            ("in the splits", after + rejected["audit"], rejected["split"]),
            ("after the audit of labels", after, rejected["audit"]),
        ],
        "unlabelled": unlabelled,
        "splits": list(corpus.splits),
        "counted": "Mentions of each type" if _has_spans(corpus.splits["train"]) else "Documents of each class",
        "class_counts": counts,
        "label_sets": sets[: parameters.listed],
        "label_set_count": len(sets),
        "lengths": lengths(corpus.splits, words),
        "left_out": by_rule(corpus.rejected["split"], 1, parameters.excerpt_characters, parameters.seed),
        "clouds": word_clouds(
            corpus.splits["train"], corpus.card.label_names, parameters.word_cloud_words, parameters.seed
        ),
        "canvas": CANVAS,
        "class_plot": plots.class_distribution(plotted) if plotted else None,
        "value_plot": plots.value_distribution(*value_shares(values)) if values else None,
        "plotted": len(plotted),
        "balance": summaries["split"].get("balance"),
        "length_plot": plots.length_distribution(*length_shares(words)),
    }


def unlabelled_counts(corpus: Corpus, pool: dict[str, Any] | None) -> dict[str, Any]:
    """What became of the documents without a label.

    Args:
        corpus: The documents.
        pool: What split says of those that may be trained on; None where that is off.

    Returns:
        ``given``, the documents that their publisher gives no label; of these, how many cleaning ``dropped``, and how
        many as ``copies``; ``pool``, with ``left_out``, the rows that are, nearly are, or are made of, held-out ones.
    """
    dropped = corpus.rejected["clean"][has_no_label(corpus.rejected["clean"])]
    return {
        "given": int(has_no_label(corpus.annotated).sum()),
        "dropped": len(dropped),
        "copies": int(dropped["rule"].isin(COMPARING).sum()),
        "pool": {**pool, "left_out": sum(pool["rejected"].values())} if pool else None,
    }


def cleaning(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What cleaning changed, dropped and remarked on, with examples; what is repeated, and what leaks."""
    shown = parameters.examples, parameters.excerpt_characters
    summary, dropped = results.summaries["clean"], corpus.rejected["clean"]
    seen = pd.concat([corpus.clean, dropped]).set_index("id")
    flagged = corpus.flags.merge(corpus.clean, on="id", how="left")
    return {
        "summary": summary,
        "changed": by_changing_rule(
            corpus.changes[~corpus.changes["rule"].isin(SECRET)], summary["changed"], shown_answers(seen), *shown
        ),
        "unread": by_rule(corpus.rejected["download"], *shown, parameters.seed),
        "dropped": by_rule(_without_secrets(dropped), *shown, parameters.seed),
        "flagged": by_rule(_without_secrets(flagged), *shown, parameters.seed),
        "clusters": find_clusters(corpus.clean, dropped, COMPARING, parameters.listed, parameters.excerpt_characters),
        "published": bool(corpus.clean["published_split"].isin(SPLITS).any()),
        "leaks": shortened(corpus.leaks.head(parameters.listed), parameters.excerpt_characters),
    }


def labels(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What the audit of the training labels found, the worst first, and what was done; empty if it judged none."""
    summary = results.summaries["audit"]
    if not (summary["judged"] or summary["reviewed"]):
        return {}
    shown = parameters.examples, parameters.excerpt_characters, parameters.seed
    return {
        "summary": summary,
        "issues": shortened(corpus.label_issues.head(parameters.listed), parameters.excerpt_characters),
        "dropped": by_rule(corpus.rejected["audit"], *shown),
    }


def augmentation(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What each method made, with examples, and how much of it is trained on."""
    summary = results.summaries["augment"]
    known = {name for method in summary["methods"].values() for name, value in method.items() if value is not None}
    return {
        "summary": summary,
        "quality": {name: title for name, title in QUALITY.items() if name in known},
        "methods": by_method(corpus.augmented, parameters.variants, parameters.excerpt_characters, parameters.seed),
        "trained_on": results.summaries["split"]["splits"]["train"]["variants"],
    }


def _without_secrets(concerned: pd.DataFrame) -> pd.DataFrame:
    """The rows without the texts in which private data was found."""
    secret = concerned["rule"].isin(SECRET)
    return concerned.assign(**{name: concerned[name].mask(secret) for name in text_columns(concerned)})


def _has_spans(documents: pd.DataFrame) -> bool:
    return not has_free_words(documents).all()
