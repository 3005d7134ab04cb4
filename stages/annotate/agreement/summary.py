"""What is written about agreement: overall, by label, pair of annotators, round and guideline version."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.annotate.agreement.answering_order import last_answers, parts
from stages.annotate.agreement.kind import Estimates, Kind
from stages.annotate.agreement.label_sets import LabelSets
from stages.annotate.agreement.one_label import OneLabel
from stages.annotate.agreement.one_number import OneNumber
from stages.annotate.agreement.tagged_words import TaggedWords
from stages.annotate.annotators import annotator_summaries
from stages.annotate.references import Answer
from stages.common.documents.answers import ADJUDICATOR
from stages.common.metrics.agreement.coefficients import AC1, ALPHA, OBSERVED
from stages.common.metrics.agreement.resampling import ItemBootstrap

APART = 0.1  # alpha and AC1 that differ by more get a sentence
HIGH = 0.8  # observed agreement from which a low alpha is called a paradox


def agreement_summary(
    answers: pd.DataFrame,
    answer: Answer,
    labels: Sequence[str],
    *,
    words: Mapping[str, int] | None = None,
    gold: Mapping[str, str] | None = None,
    ordered: bool = False,
    samples: int = 1000,
    confidence: float = 0.95,
    seed: int = 1,
) -> dict[str, Any]:
    """How far annotators agree, and how each of them does.

    Of several answers of one annotator about a document the last one counts; in a round, the last of that round.

    Args:
        answers: The table of answers (:mod:`stages.common.documents.answers`); an adjudicator's do not count.
        answer: What an answer is, as :class:`stages.common.tasks.Task` says it.
        labels: The names of the card's labels, or of the types of spans.
        words: How many words each document has, by its id; for tagged words.
        gold: The true answer in canonical form, by id, of those documents whose truth annotators may be held against.
        ordered: Whether the order of the labels means something.
        samples: Resamples of the documents behind each interval.
        confidence: The share of them that an interval covers.
        seed: The stage's seed.

    Returns:
        What goes into agreement.json: numbers, strings, None, lists and dictionaries; never NaN.

    Raises:
        UserError: If an answer is not of its kind, or names an unknown label.
    """
    answers = answers[answers["annotator"].ne(ADJUDICATOR)]
    latest = last_answers(answers)
    bootstrap = ItemBootstrap(samples, confidence, seed)
    kind = kind_of(answer, labels, words or {}, ordered, bootstrap)
    pairs, count = kind.by_pair(latest) if len(latest) else ([], 0)
    shares, by_label = (kind.prevalence(latest), kind.by_label(latest)) if len(latest) else ({}, {})
    return {
        "confidence": confidence,
        "samples": samples,
        "superseded": len(answers) - len(latest),
        "overall": _entry(kind, latest),
        "by_label": [
            {"label": label, "share": shares.get(label), **_estimates(found), "paradox": paradox(found, label, shares)}
            for label, found in by_label.items()
        ],
        "by_pair": [
            {"annotators": list(pair.annotators), "documents": pair.items, **_estimates(pair.estimates)}
            for pair in pairs
        ],
        "pairs": count,
        "by_round": [{"round": name, **_entry(kind, part)} for name, part in parts(answers, "round")],
        "by_guideline": [{"guideline": name, **_entry(kind, part)} for name, part in parts(answers, "guideline")],
        "annotators": annotator_summaries(answers, answer, labels, gold or {}, bootstrap),
    }


def kind_of(
    answer: Answer, labels: Sequence[str], words: Mapping[str, int], ordered: bool, bootstrap: ItemBootstrap
) -> Kind:
    """How agreement is measured; the arguments are those of :func:`agreement_summary`."""
    if answer == "label":
        return OneLabel(labels, ordered, bootstrap)
    if answer == "labels":
        return LabelSets(labels, bootstrap)
    return TaggedWords(labels, words, bootstrap) if answer == "tags" else OneNumber(bootstrap)


def paradox(found: Estimates, label: str | None, shares: Mapping[str, float]) -> str | None:
    """A sentence on why alpha and AC1 differ, where they do by more than :data:`APART`.

    Args:
        found: Coefficients with both.
        label: Against whose rest they are computed; None for all labels.
        shares: The share of the answers that each label is.
    """
    both = found.get(ALPHA), found.get(AC1)
    observed = found.get(OBSERVED)
    if any(each is None or each.value is None for each in (*both, observed)):
        return None
    alpha, ac1, agreed = (each.value for each in (*both, observed) if each is not None and each.value is not None)
    if abs(ac1 - alpha) <= APART:
        return None
    if label is None:
        most = max(shares, key=lambda name: (shares[name], name))
        skew = f"{most!r} makes {100 * shares[most]:.0f} % of the answers"
    else:
        skew = f"{label!r} makes {100 * shares[label]:.0f} % of the answers"
    beginning = f"Alpha is {alpha:.2f} and AC1 {ac1:.2f}: {skew}"
    if agreed >= HIGH:
        return (
            f"{beginning}, so alpha takes most of the observed agreement of {agreed:.2f} for chance. It is the paradox "
            "of kappa: high agreement, low kappa, because frequencies are so uneven (Feinstein & Cicchetti 1990). AC1 "
            "expects less by chance there (Gwet 2008). Quote both: AC1 says how often annotators agree, alpha how well "
            "they tell the labels apart."
        )
    return (
        f"{beginning}. They expect different agreement by chance where labels are not equally frequent (Gwet 2008); "
        f"the observed agreement, {agreed:.2f}, is not high, so the lower one is no paradox."
    )


def _entry(kind: Kind, answers: pd.DataFrame) -> dict[str, Any]:
    if answers.empty:
        return {"documents": 0, "answers": 0, "annotators": 0, "reason": "there are no answers"}
    sizes = answers.groupby("id").size()
    found = kind.overall(answers)
    return {
        "documents": len(sizes),
        "documents_with_several": int(sizes.gt(1).sum()),
        "answers": len(answers),
        "annotators": int(answers["annotator"].nunique()),
        **_estimates(found),
        "paradox": paradox(found, None, kind.prevalence(answers)),
    }


def _estimates(found: Estimates) -> dict[str, Any]:
    return {name: estimate.as_json() for name, estimate in found.items()}
