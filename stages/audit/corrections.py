"""Decides what becomes of documents whose label looks wrong, and does it to them and to their variants."""

import pandas as pd

from stages.audit.parameters import AuditParameters

DECISIONS = ["id", "verdict", "new_label", "reason"]


def decide(quality: pd.DataFrame, review: pd.DataFrame, parameters: AuditParameters) -> pd.DataFrame:
    """Says which documents are dropped or relabelled; a person's verdict goes before the rule's.

    Args:
        quality: What :func:`stages.audit.issues.judge_labels` makes.
        review: What a person decided: id, verdict, new_label.
        parameters: The action and from which probability on it is taken.

    Returns:
        One row a document that is dropped or relabelled: id, verdict, new_label, reason.
    """
    by_person = review.assign(reason="a reviewer's verdict")
    sure = quality[quality["flagged"] & (quality["probability"] >= parameters.confidence)]
    if parameters.action == "report":
        sure = sure.iloc[:0]
    reason = "labelled " + sure["label"] + ", but " + sure["suggested"] + " has the probability "
    reason += sure["probability"].map("{:.2f}".format).astype("str")
    by_rule = sure[["id"]].assign(verdict=parameters.action, new_label=sure["suggested"], reason=reason)
    decided = pd.concat([by_person, by_rule[~by_rule["id"].isin(review["id"])]], ignore_index=True)
    return decided.loc[decided["verdict"].isin(["drop", "relabel"]), DECISIONS]


def correct(training: pd.DataFrame, decisions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Drops and relabels training documents, and the variants derived from them.

    Args:
        training: A document table.
        decisions: What :func:`decide` says. A variant of several documents goes if one of them is concerned.

    Returns:
        The rows that stay, and those that go, with the columns ``rule`` and ``reason``.
    """
    decided = decisions.set_index("id")
    origins = training["derived_from"].explode()
    concerned = origins[origins.isin(decided.index)]
    first = concerned[~concerned.index.duplicated()]
    verdict = first.map(decided["verdict"])
    mixed = training.loc[first.index, "derived_from"].map(len) > 1
    dropped = first[verdict.eq("drop") | mixed]
    relabelled = first.drop(dropped.index)
    kept = training.drop(dropped.index)
    kept.loc[relabelled.index, "label"] = relabelled.map(decided["new_label"])
    gone = training.loc[dropped.index].assign(rule="audit", reason=dropped.map(decided["reason"]))
    return kept, gone
