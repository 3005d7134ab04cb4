"""The inflected forms of words and phrases, by lemminflect's lookup tables (never by its guesses)."""

from functools import cache

from lemminflect import getAllInflections

UNIVERSAL = {"noun": "NOUN", "verb": "VERB", "adj": "ADJ", "adv": "ADV"}
# The forms of each part of speech by their Penn tags; the first is the lemma.
TAGS = {
    "noun": ("NN", "NNS"),
    "verb": ("VB", "VBZ", "VBD", "VBN", "VBG"),
    "adj": ("JJ", "JJR", "JJS"),
    "adv": ("RB", "RBR", "RBS"),
}
COMPARED = {"JJR": "more", "JJS": "most", "RBR": "more", "RBS": "most"}
PREPOSITIONS = frozenset({"of", "in", "for", "to", "with", "at", "on", "by", "from"})


@cache
def forms(lemma: str, part: str) -> dict[str, tuple[str, ...]]:
    """The forms of a word.

    Args:
        lemma: One word.
        part: Its part of speech: ``noun``, ``verb``, ``adj`` or ``adv``.

    Returns:
        For each Penn tag its spellings, the commonest first; a form that is not known is missing.
    """
    known = getAllInflections(lemma, upos=UNIVERSAL[part])
    found: dict[str, tuple[str, ...]] = {TAGS[part][0]: (lemma,)}
    for tag in TAGS[part][1:]:
        spellings = known.get(tag, known.get("VBD", ()) if tag == "VBN" else ())
        if spellings:
            found[tag] = tuple(spelling for spelling in spellings if spelling != lemma) or spellings[:1]
    return found


def inflected(phrase: str, part: str, tag: str) -> str | None:
    """A word or phrase in a form: "go up" as VBD is "went up", "point of view" as NNS "points of view".

    Args:
        phrase: Words in their uninflected form, joined by spaces.
        part: The part of speech of the phrase.
        tag: The Penn tag of the form.

    Returns:
        The phrase in that form; None where the form of its head is not known.
    """
    if tag == TAGS[part][0]:
        return phrase
    words = phrase.split(" ")
    head = 0 if part == "verb" else _noun_head(words) if part == "noun" else len(words) - 1
    before, hyphen, last = words[head].rpartition("-") if part == "noun" else ("", "", words[head])
    spellings = forms(words[head], part).get(tag) or tuple(
        before + hyphen + spelling for spelling in (forms(last, part).get(tag, ()) if hyphen else ())
    )
    if spellings:
        return " ".join([*words[:head], spellings[0], *words[head + 1 :]])
    return f"{COMPARED[tag]} {phrase}" if tag in COMPARED and len(words) == 1 else None


def _noun_head(words: list[str]) -> int:
    """Which word of a phrase the others belong to: the one before a preposition, else the last."""
    return next((place - 1 for place, word in enumerate(words) if place and word in PREPOSITIONS), len(words) - 1)
