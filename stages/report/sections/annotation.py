"""The section about people's answers: how far they agree, what is contested, who needs training."""

from typing import Any

from stages.report.excerpts import text_excerpts
from stages.report.inputs import Corpus, Results
from stages.report.parameters import ReportParameters
from stages.report.results import ConfusionRow

COEFFICIENTS = {  # those that answers of one kind or another have, by their title
    "observed_agreement": "Observed",
    "krippendorff_alpha": "Krippendorff's alpha",
    "krippendorff_alpha_jaccard": "Alpha (Jaccard)",
    "krippendorff_alpha_masi": "Alpha (MASI)",
    "krippendorff_alpha_interval": "Alpha (interval)",
    "gwet_ac1": "Gwet's AC1",
    "fleiss_kappa": "Fleiss' kappa",
    "span_f1": "F1 of spans",
    "token_krippendorff_alpha": "Alpha of words",
    "token_gwet_ac1": "AC1 of words",
}
SHOWN = 3  # labels of a contested document
MOST_CLASSES = 40  # that the table of contradictions holds


def annotation(corpus: Corpus, results: Results, parameters: ReportParameters) -> dict[str, Any]:
    """What several people answered and what it came to; empty where a dataset has one answer a document."""
    summary, agreement = results.summaries["annotate"], results.agreement
    if not summary["answers"]:
        return {}
    labels = corpus.card.label_names
    annotators = agreement["annotators"]
    measured = {*agreement["overall"], *(name for part in agreement["by_label"] for name in part)}
    return {
        "summary": summary,
        "coefficients": {name: title for name, title in COEFFICIENTS.items() if name in measured},
        "paradox": agreement["overall"]["paradox"],
        "parts": [
            ("all answers", agreement["overall"]),
            *((f"round {part['round'] or '(none)'}", part) for part in agreement["by_round"]),
            *((f"guideline {(part['guideline'] or '(none)')[:10]}", part) for part in agreement["by_guideline"]),
        ],
        "by_label": agreement["by_label"],
        "contradictions": [
            ConfusionRow(label, row, sum(row)) for label, row in zip(labels, summary["pairs"], strict=True)
        ]
        if summary["pairs"] and len(labels) <= MOST_CLASSES
        else [],
        "annotators": sorted(annotators, key=_worst_first)[: parameters.listed],
        "annotator_count": len(annotators),
        "flagged": sum(bool(each["flags"]) for each in annotators),
        "training": sum(bool(each["needs_training"]) for each in annotators),
        "functions": summary.get("functions", {}),
        "contested": contested(corpus, parameters),
    }


def contested(corpus: Corpus, parameters: ReportParameters) -> list[dict[str, Any]]:
    """The documents whose label is least sure, with their texts and the likeliest labels."""
    labels = corpus.card.label_names
    rows = corpus.consensus.dropna(subset="confidence").sort_values(["confidence", "id"])
    rows = rows[rows["confidence"] < 1].head(parameters.listed)
    documents = corpus.annotated[corpus.annotated["id"].isin(rows["id"])].set_index("id").to_dict("index")
    shown = []
    for row in rows.to_dict("records"):
        shares = [] if row["probabilities"] is None else zip(row["probabilities"], labels, strict=True)
        likely = sorted(shares, key=lambda part: (-part[0], part[1]))
        texts = text_excerpts(documents.get(row["id"], {}), parameters.excerpt_characters)
        shown.append({"id": row["id"], "label": row["label"], "likely": likely[:SHOWN], "texts": texts})
    return shown


def _worst_first(annotator: dict[str, Any]) -> tuple[bool, bool, float, str]:
    """Flagged ones, then those who need training, then by what they are held against."""
    score = next((annotator[kind]["value"] for kind in ("against_gold", "against_rest") if _known(annotator, kind)), 2)
    return not annotator["flags"], not annotator["needs_training"], score, annotator["annotator"]


def _known(annotator: dict[str, Any], kind: str) -> bool:
    return annotator[kind]["value"] is not None
