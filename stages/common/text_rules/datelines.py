"""Takes out the place and agency that open a wire service's story, such as ``NEW YORK (Reuters) -``."""

import re
from collections.abc import Sequence

import pandas as pd

from stages.common.text_rules.columns import change_where, matching

PLACE = r"[A-Z][A-Z.'\u2019-]+(?:[ ,/]{1,2}[A-Z][A-Za-z.'\u2019-]*){0,5}(?:,? [A-Z][a-z]{2,8}\.? \d{1,2})?,?"
OPENS = r"(?:\A|(?<=\n)|(?<=[.!?)]\s)|(?<=[.!?)]\s\s))"  # the story's begin: of the text, a line, or after the headline
DASH = r"\s{1,2}(?:-{1,2}|[\u2013\u2014])(?:\s{1,2}|\Z)"


def remove_datelines(texts: pd.Series, agencies: Sequence[str]) -> pd.Series:
    """Removes datelines at the begin of a text or a line, or after the headline.

    Args:
        texts: One text a row.
        agencies: The wire services' names, as they sign.

    Returns:
        The texts in the same order. A dateline without an agency, and an agency elsewhere, stay.
    """
    names, dateline = _any_of(agencies), dateline_of(agencies)
    return change_where(
        texts, matching(texts, rf"(?:{names})\)?\s{{1,2}}[-\x{{2013}}\x{{2014}}]"), lambda text: dateline.sub("", text)
    )


def dateline_of(agencies: Sequence[str]) -> re.Pattern[str]:
    """What finds the datelines of some wire services."""
    names = _any_of(agencies)
    return re.compile(rf"{OPENS}[ \t]{{0,2}}(?:(?:{PLACE}\s{{1,2}})?\((?:{names})\)|(?:{names})){DASH}")


def _any_of(agencies: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(agencies, key=lambda name: (-len(name), name))))
