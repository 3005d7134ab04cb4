"""Makes the table that augmentation looks words up in: what can stand for each word, form by form."""

from collections import defaultdict
from collections.abc import Iterable

from stages.fetch_models.inflection import TAGS, forms, inflected
from stages.fetch_models.wordnet import Entry


def thesaurus(entries: Iterable[Entry]) -> str:
    """Puts synonyms into every form of every word.

    Args:
        entries: The words of the lexicon.

    Returns:
        One line a form, sorted: the form and, after tabs, its readings. A reading is the lemma, the Penn tag, how often
        the lemma was met as this part of speech and the synonyms in this form, with ``|`` between these. It has no
        synonyms where it only competes with another reading of the form ("rose" is a flower, too).
    """
    readings: dict[str, list[str]] = defaultdict(list)
    useful = set()
    for lemma, part, frequency, synonyms in entries:
        known = forms(lemma, part)
        for tag in TAGS[part]:
            alike = [] if tag not in known else [inflected(synonym, part, tag) for synonym in synonyms]
            for form in known.get(tag, ()):
                others = dict.fromkeys(other for other in alike if other and other != form)
                readings[form].append("|".join([lemma, tag, str(frequency), *others]))
                if others:
                    useful.add(form)
    return "".join("\t".join([form, *readings[form]]) + "\n" for form in sorted(useful))
