"""Looks at a file or folder and drafts a catalog entry for it."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import xxhash
import yaml
from pydantic import TypeAdapter

from commands.guess import guess_reader
from stages.common.core.messages import UserError, progress
from stages.common.fetching.sources import file_hash, tree_hash
from stages.common.tasks import TASKS
from stages.download.entry import Reader
from stages.download.readers.columns import Labelled
from stages.download.readers.record import BadRecord, Batch

EDIT = "EDIT"
MOST_LABELS = 1_000
SHOWN = 5
READER: TypeAdapter[Reader] = TypeAdapter(Reader)


@dataclass
class Findings:
    """What a pass over the whole file found.

    Attributes:
        rows: How many records were read.
        empty: How many of them have no text.
        repeated: How many have the same text as an earlier one.
        labels: How often each label, or each type of entity, occurs.
        bad: The records that cannot be read.
    """

    rows: int = 0
    empty: int = 0
    repeated: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    bad: list[BadRecord] = field(default_factory=list)


def describe(path: Path) -> None:
    """Prints a draft of the catalog entry of a file or folder, as YAML.

    Args:
        path: CSV, TSV, JSON lines, parquet, Orange .tab or CoNLL columns, compressed or in an archive or not; or text
            files in folders named after their labels.

    Raises:
        UserError: If there is nothing there that could be labelled text.
    """
    if not path.exists():
        raise UserError(f"{path}: there is no such file.", "Name a file or a folder.")
    reader, remarks = guess_reader(path)
    findings = examine(READER.validate_python(reader), path)
    print(draft(path, reader, remarks, findings), end="")


def examine(reader: Reader, path: Path) -> Findings:
    """Reads the whole file by the batch; eight bytes a record are kept, to find repeats.

    Raises:
        UserError: If there are more labels than labels can be.
    """
    found = Findings()
    hashes = []
    for item in progress(reader.read(path), path.name, "block"):
        if isinstance(item, BadRecord):
            found.bad.append(item)
            continue
        text = pc.fill_null(item.rows["text"], "")
        found.rows += len(text)
        found.empty += pc.sum(pc.equal(pc.utf8_trim_whitespace(text), "")).as_py() or 0
        hashes.append(np.array([xxhash.xxh3_64_intdigest(one.encode()) for one in text.to_pylist()], np.uint64))
        found.labels.update(_labels(item, isinstance(reader, Labelled)))
        if len(found.labels) > MOST_LABELS:
            raise UserError(
                f"{path}: more than {MOST_LABELS:,} values in what looks like the column of labels.",
                "Write its entry by hand.",
            )
    every = np.concatenate(hashes) if hashes else np.array([], np.uint64)
    found.repeated = len(every) - len(np.unique(every))
    return found


def draft(path: Path, reader: dict[str, Any], remarks: list[str], findings: Findings) -> str:
    """The entry as YAML, with what was found as comments before it.

    Args:
        path: The file or folder.
        reader: How it is read.
        remarks: What was guessed.
        findings: What a pass over it found.
    """
    inside = path.resolve().is_relative_to(Path.cwd())
    address = os.path.relpath(path) if inside else str(path.resolve())
    pinned = {"tree": tree_hash(path)} if path.is_dir() else _pinned(path)
    faults = [f"{findings.repeated} texts are exact repeats of an earlier one."] if findings.repeated else []
    faults += [f"{findings.empty} records have no text."] if findings.empty else []
    faults += [f"{len(findings.bad)} of the records cannot be read."] if findings.bad else []
    definition = f"{EDIT} what a human annotator should know to give this label"
    card = {
        "title": path.name.partition(".")[0],
        "task": _task_of(reader),
        "language": "en",
        "licence": f"{EDIT} the terms of use",
        "citation": f"{EDIT} what to cite",
        "known_faults": faults,
        "labels": [{"name": name, "definition": definition} for name in sorted(findings.labels)],
        "files": [{"name": path.name, **pinned, "sources": [{"url": address}]}],
        "parts": [{"file": path.name, "reader": reader}],
    }
    comments = [
        f"Drafted from {path.name}: {findings.rows:,} records, {findings.empty:,} of them without text, "
        f"{findings.repeated:,} repeats; {len(findings.bad):,} unreadable.",
        *(f"Unreadable: {bad.place}: {bad.reason}" for bad in findings.bad[:SHOWN]),
        *remarks,
        "Labels: " + ", ".join(f"{name} {count:,}" for name, count in findings.labels.most_common(20)),
        f"Edit what says {EDIT}, look at the rest, save it as catalog/datasets/NAME.yaml, set `dataset: NAME`.",
    ]
    lines = "".join(f"# {comment}\n" for comment in comments)
    return lines + yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=120)


def _task_of(reader: dict[str, Any]) -> str:
    """The task whose columns a reader fills."""
    fills = READER.validate_python(reader).fills
    return next(task.name for task in TASKS.values() if task.filled == fills)


def _pinned(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": file_hash(path, "sha256")}


def _labels(batch: Batch, labelled: bool) -> dict[str, int]:
    values = batch.rows["label"] if labelled else pc.list_flatten(batch.rows["tags"])
    counted = {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist() if pair["values"]}
    return counted if labelled else {tag[2:]: count for tag, count in counted.items() if tag.startswith("B-")}
