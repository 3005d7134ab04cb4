"""Looks at a file or folder and drafts a catalog entry for it."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from commands.guessing.answers import AnswerFile, guess_answer_file
from commands.guessing.columns import alike_labels
from commands.guessing.examine import Described
from commands.guessing.guess import EDIT
from commands.guessing.language import guess_language
from commands.guessing.parts import files_of, id_column, line_parts, rated_parts, table_parts
from stages.common.core.messages import UserError, one_line
from stages.common.fetching.sources import file_hash, tree_hash

FASTTEXT = "__label__"  # stands before each label in the lines of fastText
ALONE = "is the only one here; a classifier needs two: describe the other files together with this one"
SHOWN = 5


def describe(paths: Sequence[Path]) -> None:
    """Prints a draft of the catalog entry of some files or a folder, as YAML.

    Args:
        paths: CSV, TSV, JSON lines or array, parquet, Orange .tab, CoNLL columns, or labelled lines, compressed or in
            an archive or not; or text files in folders named after their labels. Several are the splits of one
            dataset; two of plain lines are texts and their labels; tables of answers lie beside their texts.

    Raises:
        UserError: If there is nothing there that could be labelled text, or the files do not belong together.
    """
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: there is no such file.", "Name a file or a folder.")
    paths = [file for path in paths for file in files_of(path)]
    counted = Counter(path.name for path in paths)
    name, count = counted.most_common(1)[0]
    if count > 1:
        raise UserError(f"{name}: {count} files have this name.", "Rename all but one.")
    answers = [found for found in map(guess_answer_file, paths) if found]
    tables = [path for path in paths if path not in [found.path for found in answers]]
    if not tables:
        raise UserError(
            f"{answers[0].path}: holds {answers[0].shown}, and no texts.",
            f"Describe it together with the file of the texts: `describe TEXTS {answers[0].path.name}`.",
        )
    if answers and any(found.numbers for found in answers):
        parts, answers = rated_parts(tables, answers), []
    else:
        parts = line_parts(tables) or table_parts(tables, answered=bool(answers))
    tasks = {part.guess.task for part in parts}
    if len(tasks) > 1:
        shown = "; ".join(f"{part.paths[0].name}: {part.guess.task}" for part in parts)
        raise UserError(f"The files look like several tasks ({shown}).", "Describe them one by one.")
    print(draft(parts, answers), end="")


def draft(parts: list[Described], answers: Sequence[AnswerFile] = ()) -> str:
    """The entry as YAML, with what was found as comments before it.

    Args:
        parts: The parts of the dataset.
        answers: The tables of several people's answers about its documents.

    Raises:
        UserError: If the answers are about no column of the documents.
    """
    first = parts[0]
    every = [part.findings for part in parts]
    labels = sum((findings.labels for findings in every), Counter[str]())
    language, doubt = guess_language([text for one in every for text in one.texts])
    if labels and all(label.startswith(FASTTEXT) and label != FASTTEXT for label in labels):
        written = {label: label.removeprefix(FASTTEXT) for label in sorted(labels)}
        labels = Counter({written[label]: count for label, count in labels.items()})
        for part in parts:
            part.guess.reader["label_names"] = written
    tables = _answers(parts, answers, labels)
    names = set(labels).union(*(one.answers for one in every))
    if not labels:
        names = names.union(*(found.answers for found in answers))
    odd = alike_labels(sorted(names))
    if len(names) == 1:
        odd |= dict.fromkeys(names, ALONE)
    card = {
        "title": first.paths[0].name.partition(".")[0] if len(parts) == 1 else first.paths[0].resolve().parent.name,
        "task": first.guess.task,
        "language": f"{EDIT} {doubt}" if doubt else language,
        "licence": f"{EDIT} the terms of use",
        "citation": f"{EDIT} what to cite",
        "known_faults": _faults(parts, answers),
        "labels": [{"name": name, "definition": _definition(odd.get(name))} for name in sorted(names)],
        "files": [_file(path) for path in _files(parts, answers)],
        "parts": [_part(part, alone=len(parts) == 1) for part in parts],
        **({"answers": tables} if tables else {}),
    }
    comments = [comment for part in parts for comment in _comments(part)]
    comments += [f"{found.path.name}: {found.shown}; {len(found.bad):,} records unreadable." for found in answers]
    if labels:
        comments.append("Labels: " + _shown(labels))
    said = sum((one.answers for one in every), Counter[str]()) + sum((one.answers for one in answers), Counter[str]())
    if said:
        comments.append("Answers: " + _shown(said))
    comments += [f"Label {name!r} {said}." for name, said in odd.items()]
    if not doubt:
        comments.append(f"Language: the texts look like {language}.")
    comments.append(
        f"Replace what says {EDIT}, look at the rest, save it as catalog/datasets/NAME.yaml, set `dataset: NAME`."
    )
    lines = "".join(f"# {one_line(comment)}\n" for comment in comments)
    return lines + yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=120)


def _shown(counted: Counter[str]) -> str:
    return ", ".join(f"{name!r} {count:,}" for name, count in counted.most_common(20))


def _faults(parts: Sequence[Described], answers: Sequence[AnswerFile]) -> list[str]:
    every = [part.findings for part in parts]
    bad = [*(one.bad for one in every), *(one.bad for one in answers)]
    counted = {
        "texts are exact repeats of an earlier one": sum(one.repeated for one in every),
        "records have no text": sum(one.empty for one in every),
        "records have no label": sum(one.unlabelled for one in every),
        "of the records cannot be read": sum(map(len, bad)),
    }
    return [f"{count} {said}." for said, count in counted.items() if count]


def _files(parts: Sequence[Described], answers: Sequence[AnswerFile]) -> list[Path]:
    """Each file once."""
    return list(dict.fromkeys([*(path for part in parts for path in part.paths), *(found.path for found in answers)]))


def _answers(parts: Sequence[Described], answers: Sequence[AnswerFile], labels: Counter[str]) -> list[dict[str, Any]]:
    """What the entry says of answers; the readers of the parts get the ids that these are about."""
    tables: dict[str, dict[str, Any]] = {}
    for part in parts:
        guess = part.guess
        if guess.annotators:
            shown = f"[{', '.join(guess.annotators)}]: {guess.annotators_doubt}"
            names = f"{EDIT} {shown}" if guess.annotators_doubt else guess.annotators
            tables[part.paths[0].name] = {"file": part.paths[0].name, "annotators": names}
    for found in answers:
        for part in parts:
            part.guess.reader["id"] = id_column(part.guess, part.paths[0], found)
        entry = dict(found.entry)
        if labels and not set(found.answers) <= set(labels):
            said, known = (", ".join(sorted(map(repr, names))) for names in (found.answers, labels))
            entry["label_names"] = f"{EDIT} which of the labels {known} each of {said} is, as {{answer: label}}"
        tables[found.path.name] = entry
    return list(tables.values())


def _definition(odd: str | None) -> str:
    if odd == ALONE:
        return f"{EDIT} it {odd}"
    if odd:
        return f"{EDIT} it {odd}: correct the file, or name both by `label_names`"
    return f"{EDIT} what a human annotator should know to give this label"


def _file(path: Path) -> dict[str, Any]:
    inside = path.resolve().is_relative_to(Path.cwd())
    address = os.path.relpath(path) if inside else str(path.resolve())
    pinned = {"tree": tree_hash(path)} if path.is_dir() else _pinned(path)
    return {"name": path.name, **pinned, "sources": [{"url": address}]}


def _part(part: Described, alone: bool) -> dict[str, Any]:
    unsaid = f"{EDIT} train, validation or test, or leave this line out: the file's name does not say it"
    split = part.split or ("" if part.guess.reader["format"] == "ratings" else unsaid)
    published = {"split": split} if split and not alone else {}  # one file is split anew, whatever its name
    return {"file": part.paths[0].name, **published, "reader": part.guess.reader | part.guess.doubts}


def _comments(part: Described) -> list[str]:
    found = part.findings
    inside = part.guess.reader.get("member") or part.guess.reader.get("members")
    return [
        f"Drafted from {' and '.join(path.name for path in part.paths)}{f' ({inside})' if inside else ''}: "
        f"{found.rows:,} records, {found.empty:,} of them without text, {found.repeated:,} repeats; "
        f"{len(found.bad):,} unreadable.",
        *([f"{found.unlabelled:,} records have no label."] if found.unlabelled else []),
        *(f"Unreadable: {bad.place}: {bad.reason}" for bad in found.bad[:SHOWN]),
        *part.guess.remarks,
        *(f"Not sure: {key}: {said.removeprefix(EDIT).strip()}" for key, said in part.guess.doubts.items()),
    ]


def _pinned(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": file_hash(path, "sha256")}
