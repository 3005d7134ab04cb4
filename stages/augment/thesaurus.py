"""Says what can stand for a word where it stands: a light guess of its part of speech chooses among its readings."""

from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from stages.common.core.messages import UserError
from stages.common.words.function_words import FUNCTION_WORDS

TABLE = "synonyms.tsv"
# A reading is taken if the neighbours leave no other, or if its lemma was met so many times as often as any other's.
DOMINANCE = 2

# What a word's neighbours say of its form. A role is that of the word before, or of the word after.
NOUNS, ADJECTIVES, ADVERBS = ("NN", "NNS"), ("JJ", "JJR", "JJS"), ("RB", "RBR", "RBS")
PARTICIPLES, VERBS = ("VBN", "VBG"), ("VB", "VBZ", "VBD", "VBN", "VBG")
AFTER = {  # after such a word, a word has one of these forms
    "determiner": ("a an the this these those my your his her its our their no any some each every another such",
                   {*NOUNS, *ADJECTIVES, *PARTICIPLES}),
    "preposition": ("of in on at by for with from into about against between through during without under over",
                    {*NOUNS, *ADJECTIVES, *PARTICIPLES}),
    "modal": ("to will would can could may might must shall should cannot do does did don't doesn't didn't won't "
              "wouldn't can't couldn't shouldn't", {"VB", *ADVERBS}),
    "subject": ("i you he she it we they who", {"VB", "VBZ", "VBD", *ADVERBS}),
    "have": ("has have had having hasn't haven't hadn't", {"VBN", *NOUNS, *ADJECTIVES, *ADVERBS}),
    "be": ("is are was were be been being isn't aren't wasn't weren't", {*PARTICIPLES, *ADJECTIVES, *ADVERBS, "NN"}),
    "degree": ("very too so quite rather more most less least", {*ADJECTIVES, *ADVERBS}),
}  # fmt: skip
BEFORE = {  # before such a word, a word has one of these forms
    "object": ("the a an his her their its our your my him them me us", {*VERBS, *ADVERBS}),
    "of": ("of", {*NOUNS}),
    "verb": ("is are was were has have had will would can could may might must should", {*NOUNS, *ADVERBS}),
}
PERFECT = frozenset({"have", "be", "determiner", "preposition"})  # after these, "surged" is a participle
ROLES_BEFORE = {word: role for role, (words, _) in AFTER.items() for word in words.split()}
ROLES_AFTER = {word: role for role, (words, _) in BEFORE.items() for word in words.split()}


class Reading(NamedTuple):
    """What a form can be: its lemma and Penn tag, how often the lemma is that, and the synonyms in the same form."""

    lemma: str
    tag: str
    frequency: int
    synonyms: tuple[str, ...]


class Thesaurus:
    """Synonyms of words in their context.

    Attributes:
        table: For each form in lower case its readings, as the lexicon's table writes them.
    """

    def __init__(self, table: dict[str, str]) -> None:
        self.table = {form: readings for form, readings in table.items() if form not in FUNCTION_WORDS}
        self._found: dict[tuple[str, str | None, str | None], tuple[str, ...]] = {}

    def synonyms(self, word: str, before: str, after: str) -> tuple[str, ...]:
        """What can stand for a word; nothing where its part of speech stays open.

        Args:
            word: The word in lower case; it is in the table.
            before: The word before it, "" where punctuation stands between.
            after: The word after it.

        Returns:
            The synonyms in the form of the word.
        """
        key = (word, _role(before), ROLES_AFTER.get(after.lower()))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = choose_reading(_readings(self.table[word]), key[1], key[2])
        return found


def choose_reading(readings: list[Reading], before: str | None, after: str | None) -> tuple[str, ...]:
    """The synonyms of the one reading that the neighbours and the frequencies speak for.

    Args:
        readings: What the form can be.
        before: The role of the word before, if it has one.
        after: The role of the word after.

    Returns:
        Its synonyms; none where no reading stands out.
    """
    left = readings
    if before:
        allowed = AFTER[before][1]
        left = [reading for reading in left if reading.tag in allowed]
    if after and len(left) > 1:
        allowed = BEFORE[after][1]
        left = [reading for reading in left if reading.tag in allowed] or left
    if len(left) < 2:
        return left[0].synonyms if left else ()
    tags = [reading.tag for reading in left]
    if "VBD" in tags and "VBN" in tags:
        left = [reading for reading in left if reading.tag != ("VBD" if before in PERFECT else "VBN")]
    best = max(left, key=attrgetter("frequency"))
    for other in left:
        if best.frequency < DOMINANCE * other.frequency and (other.lemma, other.tag) != (best.lemma, best.tag):
            return ()
    return best.synonyms


@cache
def read_thesaurus(folder: Path) -> Thesaurus:
    """Reads the lexicon's table, once for each process.

    Args:
        folder: The folder with ``synonyms.tsv``.

    Raises:
        UserError: If it is missing, or holds nothing.
    """
    path = folder / TABLE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file.", "Run `dvc repro -f fetch_models@lexicon`, which makes it."
        ) from None
    table = dict(line.split("\t", 1) for line in lines if "\t" in line)
    if not table:
        raise UserError(f"{path}: holds no synonyms.", "Run `dvc repro -f fetch_models@lexicon`, which makes it again.")
    return Thesaurus(table)


def _readings(line: str) -> list[Reading]:
    found = []
    for reading in line.split("\t"):
        lemma, tag, frequency, *synonyms = reading.split("|")
        found.append(Reading(lemma, tag, int(frequency), tuple(synonyms)))
    return found


@cache
def _role(before: str) -> str | None:
    before = before.lower()
    if before.endswith(("'s", "\u2019s")) and before[:-2] not in ("it", "he", "she", "that", "there", "what", "who"):
        return "determiner"  # a possessive
    return ROLES_BEFORE.get(before)
