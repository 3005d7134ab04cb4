"""Finds out what several files, or the members of an archive, are to each other: splits, texts and labels, answers."""

import glob
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from commands.guess import guess_folders, guess_reader
from commands.guessing.answers import AnswerFile
from commands.guessing.encoding import guess_encoding
from commands.guessing.examine import READER, Described, examine
from commands.guessing.guess import Guess
from commands.guessing.splits import split_of
from stages.common.core.messages import UserError
from stages.common.fetching.archives import is_archive, open_members
from stages.download.readers.columns import Columns
from stages.download.readers.record import Batch

MOST_TABLES = 20  # of an archive or a folder
FEWEST_KNOWN = 0.5  # of the items that answers are about, or of the documents
OF_COLUMNS = ("text", "text_pair", "label", "labels", "value", "id")  # keys of a reader that name columns


def files_of(path: Path) -> list[Path]:
    """The files of a folder that are the splits of a dataset by their names; else the path itself."""
    return [path / name for name in _splits(path)] if path.is_dir() and _splits(path) else [path]


def _splits(path: Path) -> list[str]:
    """The files of a folder, or the members of an archive, that are the splits of a dataset by their own names."""
    names = [name for name, _ in open_members(path, "*")]
    named = [name for name in names if split_of(PurePosixPath(name).name) and "__MACOSX" not in name]
    return sorted(named) if 1 < len(named) <= MOST_TABLES else []


def table_parts(paths: Sequence[Path], answered: bool) -> list[Described]:
    """What each file, or each split in an archive, is; columns that several have are read as in the largest one.

    Args:
        paths: The files.
        answered: Whether what is predicted stands in another file.

    Raises:
        UserError: If one of them does not look like labelled text.
    """
    several = answered or len(paths) > 1
    found = [(path, guess) for path in paths for guess in _guesses(path, several)]
    if len(found) == 1:
        path, guess = found[0]
        return [Described([path], guess, examine(guess, [path]), split_of(path.name))]
    if not answered and not any(_predicts(guess) for _, guess in found):
        guess_reader(found[0][0], _member(found[0][1]))  # which says what is missing
    for _, guess in found:
        if guess.reader["format"] == "folder":
            guess.reader["ids"] = "path"
    path, guess = max(found, key=lambda one: (_predicts(one[1]), one[0].stat().st_size))
    largest = Described([path], guess, examine(guess, [path]), None)
    parts = []
    for path, guess in found:
        inside = _member(guess) or str(guess.reader.get("members", ""))
        split = split_of(inside) or split_of(path.name)
        alike = replace(largest, split=split) if guess is largest.guess else _like(largest, path, guess, split)
        parts.append(alike or Described([path], guess, examine(guess, [path]), split))
        if not answered and not _predicts(parts[-1].guess):
            raise UserError(
                f"{PurePosixPath(inside).name or path}: has no column of labels.",
                "Leave it out: documents without labels neither train nor measure.",
            )
    return parts


def _predicts(guess: Guess) -> bool:
    """Whether a guess says what is predicted, or who answered."""
    return bool(guess.annotators or READER.validate_python(guess.reader).fills - {"text_pair"})


def _member(guess: Guess) -> str | None:
    return str(guess.reader["member"]) if "member" in guess.reader else None


def _guesses(path: Path, answered: bool) -> list[Guess]:
    if not path.is_dir() and not is_archive(path):
        return [guess_reader(path, answered=answered)]
    splits = _splits(path)
    if splits:
        return [guess_reader(path, glob.escape(name), answered=True) for name in splits]
    return guess_folders(path) or [guess_reader(path, answered=answered)]


def _like(largest: Described, path: Path, guess: Guess, split: str | None) -> Described | None:
    """A table read with the columns of another one; None if it has not these, or predicts something else by them."""
    first = largest.guess
    if guess.reader["format"] != first.reader["format"] or "text" not in first.reader:
        return None
    reader = {key: value for key, value in guess.reader.items() if key not in OF_COLUMNS}
    reader |= {key: deepcopy(first.reader[key]) for key in OF_COLUMNS if key in first.reader}
    doubts = {key: said for key, said in guess.doubts.items() if key not in OF_COLUMNS}
    doubts |= {key: said for key, said in first.doubts.items() if key in OF_COLUMNS}
    alike = Guess(reader, first.task, guess.remarks, doubts, first.columns, first.annotators, first.annotators_doubt)
    try:
        found = examine(alike, [path])
    except UserError:
        return None
    foreign = guess.task != first.task and not found.labels.keys() & largest.findings.labels.keys()
    return None if foreign else Described([path], alike, found, split)


def line_parts(paths: Sequence[Path]) -> list[Described] | None:
    """Two files of which one holds texts and the other their labels, line by line; None if they are no such files."""
    if len(paths) != 2 or any(path.is_dir() or split_of(path.name) for path in paths):
        return None
    heads = []
    for path in paths:
        content = path.read_bytes()
        if not content or b"\0" in content[:1000] or is_archive(path):
            return None
        encoding = guess_encoding(content)
        text = content.decode(encoding.name, "replace").removeprefix("\ufeff")
        heads.append((encoding, text.removesuffix("\n").split("\n")))
    (first, some), (second, others) = heads
    few = [len(set(lines)) <= max(2, len(lines) // 2) and max(map(len, lines)) <= 40 for lines in (some, others)]
    if len(some) != len(others) or few[0] == few[1]:
        return None
    of_texts, of_labels = (paths[1], paths[0]) if few[0] else (paths[0], paths[1])
    encoding = second if few[0] else first
    guess = Guess({"format": "lines", "labels": of_labels.name})
    guess.remarks.append(
        f"Encoding: {encoding.name}. {len(some):,} lines of text, each with its label in {of_labels.name}."
    )
    if encoding.name != "utf-8":
        guess.reader["encoding"] = encoding.name
    if encoding.doubt:
        guess.doubt("encoding", encoding.doubt)
    files = [of_texts, of_labels]
    return [Described(files, guess, examine(guess, files), None)]


def rated_parts(paths: Sequence[Path], answers: Sequence[AnswerFile]) -> list[Described]:
    """Texts in one file and numbers that people gave them in others, a part each.

    Raises:
        UserError: If there is more than one file of texts, or it is written in another way than they are.
    """
    guess = guess_reader(paths[0], answered=True)
    delimiters = {one.get("delimiter", ",") for one in (guess.reader, *(found.entry for found in answers))}
    if len(paths) > 1 or guess.reader["format"] != "csv" or len(delimiters) > 1:
        raise UserError(
            f"{answers[0].path}: holds numbers that people gave to texts.",
            "Write the texts as one table in the same way, and describe both together.",
        )
    delimiter = delimiters.pop()
    parts = []
    for found in answers:
        reader: dict[str, Any] = {"format": "ratings", "texts": paths[0].name, "id": id_column(guess, paths[0], found)}
        reader |= {"text": guess.reader["text"][0], "about": found.entry["id"], "answer": found.entry["answer"]}
        reader |= {"question": found.path.name.partition(".")[0], "delimiter": delimiter}
        rated = Guess(reader, "regression", [f"{found.shown}: the value of a text is their mean."])
        rated.doubt("question", f"{reader['question']}: what people were asked about; it stands before each text")
        files = [found.path, paths[0]]
        parts.append(Described(files, rated, examine(rated, files), split_of(found.path.name)))
    return parts


def id_column(guess: Guess, path: Path, answers: AnswerFile) -> str:
    """The column of a table whose cells are the ids that answers are about.

    Raises:
        UserError: If there is none.
    """
    known = guess.reader.get("id")
    for name in [*([known] if known else []), *(name for name in guess.columns if name and name != known)]:
        reader = READER.validate_python(guess.reader | {"id": name})
        if not isinstance(reader, Columns):
            break
        ids = [row_id for batch in reader.read(path) if isinstance(batch, Batch) for row_id in batch.ids().to_pylist()]
        shared = len(answers.items.intersection(ids))
        if len(set(ids)) == len(ids) and shared >= FEWEST_KNOWN * min(len(ids), len(answers.items)):
            return str(name)
    raise UserError(
        f"{path}: no column holds the ids that {answers.path.name} is about, such as {min(answers.items)!r}.",
        "Give each text its id in a column of its own.",
    )
