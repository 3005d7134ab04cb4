"""Reads which words mean the same from the database files of Princeton's WordNet (wndb(5WN) describes their form)."""

import re
from pathlib import Path
from typing import NamedTuple

from stages.common.core.messages import UserError

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
SENSE_TYPES = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}  # in a sense key; 5 is a satellite
MEND = "Run `dvc repro -f fetch_models@lexicon`, which fetches it again."

# Senses of a word that count, the most frequent ones: the rarer are mostly wrong where no context tells them apart.
SENSES = 2
SHORTEST = 3  # letters; what is shorter is mostly an abbreviation or a chemical symbol: "oz", "lu", "ma"

# data.*: offset, file number, type, number of words in hexadecimal, then each word with its lex_id. One word alone has
# no synonym and is passed over.
SYNSET = re.compile(r"^(\d{8}) \d\d [nvasr] (?!01)[0-9a-f]{2} ((?:\S+ [0-9a-f] )+)\d{3} ", re.MULTILINE)
SYNONYM = re.compile(r"[a-z]+(?:[-_'][a-z]+)*")  # capitals and digits make a name: "Big_Apple", "atomic_number_79"
MARKER = re.compile(r"\((?:a|p|ip)\)$")  # where in the sentence an adjective may stand


class Entry(NamedTuple):
    """A part of speech that a word can be.

    Attributes:
        lemma: The word.
        part: ``noun``, ``verb``, ``adj`` or ``adv``.
        frequency: How often it was met as this part of speech in tagged text (SemCor and others).
        synonyms: What means the same, in the same uninflected form, those of the most frequent sense first; with spaces
            where a synonym has several words.
    """

    lemma: str
    part: str
    frequency: int
    synonyms: tuple[str, ...]


def read_wordnet(folder: Path) -> list[Entry]:
    """Reads all single words, and their synonyms in senses that are common for both of them.

    Synonyms that were never met in tagged text count only where none was.

    Args:
        folder: The folder with index.* and data.* of each part of speech, and cntlist.rev.

    Returns:
        The entries, by part of speech and lemma.

    Raises:
        UserError: If a file is missing, or there are no synonyms in them.
    """
    counts = _counts(folder / "cntlist.rev")
    entries = []
    for part in PARTS_OF_SPEECH:
        senses = _senses(folder / f"index.{part}")
        synsets: dict[str, str] = dict(SYNSET.findall("\n".join(_lines(folder / f"data.{part}"))))
        for lemma, offsets in senses.items():
            if lemma.isalpha() and len(lemma) >= SHORTEST:
                shared = [(offset, synsets[offset]) for offset in offsets if offset in synsets]
                found = _synonyms(lemma, shared, senses)
                met = [other for other in found if (other, part) in counts] or found
                synonyms = tuple(other.replace("_", " ") for other in met)
                entries.append(Entry(lemma, part, counts.get((lemma, part), 0), synonyms))
    if not any(entry.synonyms for entry in entries):
        raise UserError(f"{folder}: its files hold no synonyms.", MEND)
    return entries


def _senses(path: Path) -> dict[str, list[str]]:
    """The offsets of the synsets of each word's commonest senses.

    A line holds the lemma, part of speech, number of senses, pointers, number of senses again, how many of them were
    met in tagged text, and the synsets' offsets, the most frequent sense first.
    """
    senses = {}
    for line in _lines(path):
        if line and line[0] != " ":
            fields = line.split()
            senses[fields[0]] = fields[-int(fields[2]) :][:SENSES]
    return senses


def _counts(path: Path) -> dict[tuple[str, str], int]:
    """How often each word was met as each part of speech; a line holds the sense's key, its number and the count."""
    counts: dict[tuple[str, str], int] = {}
    for line in _lines(path):
        if line:
            key, _, count = line.split()
            lemma, _, kind = key.partition("%")
            word = (lemma, SENSE_TYPES[kind[0]])
            counts[word] = counts.get(word, 0) + int(count)
    return counts


def _synonyms(lemma: str, synsets: list[tuple[str, str]], senses: dict[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    for offset, said in synsets:
        words = [MARKER.sub("", other) if "(" in other else other for other in said.split()[::2]]
        if lemma in words:  # else this sense is a name: "Turkey" is listed under "turkey"
            common = (other for other in words if SYNONYM.fullmatch(other) and offset in senses.get(other, ()))
            found.update(dict.fromkeys(common))
    found.pop(lemma, None)
    return list(found)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").split("\n")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", MEND) from None
