"""How each annotator does: against gold, against the rest, over time, how fast; and who looks like a spammer.

Annotators are known by their ids alone. What is said about them is evidence for a person who looks at it: nobody is
left out by it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.annotate.agreement.answering_order import in_order, last_answers
from stages.annotate.references import ERROR, METRICS, NO_CELLS, Answer, Compared, against_gold, against_rest
from stages.annotate.speed import speeds
from stages.common.metrics.agreement.pairs import COHEN
from stages.common.metrics.agreement.resampling import ItemBootstrap
from stages.common.metrics.counts import Floats, ratio
from stages.common.metrics.intervals import Estimate, difference_of_independent, wilson

FEWEST = 20  # documents with a reference: nothing is said of who has fewer
FEWEST_OF_CLASS = 5  # documents of a class, for its row of the confusion matrix to count; or of all but the largest
ALWAYS = 0.95  # the share of one answer from which it is called always the same
FAIR = 0.4  # kappa up to here is fair at best (Landis & Koch 1977)
QUICK = 1 / 3  # of the others' median time: below it an annotator is too fast
FEWEST_TIMED = 3  # other annotators whose speed is known, to compare one with


def annotator_summaries(
    answers: pd.DataFrame,
    answer: Answer,
    labels: Sequence[str],
    gold: Mapping[str, str],
    bootstrap: ItemBootstrap,
) -> list[dict[str, Any]]:
    """What is known of each annotator.

    Args:
        answers: The table of answers, in its order.
        answer: What an answer is, as :class:`stages.common.tasks.Task` says it.
        labels: The names of the labels.
        gold: The true answer in canonical form, by id, of the documents whose truth may be looked at.
        bootstrap: Draws documents, where no formula gives an interval.

    Returns:
        One entry an annotator, sorted by id; numbers, strings, None, lists and dictionaries.

    Raises:
        UserError: If an answer is not of its kind, or names an unknown label.
    """
    latest = last_answers(answers)
    if latest.empty:
        return []
    references = {
        "gold": against_gold(latest, answer, labels, gold),
        "rest": against_rest(latest, answer, labels),
    }
    timed = speeds(answers)
    again = repeated(answers)
    of_latest = {str(name): rows for name, rows in latest.groupby("annotator", sort=True)}
    parts = {name: compared.by_annotator() for name, compared in references.items()}
    family = 1 - (1 - bootstrap.confidence) / len(of_latest)  # Bonferroni: each annotator is a test
    entries = []
    for name, rows in answers.groupby("annotator", sort=True):
        annotator = str(name)
        own = {kind: found[annotator] for kind, found in parts.items() if annotator in found}
        entry: dict[str, Any] = {
            "annotator": annotator,
            "answers": len(rows),
            "documents": len(of_latest[annotator]),
            "repeated": again.get(annotator, {"documents": 0, "same": 0}),
        }
        for kind in ("gold", "rest"):
            entry[f"against_{kind}"] = score(
                own.get(kind), reference_name(kind, METRICS[answer]), bootstrap.confidence, bootstrap
            )
        entry["speed"] = timed[annotator]
        entry["drift"] = drift(own, rows, bootstrap)
        best = reference_of(own)
        entry["confusion"] = confusion(best, own) if answer == "label" else None
        entry["spammer_score"] = spammer_score(best, own) if answer == "label" else None
        entry["flags"] = flags(own, annotator, timed, bootstrap)
        entry["needs_training"] = needs_training(own, references, family, bootstrap)
        entries.append(entry)
    return entries


def reference_of(own: Mapping[str, Compared]) -> str | None:
    """What an annotator is held against: gold where enough documents have it, else the rest; None if neither."""
    for kind in ("gold", "rest"):
        if kind in own and len(own[kind].rows) >= FEWEST:
            return kind
    return None


def reference_name(kind: str, metric: str) -> str:
    """What a reference is called in a sentence."""
    return "gold" if kind == "gold" else f"the others' {'mean' if metric == ERROR else 'majority'}"


def repeated(answers: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """How often annotators who answered about a document again said the same; who never did is left out."""
    twice = answers[answers.duplicated(["annotator", "id"], keep=False)]
    same = twice.groupby(["annotator", "id"])["answer"].nunique().eq(1).groupby("annotator")
    return {str(name): {"documents": len(each), "same": int(each.sum())} for name, each in same}


def score(compared: Compared | None, against: str, confidence: float, bootstrap: ItemBootstrap) -> dict[str, Any]:
    """An annotator's accuracy, F1 or mean absolute error, with its interval and how many documents are behind it."""
    if compared is None:
        return {"documents": 0, **Estimate(None, reason=f"no document has {against}").as_json()}
    found = estimate(compared, confidence, bootstrap)
    return {"documents": len(compared.rows), "metric": compared.metric, **found.as_json()}


def estimate(compared: Compared, confidence: float, bootstrap: ItemBootstrap) -> Estimate:
    """A score with its interval: Wilson's for a share of documents, else a bootstrap's."""
    if compared.metric == "accuracy":
        return wilson(int(compared.rows["part"].sum()), len(compared.rows), confidence)
    cells, copies = np.unique(compared.rows[["part", "whole"]].to_numpy(), axis=0, return_counts=True)

    def compute(weights: Floats) -> dict[str, Floats]:
        return {"score": ratio(weights @ cells[:, 0], weights @ cells[:, 1])}

    drawn = ItemBootstrap(bootstrap.samples, confidence, bootstrap.seed)
    return drawn.estimates(compute, copies, "neither the annotator nor the reference says anything")["score"]


def drift(own: Mapping[str, Compared], rows: pd.DataFrame, bootstrap: ItemBootstrap) -> dict[str, Any]:
    """How an annotator's score in the later half of the answers differs from the earlier half's.

    Args:
        own: The annotator's answers beside references.
        rows: All answers of the annotator.
        bootstrap: Draws documents.

    Returns:
        The difference with its interval (Zou & Donner 2008), both scores, what the order of the answers comes from,
        and ``outcome``; or None with the reason.
    """
    kind = reference_of(own)
    if kind is None:
        return _unknown(f"fewer than {FEWEST} documents have a reference")
    order, by = in_order(rows)
    if by is None:
        return _unknown("neither times nor rounds say in which order the answers were given")
    ids = order.drop_duplicates("id", keep="last")["id"]
    place = pd.Series(np.arange(len(ids)), index=ids.to_numpy())
    ordered = own[kind].rows.assign(place=own[kind].rows["id"].map(place)).sort_values("place", kind="stable")
    half = len(ordered) // 2
    metric = own[kind].metric
    early, late = (
        estimate(Compared(part, NO_CELLS, metric), bootstrap.confidence, bootstrap)
        for part in (ordered.iloc[:half], ordered.iloc[half:])
    )
    found = difference_of_independent(late, early)
    return {
        "against": kind,
        "order": by,
        "metric": metric,
        "early": early.value,
        "late": late.value,
        "documents": len(ordered),
        **found.as_json(),
        "outcome": _outcome(found, metric),
    }


def confusion(best: str | None, own: Mapping[str, Compared]) -> dict[str, Any]:
    """How often an annotator answered what where the reference says what; cells that occur, the largest first."""
    kind = best or ("gold" if "gold" in own else "rest")
    if kind not in own:
        return {"against": None, "cells": [], "reason": "no document has a reference"}
    cells = own[kind].cells.sort_values(["size", "true", "said"], ascending=[False, True, True])
    return {
        "against": kind,
        "cells": [
            {"truth": true, "answer": said, "documents": int(size)}
            for true, said, size in zip(cells["true"], cells["said"], cells["size"], strict=True)
        ],
    }


def spammer_score(best: str | None, own: Mapping[str, Compared]) -> dict[str, Any]:
    """The score of Raykar & Yu (2012): 0 if the answer does not depend on the truth, 1 if it always is the truth.

    It is the mean squared distance of the rows of the confusion matrix. Chance sets rows apart too; what is expected of
    a spammer with as many answers stands beside it.

    Args:
        best: Which reference counts.
        own: The annotator's answers beside references.
    """
    if best is None:
        return {
            "value": None,
            "expected_of_a_spammer": None,
            "reason": f"fewer than {FEWEST} documents have a reference",
        }
    cells = own[best].cells
    true, truths = pd.factorize(cells["true"], sort=True)
    said, answers = pd.factorize(cells["said"], sort=True)
    table = np.zeros((len(truths), len(answers)))
    table[true, said] = cells["size"]
    table = table[table.sum(axis=1) >= FEWEST_OF_CLASS]
    if len(table) < 2:
        reason = f"fewer than two classes have {FEWEST_OF_CLASS} documents"
        return {"value": None, "expected_of_a_spammer": None, "reason": reason}
    sizes = table.sum(axis=1)
    shares = table / sizes[:, None]
    pooled = table.sum(axis=0) / table.sum()
    one, other = np.triu_indices(len(table), 1)
    pairs = len(table) * (len(table) - 1)
    apart = float(((shares[one] - shares[other]) ** 2).sum() / pairs)
    by_chance = float((pooled * (1 - pooled)).sum() * (1 / sizes[one] + 1 / sizes[other]).sum() / pairs)
    return {"value": apart, "expected_of_a_spammer": by_chance}


def flags(
    own: Mapping[str, Compared],
    annotator: str,
    timed: Mapping[str, dict[str, Any]],
    bootstrap: ItemBootstrap,
) -> list[dict[str, Any]]:
    """What makes an annotator look like a spammer, each with the evidence in words; nothing without enough answers."""
    found = [
        one_answer(own, bootstrap.confidence),
        by_chance(own, bootstrap),
        too_fast(annotator, timed, own),
    ]
    return [flag for flag in found if flag is not None]


def one_answer(own: Mapping[str, Compared], confidence: float) -> dict[str, Any] | None:
    """Flags who always answers the same, where the reference on the same documents clearly does so less often."""
    kind = reference_of(own)
    if kind is None or own[kind].metric == ERROR:
        return None
    cells, documents = own[kind].cells, len(own[kind].rows)
    counts = cells.groupby("said")["size"].sum()
    top = str(counts.idxmax())
    given, true = int(counts[top]), int(cells.loc[cells["true"].eq(top), "size"].sum())
    if given < ALWAYS * documents:
        return None
    mine, theirs = (wilson(count, documents, confidence) for count in (given, true))
    if mine.low is None or theirs.high is None or mine.low <= theirs.high:
        return None
    against = reference_name(kind, own[kind].metric)
    reason = f"answered {top!r} on {given} of {documents} documents; {against} says so on {true} of them"
    return {"kind": "one_answer", "reason": reason, "against": kind, "answer": top, "share": mine.value}


def by_chance(own: Mapping[str, Compared], bootstrap: ItemBootstrap) -> dict[str, Any] | None:
    """Flags whose answers have no more to do with the reference than chance, or say the opposite."""
    kind = reference_of(own)
    if kind is None or own[kind].metric == ERROR:
        return None
    if sum(sorted(own[kind].cells.groupby("true")["size"].sum())[:-1]) < FEWEST_OF_CLASS:
        return None  # who misses a few rare documents may still know the labels apart
    kappa = kappa_with(own[kind], bootstrap)
    if kappa.value is None or kappa.low is None or kappa.high is None or kappa.low > 0 or kappa.high >= FAIR:
        return None
    against = reference_name(kind, own[kind].metric)
    interval = f"kappa with {against} is {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"
    said = "below chance: labels may be swapped" if kappa.high < 0 else "no better than answers given at random"
    return {
        "kind": "contrary" if kappa.high < 0 else "random",
        "reason": f"{interval} on {len(own[kind].rows)} documents, {said}",
        "against": kind,
        "kappa": kappa.as_json(),
    }


def kappa_with(own: Compared, bootstrap: ItemBootstrap) -> Estimate:
    """Cohen's kappa of an annotator and a reference, over the labels, or over the types that are in a document.

    It is one minus observed by expected disagreement, both summed over whether each label is given; where one label is
    given, that is Cohen's kappa.

    Args:
        own: The annotator's answers beside the reference.
        bootstrap: Draws documents.
    """
    chosen = [[own.names(content) for content in own.cells[column]] for column in ("said", "true")]
    names = sorted(frozenset[str]().union(*chosen[0], *chosen[1]))
    said, true = (np.array([[name in each for name in names] for each in side], dtype=np.int64) for side in chosen)
    copies = own.cells["size"].to_numpy(dtype=np.int64)

    def compute(weights: Floats) -> dict[str, Floats]:
        documents = weights.sum(axis=1, keepdims=True)
        ours, theirs = weights @ said, weights @ true
        expected = (ours * (documents - theirs) + theirs * (documents - ours)).sum(axis=1) / documents[:, 0]
        return {COHEN: 1 - ratio((weights @ (said != true)).sum(axis=1), expected)}

    return bootstrap.estimates(compute, copies, "both say one and the same only")[COHEN]


def too_fast(annotator: str, timed: Mapping[str, dict[str, Any]], own: Mapping[str, Compared]) -> dict[str, Any] | None:
    """Flags who takes a third of the time that the others take, or less; whether it shows is said with it."""
    mine = timed[annotator]
    others = [
        each["median_seconds"]
        for name, each in timed.items()
        if name != annotator and each["median_seconds"] is not None and each["answers"] >= FEWEST
    ]
    if mine["median_seconds"] is None or mine["answers"] < FEWEST or len(others) < FEWEST_TIMED:
        return None
    usual = float(np.median(others))
    if mine["median_seconds"] >= QUICK * usual:
        return None
    reason = f"takes {mine['median_seconds']:.3g} seconds an answer ({mine['from']}), the others {usual:.3g}"
    kind = reference_of(own)
    if kind is not None:
        against = reference_name(kind, own[kind].metric)
        part, whole = own[kind].rows[["part", "whole"]].sum()
        reason += f"; {own[kind].metric.replace('_', ' ')} against {against} is {part / max(whole, 1):.2f}"
    return {"kind": "too_fast", "reason": reason, "seconds": mine["median_seconds"], "others_seconds": usual}


def needs_training(
    own: Mapping[str, Compared], references: Mapping[str, Compared], family: float, bootstrap: ItemBootstrap
) -> str | None:
    """Why an annotator should look at the guideline again: clearly worse than all others together; None if not.

    Args:
        own: The annotator's answers beside references.
        references: All annotators'.
        family: The confidence of each annotator's interval that leaves all of them the stage's.
        bootstrap: Draws documents.
    """
    kind = reference_of(own)
    if kind is None:
        return None
    mine = own[kind].rows[["part", "whole"]].sum()
    rest = references[kind].rows[["part", "whole"]].sum() - mine
    if rest["whole"] <= 0:
        return None
    others, metric = float(rest["part"] / rest["whole"]), own[kind].metric
    found = estimate(own[kind], family, bootstrap)
    if found.value is None or found.low is None or found.high is None:
        return None
    worse = found.low > others if metric == ERROR else found.high < others
    if not worse:
        return None
    against = reference_name(kind, metric)
    interval = f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
    reason = f"{metric.replace('_', ' ')} against {against} is {interval}, that of all others together {others:.2f}"
    return reason + (_most_confused(own[kind].cells) if metric == "accuracy" else "")


def _most_confused(cells: pd.DataFrame) -> str:
    wrong = cells[cells["true"] != cells["said"]]
    if wrong.empty:
        return ""
    most = wrong.sort_values(["size", "true", "said"], ascending=[False, True, True]).iloc[0]
    errors = f"({most['size']} of {wrong['size'].sum()} errors)"
    return f"; most often {most['said']!r} where it is {most['true']!r} {errors}"


def _outcome(found: Estimate, metric: str) -> str:
    if found.low is None or found.high is None:
        return "unknown"
    if found.low <= 0 <= found.high:
        return "no clear difference"
    return "better" if (found.low > 0) != (metric == ERROR) else "worse"


def _unknown(reason: str) -> dict[str, Any]:
    return {**Estimate(None, reason=reason).as_json(), "outcome": "unknown"}
