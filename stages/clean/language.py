"""Finds texts in another language than the corpus, with the identifier that py3langid ships (Lui & Baldwin 2012)."""

import re
from functools import cache

import pandas as pd
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from stages.clean.parameters import Language

LETTERS = re.compile(r"[^\W\d_]")
LOOKED_AT = 2_000  # characters of a text that tell its language
BEGIN = 200  # characters that do if they are surely in the expected one, as nearly all are


def find_foreign(texts: pd.Series, language: str, settings: Language) -> pd.Series:
    """Says which texts are in another language.

    Args:
        texts: One text a row.
        language: What they should be in (a BCP 47 tag; its first part counts).
        settings: How sure the identifier has to be, and how many letters it needs.

    Returns:
        The reasons, indexed by the rows that have one.
    """
    expected = language.partition("-")[0].lower()
    reasons = {}
    for row, text in texts.items():
        if all(len(LETTERS.findall(text, 0, looked_at)) < settings.letters for looked_at in (BEGIN, LOOKED_AT)):
            continue
        for looked_at in (BEGIN, LOOKED_AT):
            found, probability = _identifier().classify(text[:looked_at])
            if found == expected and probability >= settings.probability:
                break
        else:
            if found != expected and probability >= settings.probability:
                reasons[row] = f"is in {found!r} with a probability of {probability:.3f}, not in {expected!r}"
    return pd.Series(reasons, dtype="str")


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
