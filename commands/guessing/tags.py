"""Guesses how CoNLL columns are written: which column holds the token, and in which scheme the tags are."""

import re
from collections import Counter
from typing import Any

from commands.guessing.guess import PLAINEST, Guess
from stages.common.core.messages import UserError
from stages.download.readers.conll import DOCUMENT_START, iob1_to_bio

TAG = re.compile(r"O|[A-Z]-\S+")
KNOWN = "BIO, IOB1, BIOES, BILOU and BMES"
# The prefixes that occur, and so the scheme; a scheme whose rarer prefixes happen to be missing is among them.
PREFIXES = {"BIOES": set("BIES"), "BILOU": set("BILU"), "BMES": set("BMES")}


def guess_conll(lines: list[str], where: str) -> Guess | None:
    """How a file of one token a line is read; None if it is none.

    Raises:
        UserError: If it is one, but with tags of no known scheme.
    """
    comments = _comments(lines)
    lines = [line for line in lines if not (comments and line.startswith("#") and not TAG.fullmatch(_last(line)))]
    delimiter = "\t" if _tabbed(lines) else None
    split = [_split(line, delimiter) for line in lines if not line.startswith(DOCUMENT_START)]
    filled = [columns for columns in split if columns]
    blank = sum(not columns for columns in split[:-1])
    if len(filled) < 2:
        return None
    width, count = Counter(map(len, filled)).most_common(1)[0]
    if width < 2 or count < 0.9 * len(filled):
        return None
    rows = [columns for columns in filled if len(columns) == width]
    tags = [columns[-1] for columns in rows]
    tagged = [tag for tag in tags if TAG.fullmatch(tag)]
    if len(tagged) < 0.9 * len(tags) or all(tag == "O" for tag in tags):
        if _are_words(rows) and blank > len(filled) / 200:
            shown = ", ".join(repr(tag) for tag, _ in Counter(tags).most_common(5))
            raise UserError(
                f"{where}: looks like a token a line, but its tags ({shown}) are in no scheme known.",
                f"Known are {KNOWN}, such as B-PER; write the tags in one of them.",
            )
        return None
    reader: dict[str, Any] = {"format": "conll", "columns": width}
    remarks = [f"{width} columns, {'a tab' if delimiter else 'white space'} between them."]
    if _counts(split) and width > 2:
        reader["token"] = 2
        remarks.append("The first column counts, the second is the token.")
    if delimiter and any(" " in column or "\u00a0" in column for columns in rows for column in columns):
        reader["delimiter"] = delimiter
    if comments:
        reader["comments"] = "#"
        remarks.append("Lines that begin with # belong to no sentence.")
    tokens = [columns[reader.get("token", 1) - 1] for columns in rows]
    guess = Guess(reader, PLAINEST["tags"], remarks)
    if all(re.fullmatch(r".+\d", token, re.DOTALL) for token in tokens) and len(tokens) > 20:
        reader["positions"] = True
        remarks.append("Each token ends in a digit, its place in its word, which is left out.")
    if not blank:
        guess.doubt("columns", f"{width}: there is no empty line, so that the whole file is one sentence; is it?")
    _scheme(guess, split, tagged, where)
    return guess


def _scheme(guess: Guess, split: list[list[str]], tagged: list[str], where: str) -> None:
    prefixes = {tag[0] for tag in tagged if tag != "O"}
    unknown = prefixes - set("BIESLUM")
    fitting = [name for name, known in PREFIXES.items() if prefixes <= known]
    if unknown or not (prefixes <= {"B", "I"} or fitting):
        shown = ", ".join(sorted(prefixes))
        raise UserError(f"{where}: tags begin with {shown}, which is no scheme known.", f"Known are {KNOWN}.")
    if prefixes <= {"B", "I"}:
        tags = [columns[-1] if columns else "O" for columns in split if not columns or TAG.fullmatch(columns[-1])]
        scheme = "BIO" if iob1_to_bio(tags) == tags else "IOB1"
        strays = sum(a != b for a, b in zip(iob1_to_bio(tags), tags, strict=True))
        begun = sum(tag.startswith("B-") for tag in tags)
        if scheme == "IOB1" and begun > strays:  # B- begins most entities, as it rarely does in IOB1
            scheme = "BIO"
            guess.doubt("scheme", f"BIO or IOB1: {begun:,} entities begin with B-, {strays:,} with I-")
    else:
        scheme = fitting[0]
        if len(fitting) > 1:  # no inner word, which alone they write in different ways
            guess.remarks.append(f"{' and '.join(fitting)} read this file alike.")
    guess.reader["scheme"] = scheme
    guess.remarks.append(f"Tags in {scheme}.")


def _comments(lines: list[str]) -> bool:
    marked = [line for line in lines if line.startswith("#") and not TAG.fullmatch(_last(line))]
    return bool(marked) and sum(line.startswith("# ") or "=" in line for line in marked) > 0.5 * len(marked)


def _last(line: str) -> str:
    return (line.split() or [""])[-1]


def _tabbed(lines: list[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return sum("\t" in line for line in filled) > 0.9 * len(filled)


def _split(line: str, delimiter: str | None) -> list[str]:
    return line.split(delimiter) if line.strip() else []


def _counts(split: list[list[str]]) -> bool:
    """Whether the first column counts the tokens of each sentence from 1."""
    expected, right, all_of_them = 1, 0, 0
    for columns in split:
        if not columns:
            expected = 1
            continue
        right += columns[0] == str(expected)
        all_of_them += 1
        expected += 1
    return right > 0.9 * all_of_them


def _are_words(rows: list[list[str]]) -> bool:
    """Whether the rows look like tokens with tags: no column holds words with blanks, the last one few values."""
    last = {columns[-1] for columns in rows}
    single = all(" " not in column.strip() for columns in rows for column in columns)
    return single and len(last) <= 100 and len(last) < 0.2 * len(rows) and sum(len(c[0]) for c in rows) < 20 * len(rows)
