"""Reads synonyms straight from the database files of Princeton's WordNet (wndb(5WN) describes their form)."""

import re
from functools import cache
from pathlib import Path

from stages.augment.function_words import FUNCTION_WORDS
from stages.common.messages import UserError

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
MEND = "Run `dvc repro -f fetch_lexicon`, which fetches it again."

# Senses of a word that count, the most frequent ones: the rarer are mostly wrong where no context tells them apart.
SENSES = 2
# A word is taken for a part of speech if that one has so many times the senses, met in tagged text, of any other.
DOMINANCE = 2
SHORTEST = 3  # letters; what is shorter is mostly an abbreviation or a chemical symbol: "oz", "lu", "ma"

# data.*: offset, file number, type, number of words in hexadecimal, then each word with its lex_id. One word alone has
# no synonym and is passed over.
SYNSET = re.compile(r"^(\d{8}) \d\d [nvasr] (?!01)[0-9a-f]{2} ((?:\S+ [0-9a-f] )+)\d{3} ", re.MULTILINE)
SYNONYM = re.compile(r"[a-z]+(?:[-_'][a-z]+)*")  # capitals and digits make a name: "Big_Apple", "atomic_number_79"
MARKER = re.compile(r"\((?:a|p|ip)\)$")  # where in the sentence an adjective may stand

# How a regular form is turned into its base, by ending, after WordNet's rules of detachment (morphy(7WN)).
DETACHMENT = {
    "noun": (("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("ies", "y")),
    "verb": (("s", ""), ("ies", "y"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
}

# A part of speech that a word can be: how many of its senses were met in tagged text, its name, the offsets of the
# synsets of its commonest senses.
Entry = tuple[int, str, list[str]]


@cache
def read_synonyms(folder: Path) -> dict[str, tuple[str, ...]]:
    """Reads which words can stand for which, once for each process.

    Without a look at the sentence, a synonym is only as good as the guess of what the word means. So a word is left
    out if no part of speech dominates ("deal", "rise"), if it is an inflected form ("rose", "services", "saying"),
    whose synonyms would be in another form, and if it is a function word; and only its most frequent senses count.

    Args:
        folder: The folder with index.*, data.* and *.exc of each part of speech.

    Returns:
        For each word, in lower case, its synonyms without repeats, those of the most frequent sense first; with spaces
        where a synonym has several words.

    Raises:
        UserError: If a file is missing, or there are no synonyms in them.
    """
    entries = _entries(folder)
    synsets = {part: _synsets(folder / f"data.{part}") for part in PARTS_OF_SPEECH}
    irregular = {line.partition(" ")[0] for part in PARTS_OF_SPEECH for line in _lines(folder / f"{part}.exc")}
    synonyms = {}
    for word, parts in entries.items():
        best = parts[0]
        if len(parts) > 1:
            second, best = sorted(parts)[-2:]
            if best[0] < max(1, DOMINANCE * second[0]):
                continue
        senses = [synsets[best[1]][offset] for offset in best[2] if offset in synsets[best[1]]]
        if senses and word not in irregular and word not in FUNCTION_WORDS and not _inflected(word, entries):
            synonyms[word] = _synonyms(word, senses)
    if not any(synonyms.values()):
        raise UserError(f"{folder}: its files hold no synonyms.", MEND)
    return {word: found for word, found in synonyms.items() if found}


def _entries(folder: Path) -> dict[str, list[Entry]]:
    """The single words of the index files, with one entry for each part of speech that a word can be.

    A line holds the lemma, part of speech, number of senses, pointers, number of senses again, how many of them were
    met in tagged text, and the synsets' offsets, the most frequent sense first.
    """
    entries: dict[str, list[Entry]] = {}
    for part in PARTS_OF_SPEECH:
        for line in _lines(folder / f"index.{part}"):
            lemma = line[: line.find(" ")]
            if lemma.isalpha() and len(lemma) >= SHORTEST:
                fields = line.split()
                first = -int(fields[2])
                entries.setdefault(lemma, []).append((int(fields[first - 1]), part, fields[first:][:SENSES]))
    return entries


def _synsets(path: Path) -> dict[str, str]:
    """The words of each synset of a data file that has several, by its offset."""
    return dict(SYNSET.findall("\n".join(_lines(path))))


def _inflected(word: str, entries: dict[str, list[Entry]]) -> bool:
    """Whether the word may be a regular form of another word."""
    if not word.endswith(("s", "ed", "ing")):
        return False
    return any(
        word.endswith(ending)
        and any(part == other for _, other, _ in entries.get(word.removesuffix(ending) + base, []))
        for part, rules in DETACHMENT.items()
        for ending, base in rules
    )


def _synonyms(word: str, senses: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for sense in senses:
        words = [MARKER.sub("", other) if "(" in other else other for other in sense.split()[::2]]
        if word in words:  # else this sense is a name: "Turkey" is listed under "turkey"
            found.update(dict.fromkeys(other.replace("_", " ") for other in words if SYNONYM.fullmatch(other)))
    found.pop(word, None)
    return tuple(found)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").split("\n")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", MEND) from None
