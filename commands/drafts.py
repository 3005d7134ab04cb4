"""Looks at a file or folder and drafts a catalog entry for it."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
import yaml
from pydantic import TypeAdapter

from commands.guess import guess_reader
from commands.guessing.columns import alike_labels
from commands.guessing.encoding import guess_encoding
from commands.guessing.guess import EDIT, Guess
from commands.guessing.language import guess_language
from stages.common.core.messages import UserError, one_line, progress
from stages.common.fetching.archives import is_archive
from stages.common.fetching.sources import file_hash, tree_hash
from stages.download.entry import Reader
from stages.download.readers.record import BadRecord, Batch

MOST_LABELS = 1_000
FASTTEXT = "__label__"  # stands before each label in the lines of fastText
ALONE = "is the only one here; a classifier needs two: describe the other files together with this one"
SHOWN = 5
TEXTS_OF_A_BATCH = 200
SPLITS = (
    ("validation", r"valid|validation|val|dev|devel"),
    ("test", r"test|testing|eval"),
    ("train", r"train|training"),
)
READER: TypeAdapter[Reader] = TypeAdapter(Reader)


@dataclass
class Findings:
    """What a pass over the whole file found.

    Attributes:
        rows: How many records were read.
        empty: How many of them have no text.
        unlabelled: How many have no label, where one is predicted.
        repeated: How many have the same text as an earlier one.
        labels: How often each label, or each type of entity, occurs.
        bad: The records that cannot be read.
        texts: Some of the texts, from all over the file.
    """

    rows: int = 0
    empty: int = 0
    unlabelled: int = 0
    repeated: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    bad: list[BadRecord] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def describe(paths: Sequence[Path]) -> None:
    """Prints a draft of the catalog entry of some files or a folder, as YAML.

    Args:
        paths: CSV, TSV, JSON lines or array, parquet, Orange .tab, CoNLL columns, or labelled lines, compressed or in
            an archive or not; or text files in folders named after their labels. Several are the splits of one
            dataset; two of plain lines are texts and their labels.

    Raises:
        UserError: If there is nothing there that could be labelled text, or the files do not belong together.
    """
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: there is no such file.", "Name a file or a folder.")
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        raise UserError(f"{names[0]}: two files have one name.", "Rename one.")
    beside = _texts_and_labels(paths)
    if beside:
        text, labels, guess = beside
        parts = [Described([text, labels], guess, _examine(guess, [text, labels]), None)]
    else:
        parts = []
        for path in paths:
            guess = guess_reader(path)
            parts.append(Described([path], guess, _examine(guess, [path]), _split(path.name)))
        tasks = {part.guess.task for part in parts}
        if len(tasks) > 1:
            shown = "; ".join(f"{part.paths[0].name}: {part.guess.task}" for part in parts)
            raise UserError(f"The files look like several tasks ({shown}).", "Describe them one by one.")
    print(draft(parts), end="")


@dataclass(frozen=True)
class Described:
    """What is known of a part of a dataset.

    Attributes:
        paths: Its own file, then the one of the labels if that is another.
        guess: How it is read.
        findings: What a pass over it found.
        split: The published split that its name says, if any.
    """

    paths: list[Path]
    guess: Guess
    findings: Findings
    split: str | None


def _split(name: str) -> str | None:
    words = set(re.split(r"[^a-z]+", name.lower()))
    return next((split for split, known in SPLITS if words & set(known.split("|"))), None)


def _texts_and_labels(paths: Sequence[Path]) -> tuple[Path, Path, Guess] | None:
    """Which of two files holds texts and which their labels, line by line; None if they are no such files."""
    if len(paths) != 2 or any(path.is_dir() or _split(path.name) for path in paths):
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
    return of_texts, of_labels, guess


def _examine(guess: Guess, paths: list[Path]) -> Findings:
    """Reads the whole file by the batch; eight bytes a record are kept, to find repeats.

    Raises:
        UserError: If there are more labels than labels can be.
    """
    reader = READER.validate_python(guess.reader)
    found = Findings()
    hashes = []
    for item in progress(reader.read(*paths), paths[0].name, "block"):
        if isinstance(item, BadRecord):
            found.bad.append(item)
            continue
        text = pc.fill_null(item.rows["text"], "")
        found.rows += len(text)
        found.empty += pc.sum(pc.equal(pc.utf8_trim_whitespace(text), "")).as_py() or 0
        if "label" in item.rows.column_names:
            label = pc.fill_null(item.rows["label"].cast(pa.string()), "")
            found.unlabelled += pc.sum(pc.equal(pc.utf8_trim_whitespace(label), "")).as_py() or 0
        texts = text.to_pylist()
        hashes.append(np.array([xxhash.xxh3_64_intdigest(one.encode()) for one in texts], np.uint64))
        found.texts += texts[:: max(1, len(texts) // TEXTS_OF_A_BATCH)]
        found.labels.update(_labels(item))
        if len(found.labels) > MOST_LABELS:
            raise UserError(
                f"{paths[0]}: more than {MOST_LABELS:,} values in what looks like the column of labels.",
                "Write its entry by hand.",
            )
    every = np.concatenate(hashes) if hashes else np.array([], np.uint64)
    found.repeated = len(every) - len(np.unique(every))
    return found


def draft(parts: list[Described]) -> str:
    """The entry as YAML, with what was found as comments before it.

    Args:
        parts: The parts of the dataset.
    """
    first = parts[0]
    every = [part.findings for part in parts]
    labels = sum((findings.labels for findings in every), Counter[str]())
    repeated, empty = sum(one.repeated for one in every), sum(one.empty for one in every)
    bad = [record for one in every for record in one.bad]
    faults = [f"{repeated} texts are exact repeats of an earlier one."] if repeated else []
    faults += [f"{empty} records have no text."] if empty else []
    unlabelled = sum(one.unlabelled for one in every)
    faults += [f"{unlabelled} records have no label."] if unlabelled else []
    faults += [f"{len(bad)} of the records cannot be read."] if bad else []
    language, doubt = guess_language([text for one in every for text in one.texts])
    if labels and all(label.startswith(FASTTEXT) and label != FASTTEXT for label in labels):
        written = {label: label.removeprefix(FASTTEXT) for label in sorted(labels)}
        labels = Counter({written[label]: count for label, count in labels.items()})
        for part in parts:
            part.guess.reader["label_names"] = written
    odd = alike_labels(list(labels))
    if len(labels) == 1:
        odd |= dict.fromkeys(labels, ALONE)
    card = {
        "title": first.paths[0].name.partition(".")[0],
        "task": first.guess.task,
        "language": f"{EDIT} {doubt}" if doubt else language,
        "licence": f"{EDIT} the terms of use",
        "citation": f"{EDIT} what to cite",
        "known_faults": faults,
        "labels": [{"name": name, "definition": _definition(odd.get(name))} for name in sorted(labels)],
        "files": [_file(path) for part in parts for path in part.paths],
        "parts": [_part(part, alone=len(parts) == 1) for part in parts],
    }
    comments = [comment for part in parts for comment in _comments(part)]
    if labels:
        comments.append("Labels: " + ", ".join(f"{name!r} {count:,}" for name, count in labels.most_common(20)))
    comments += [f"Label {name!r} {said}." for name, said in odd.items()]
    if not doubt:
        comments.append(f"Language: the texts look like {language}.")
    comments.append(
        f"Replace what says {EDIT}, look at the rest, save it as catalog/datasets/NAME.yaml, set `dataset: NAME`."
    )
    lines = "".join(f"# {one_line(comment)}\n" for comment in comments)
    return lines + yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=120)


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
    split = part.split or f"{EDIT} train, validation or test: the file's name does not say it"
    published = {} if alone else {"split": split}  # one file is split anew, whatever its name
    return {"file": part.paths[0].name, **published, "reader": part.guess.reader | part.guess.doubts}


def _comments(part: Described) -> list[str]:
    found = part.findings
    return [
        f"Drafted from {' and '.join(path.name for path in part.paths)}: {found.rows:,} records, {found.empty:,} of "
        f"them without text, {found.repeated:,} repeats; {len(found.bad):,} unreadable.",
        *([f"{found.unlabelled:,} records have no label."] if found.unlabelled else []),
        *(f"Unreadable: {bad.place}: {bad.reason}" for bad in found.bad[:SHOWN]),
        *part.guess.remarks,
        *(f"Not sure: {key}: {said.removeprefix(EDIT).strip()}" for key, said in part.guess.doubts.items()),
    ]


def _pinned(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": file_hash(path, "sha256")}


def _labels(batch: Batch) -> dict[str, int]:
    """How often each label occurs, or each type of entity; none where numbers are predicted."""
    columns = batch.rows.column_names
    if "label" in columns:
        values = batch.rows["label"]
    elif "labels" in columns or "tags" in columns:
        values = pc.list_flatten(batch.rows["labels" if "labels" in columns else "tags"])
    else:
        return {}
    counted = {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist() if pair["values"]}
    if "tags" not in columns:
        return counted
    return {tag[2:]: count for tag, count in counted.items() if tag.startswith("B-")}
