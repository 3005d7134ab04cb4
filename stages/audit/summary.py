"""What the stage says it did."""

from typing import Any

import pandas as pd

from stages.common.tasks import Task


def summarise(
    quality: pd.DataFrame, review: pd.DataFrame, decisions: pd.DataFrame, training: pd.DataFrame, audited: pd.DataFrame
) -> dict[str, Any]:
    """Makes the summary of what was judged and what became of it.

    Args:
        quality: What :func:`stages.audit.issues.judge_labels` makes.
        review: What a person decided.
        decisions: What was done.
        training: The rows that came in.
        audited: The rows that stay.
    """
    return {
        "judged": len(quality),
        "flagged": int(quality["flagged"].sum()),
        "flagged_by_label": quality.loc[quality["flagged"], "label"].value_counts().sort_index().to_dict(),
        "reviewed": len(review),
        "reviewed_not_in_training": int((~review["id"].isin(training["id"])).sum()),
        "relabelled": int(decisions["verdict"].eq("relabel").sum()),
        "rows_in": len(training),
        "rows_out": len(audited),
    }


def judged_in_words(quality: pd.DataFrame, task: Task, by: str) -> str:
    """What the closing line says of the labels: never that none looks wrong where none was looked at.

    Args:
        quality: What :func:`stages.audit.issues.judge_labels` makes.
        task: The task.
        by: Who judged, in the plural.
    """
    if quality.empty:
        return "no label was judged" + ("" if task.answer == "label" else ", since no document has a single one")
    agreed = quality["suggested"].eq(quality["label"]).mean()
    return (
        f"{len(quality):,} labels judged by {by} that agree with {agreed:.0%} of them, "
        f"{quality['flagged'].sum():,} look wrong (reports/audit/label_issues.csv)"
    )
