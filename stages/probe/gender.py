"""Exchanges the gender of whoever an English text is about: nouns by a table, pronouns by their part of speech.

``her`` stands for ``him`` and for ``his``, and ``his`` for ``her`` and for ``hers``: which, is decided by the words
around it and by what their forms can be (lemminflect), not by a tagger, so that the same text comes out the same on
every machine. docs/probing.md says how far that goes.
"""

import re
from collections.abc import Sequence
from functools import cache

from stages.common.words.splitting import Word, split_words
from stages.probe.gender_words import (
    ADVERBS,
    AS_TITLES,
    BARE_VERB,
    BARE_VERBS,
    BEFORE_HYPHEN,
    CLOSERS,
    COMPARED,
    FIXED_BEFORE,
    FIXED_NEXT,
    GIFTS,
    IN_LAW,
    MASS,
    NAMING,
    NO_NOUN,
    NOUNS,
    NUMBERS,
    OF_HIS,
    ONE_WAY,
    OPENERS,
    PEOPLE,
    PREPOSITIONS,
    PRONOUNS,
    SPANS,
    SURELY_BARE,
    TIMES,
    TITLES,
    TO_A_PLACE,
    TO_BACK,
    TO_SOMEONE,
    TOLD,
    WEEKDAYS,
    WITH_ADJECTIVE,
    WITH_ING,
)
from stages.probe.whole_words import in_case_of

MALE, FEMALE = "male", "female"
WOMEN = {woman: man for man, woman in NOUNS.items()} | ONE_WAY
TABLE = WOMEN | NOUNS | {"guy": "woman", "guys": "women", "bachelor": "bachelorette"}
MALES = {*NOUNS, "he", "him", "his", "himself", "mr", "guy", "guys", "bachelor"}
ENDING = re.compile(r"^(.*?)(['\u2019](?:s|d|ll|re|ve)?)?$", re.DOTALL)
SENTENCE_END = frozenset('.!?\u2026"\u201c\u201d:')
QUOTES = frozenset("\"\u201c\u2018'")


def swap_gender(text: str) -> tuple[str, frozenset[str]]:
    """Exchanges every gendered word of a text, and leaves all other bytes alone.

    Args:
        text: An English text.

    Returns:
        The swapped text, and which genders the text had words of: male, female.
    """
    words = split_words(text)
    made, end, genders = [], 0, set()
    for place, word in enumerate(words):
        new = _swapped(words, place, text)
        if new is None:
            continue
        made += [text[end : word.start], new]
        end = word.end
        genders.add(MALE if _parts(word.text)[0].lower() in MALES else FEMALE)
    return "".join([*made, text[end:]]), frozenset(genders)


def _parts(word: str) -> tuple[str, str]:
    """A word without what is joined to its end: ``she`` and ``'s`` of ``she's``; ``mother`` and ``-in-law``."""
    for joined in IN_LAW:
        for plural in ("", "'s", "\u2019s"):
            if word.lower().endswith(joined + plural):
                return word[: -len(joined + plural)], word[-len(joined + plural) :]
    found = ENDING.match(word)
    return (found[1], found[2] or "") if found else (word, "")


def _swapped(words: Sequence[Word], place: int, text: str) -> str | None:
    """What stands for a word; None where it stays."""
    stem, joined = _parts(words[place].text)
    before_hyphen, hyphen, last = stem.rpartition("-")
    if hyphen:  # ex-wife, but not man-made; great-grandson
        if not set(before_hyphen.lower().split("-")) <= BEFORE_HYPHEN or last.lower() not in TABLE:
            return None
        return before_hyphen + hyphen + in_case_of(last, TABLE[last.lower()]) + joined
    lower = stem.lower()
    if lower in PRONOUNS:
        return in_case_of(stem, PRONOUNS[lower]) + joined
    if lower in ("her", "his") and not joined:
        return in_case_of(stem, _possessive_or_not(words, place, lower, text))
    if lower in TITLES and not joined:
        return in_case_of(stem, TITLES[lower]) if _is_title(words, place) else None
    if lower not in TABLE or _is_fixed(words, place, lower) or _is_a_name(words, place, stem, lower):
        return None
    return in_case_of(stem, TABLE[lower]) + joined


def _is_title(words: Sequence[Word], place: int) -> bool:
    """Whether Mr, Mrs, Ms or Miss stands before a name: a capital follows, behind a full stop or not."""
    following = [word.text for word in words[place + 1 : place + 3] if word.text != "."]
    return words[place].text[0].isupper() and bool(following) and following[0][0].isupper()


def _is_fixed(words: Sequence[Word], place: int, lower: str) -> bool:
    return _word(words, place + 1) in FIXED_NEXT.get(lower, ()) or (
        lower in FIXED_BEFORE
        and _word(words, place - 1) in FIXED_BEFORE[lower]
        and _word(words, place - 2) in ("isle", "")
    )


def _is_a_name(words: Sequence[Word], place: int, stem: str, lower: str) -> bool:
    """Whether a noun with a capital is part of a name, such as Stephen King: inside a sentence, and no title."""
    if not stem[0].isupper() or (stem.isupper() and len(stem) > 1):
        return False
    if place == 0 or words[place - 1].text in SENTENCE_END:
        return False
    following = words[place + 1].text if place + 1 < len(words) else ""
    return not (lower in AS_TITLES and following[:1].isupper() and not words[place - 1].text[0].isupper())


def _word(words: Sequence[Word], place: int) -> str:
    return words[place].text.lower() if 0 <= place < len(words) else ""


def _possessive_or_not(words: Sequence[Word], place: int, lower: str, text: str) -> str:
    """``his`` or ``him`` for ``her``; ``her`` or ``hers`` for ``his``."""
    possessive = _noun_follows(words, place, text, lower == "his")
    if lower == "her":
        return "his" if possessive else "him"
    return "her" if possessive else "hers"


def _noun_follows(words: Sequence[Word], place: int, text: str, alone: bool) -> bool:
    """Whether a noun phrase goes on behind a word that may be a determiner.

    Args:
        words: Of the text.
        place: Of the word.
        text: The text.
        alone: Whether the word is ``his``, which is no object: verbs of giving, seeing and making say nothing then.
    """
    if place + 1 >= len(words):
        return False
    following = words[place + 1]
    one, two = following.text.lower(), _word(words, place + 2)
    if not (one[0].isalnum()):
        opens = one in QUOTES and following.start > words[place].end and following.end < len(text)
        return opens and not text[following.end].isspace() and bool(two) and two[0].isalnum()
    verb = _word(words, place - 1)
    if one == "own":
        return True
    if not alone:
        decided = _as_object(verb, one, two, words, place)
        if decided is not None:
            return decided
    return _begins_a_noun_phrase(one, two, words, place, alone, verb)


def _as_object(verb: str, one: str, two: str, words: Sequence[Word], place: int) -> bool | None:
    """Whether the verb before ``her`` and what follows say that it is no object; None where they do not decide."""
    if one == "home":
        return not (verb in TO_A_PLACE and _ends(two))
    if one == "back":
        return not (verb in TO_BACK and (_ends(two) or two in TIMES))
    if one in ("last", "next", "one", "first", "every") and two in TIMES | {"day", "days"}:
        return verb in PREPOSITIONS | {"was", "is", "spent", "spend", "enjoyed", "finished", "began"}
    if one in WEEKDAYS:
        return verb in PREPOSITIONS or not _begins_no_noun(two)
    if verb in NAMING and _ends(two) and (words[place + 1].text[0].isupper() or not verb.startswith("call")):
        return False
    if verb in BARE_VERB and _is_bare_verb(one, two, verb):
        return False
    if verb in WITH_ING and one.endswith("ing") and "VERB" in _forms(one) and (_begins_no_noun(two) or _is_plural(two)):
        return False
    if verb in ("take", "takes", "took", "taken") and one in NUMBERS and two.removesuffix("s") in SPANS:
        return False
    if verb in TO_SOMEONE and _is_a_gift(one, two, _word(words, place + 3), verb):
        return False
    if verb in WITH_ADJECTIVE and _is_adjective(one) and _begins_no_noun(two):
        return _joined_adjective(words, place + 2)
    return None


def _is_bare_verb(one: str, two: str, verb: str) -> bool:
    """Whether a word after make, let, see her … is what she does."""
    forms = _forms(one)
    if forms.get("VERB") != one or one in MASS:
        return False
    if "NOUN" not in forms and "ADJ" not in forms:
        return True
    return one in BARE_VERBS and (
        verb in SURELY_BARE or _begins_no_verb(two) or two in ("the", "a", "an", "her", "his")
    )


def _begins_no_verb(word: str) -> bool:
    """Whether no verb can follow: a sentence that goes on would need one behind a noun."""
    return not ({"VERB", "AUX"} & _forms(word).keys()) or word in PREPOSITIONS or _ends(word)


def _is_a_gift(one: str, two: str, three: str, verb: str) -> bool:
    """Whether what follows ``gave her`` is what she got: a number, several things, or something without a number."""
    if one.isdigit() or one in NUMBERS:
        return True
    described = _is_adjective(one) and (two in MASS or _is_plural(two))
    thing, following = (two, three) if described else (one, two)
    if not (_is_plural(one) or described or thing in MASS) or thing in PEOPLE:
        return False
    if verb in ("tell", "tells", "told", "telling", "ask", "asks", "asked") and thing not in TOLD | MASS:
        return False
    if following in GIFTS or following in MASS:  # gave her flowers a drink
        return False
    return following != "to" or (thing in MASS and not described and three in BARE_VERBS)


def _joined_adjective(words: Sequence[Word], place: int) -> bool:
    """Whether adjectives joined by ``and`` or a comma lead to a noun: ``her happy and healthy children``."""
    if _word(words, place) not in ("and", "but", ",", "yet"):
        return False
    return _is_adjective(_word(words, place + 1)) and not _begins_no_noun(_word(words, place + 2))


def _begins_a_noun_phrase(one: str, two: str, words: Sequence[Word], place: int, alone: bool, verb: str) -> bool:
    if one in OPENERS:
        return not (one in ("first", "last", "only") and (_ends(two) or two in CLOSERS))
    if one == "every":
        return two in ("move", "need", "wish", "word", "whim", "step", "breath")
    if one in ("like", "past", "inside", "outside", "opposite"):
        return verb in PREPOSITIONS or (one == "past" and (_ends(two) or two in ("is", "was", "and", "in")))
    if one == "will":
        return verb in PREPOSITIONS | {"wrote", "changed", "signed", "read"}
    if one in ADVERBS:
        return (_is_adjective(two) or two == "own" or two in OPENERS or "NOUN" in _forms(two)) and not _begins_no_noun(
            _word(words, place + 3) if _is_adjective(two) and "NOUN" not in _forms(two) else two
        )
    if one in CLOSERS:
        return False
    forms = _forms(one)
    if not forms or "NOUN" in forms:
        return not (alone and _is_verb_of(one, two))
    if "ADJ" in forms or "VERB" in forms:
        leads = not _begins_no_noun(two) or _joined_adjective(words, place + 2)
        if forms.keys() == {"VERB"} and not one.endswith(("ing", "ed", "en")):
            return False
        return leads or (one.endswith("ing") and "VERB" in forms)
    return (
        "ADV" in forms
        and (_is_adjective(two) or "VERB" in _forms(two))
        and not _begins_no_noun(_word(words, place + 3))
    )


def _is_verb_of(one: str, two: str) -> bool:
    """Whether ``his`` is a subject here: ``his works better``, but not ``his works were sold``."""
    return one in OF_HIS and two in COMPARED


def _is_plural(word: str) -> bool:
    return word.endswith("s") and _forms(word).get("NOUN", word) != word


def _is_adjective(word: str) -> bool:
    return "ADJ" in _forms(word) or (word.endswith(("ed", "en")) and "VERB" in _forms(word))


def _begins_no_noun(word: str) -> bool:
    """Whether what follows an adjective is no noun that it could belong to."""
    if _ends(word):
        return True
    forms = _forms(word)
    return word in NO_NOUN or (
        bool(forms) and not {"NOUN", "ADJ", "PROPN"} & forms.keys() and not word.endswith(("ing", "ed"))
    )


def _ends(word: str) -> bool:
    """Whether a phrase ends here: at the end of the text, at a mark, at a word of grammar."""
    return not word or not word[0].isalnum() or word in CLOSERS or word in PREPOSITIONS


@cache
def _forms(word: str) -> dict[str, str]:
    """The parts of speech that a form can have, each with its lemma."""
    from lemminflect import getAllLemmas

    return {kind: lemmas[0] for kind, lemmas in getAllLemmas(word).items()}
