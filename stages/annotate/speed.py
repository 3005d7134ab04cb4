"""How long annotators take for an answer."""

from typing import Any

import numpy as np
import pandas as pd

BREAK = 600  # seconds between two answers from which they were not given one after the other


def speeds(answers: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The median time of an annotator's answers: as recorded, else the time between one answer and the next.

    Pauses of ten minutes and more are left out. Where most answers share their time with the one before, times say
    when answers were handed in and not how long they took.

    Args:
        answers: The table of answers.

    Returns:
        By annotator: ``median_seconds``, ``from`` (``seconds`` or ``time between answers``), ``answers`` behind it;
        None with a reason where it is not known.
    """
    return {str(name): _speed(rows) for name, rows in answers.groupby("annotator", sort=True)}


def _speed(rows: pd.DataFrame) -> dict[str, Any]:
    seconds = rows["seconds"].to_numpy(dtype=np.float64)
    seconds = seconds[np.isfinite(seconds) & (seconds >= 0)]
    if len(seconds):
        return {"median_seconds": float(np.median(seconds)), "from": "seconds", "answers": len(seconds)}
    times = rows["time"].dropna().sort_values()
    if len(times) < 2:
        return _unknown("neither how long answers took nor when they were given is known")
    gaps = times.diff().dropna().dt.total_seconds().to_numpy()
    if (gaps == 0).mean() > 0.5:
        return _unknown("most answers share their time with another: it says when they were handed in")
    gaps = gaps[gaps < BREAK]
    if not len(gaps):
        return _unknown("there are ten minutes or more between any two answers")
    return {"median_seconds": float(np.median(gaps)), "from": "time between answers", "answers": len(gaps)}


def _unknown(reason: str) -> dict[str, Any]:
    return {"median_seconds": None, "from": None, "answers": 0, "reason": reason}
