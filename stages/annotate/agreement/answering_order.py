"""In which order answers were given: which is an annotator's last one, and which belong to one round."""

import re
from collections.abc import Iterator

import pandas as pd


def last_answers(answers: pd.DataFrame) -> pd.DataFrame:
    """Each annotator's last answer about each document: by time, then by round (10 after 9), then as they sort.

    Args:
        answers: The table of answers.
    """
    ranks = {name: rank for rank, name in enumerate(sorted(answers["round"].dropna().unique(), key=natural))}
    order = ["id", "annotator", "time", "rank", "answer"]
    ordered = answers.assign(rank=answers["round"].map(ranks)).sort_values(order, kind="stable", na_position="first")
    return ordered.drop_duplicates(["id", "annotator"], keep="last").drop(columns="rank").reset_index(drop=True)


def parts(answers: pd.DataFrame, column: str) -> Iterator[tuple[str | None, pd.DataFrame]]:
    """The answers of each round, or by each guideline: an annotator's last ones within it.

    Args:
        answers: The table of answers.
        column: ``round`` or ``guideline``.

    Yields:
        The name and the answers: by when the first one was given where that is known, then by name (2 before 10); at
        last the answers without one, under None. Nothing at all if no answer has one.
    """
    known = answers[answers[column].notna()]
    if known.empty:
        return
    first = known.groupby(column)["time"].min()
    dated = first.notna().all()
    for name in sorted(first.index, key=lambda name: (first[name].value if dated else 0, natural(str(name)))):
        yield str(name), last_answers(known[known[column] == name])
    if len(known) < len(answers):
        yield None, last_answers(answers[answers[column].isna()])


def in_order(rows: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """One annotator's answers from the first to the last, and what says so.

    Args:
        rows: All answers of one annotator.

    Returns:
        The rows; and ``time``, ``round``, or None where neither tells.
    """
    if rows["time"].notna().all() and rows["time"].nunique() > 1:
        return rows.sort_values(["time", "id"], kind="stable"), "time"
    if rows["round"].notna().all() and rows["round"].nunique() > 1:
        ranks = {name: rank for rank, name in enumerate(sorted(rows["round"].unique(), key=natural))}
        return rows.assign(rank=rows["round"].map(ranks)).sort_values(["rank", "id"], kind="stable"), "round"
    return rows, None


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key by which names sort as people count: ``round 2`` before ``round 10``."""
    pieces = re.split(r"(\d+)", name)
    return [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces if piece]
