"""Guesses the language of texts with the identifier that py3langid ships (Lui & Baldwin 2012)."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LOOKED_AT = 2_000  # characters
TEXTS = 200
LETTERS = re.compile(r"[^\W\d_]")
SURE = 0.8  # of the texts with letters enough
FEWEST = 5  # texts


def language_of(text: str) -> str:
    """The likeliest language of one text, as ISO 639-1 names it."""
    language = str(_identifier().classify(text[:LOOKED_AT])[0])
    return "zh" if language == "yue" else language  # which short texts in Chinese characters do not tell


def guess_language(texts: Sequence[str]) -> tuple[str, str]:
    """The language that most of the texts are in.

    Args:
        texts: Some texts, from all over the file.

    Returns:
        The language; and why that is not sure, empty if it is.
    """
    step = max(1, len(texts) // TEXTS)
    long = [text for text in texts[::step] if len(LETTERS.findall(text, 0, LOOKED_AT)) >= 10]
    votes = Counter(language_of(text) for text in long)
    joined = language_of(" ".join(texts[::step]))
    if not votes:
        return joined, f"{joined}? No text has ten letters"
    language, count = votes.most_common(1)[0]
    if language == joined and len(long) >= FEWEST and count >= SURE * len(long):
        return language, ""
    shown = ", ".join(f"{name} {number}" for name, number in votes.most_common(4))
    return joined, f"{joined}? Texts by the language they look like: {shown}"


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
