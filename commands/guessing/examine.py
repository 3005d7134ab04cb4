"""Reads whole files by a guess, to count what is in them."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from pydantic import TypeAdapter

from commands.guessing.guess import Guess
from stages.common.core.messages import UserError, progress
from stages.download.entry import Reader
from stages.download.readers.record import ANNOTATION, BadRecord, Batch

MOST_LABELS = 1_000
TEXTS_OF_A_BATCH = 200
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
        answers: How often each answer of several people occurs.
        bad: The records that cannot be read.
        texts: Some of the texts, from all over the file.
    """

    rows: int = 0
    empty: int = 0
    unlabelled: int = 0
    repeated: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    bad: list[BadRecord] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


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


def examine(guess: Guess, paths: list[Path]) -> Findings:
    """Reads the whole file by the batch; eight bytes a record are kept, to find repeats.

    Raises:
        UserError: If there are more labels than labels can be.
    """
    aside = {"annotations": dict.fromkeys(guess.annotators, "text")} if guess.annotators else {}
    reader = READER.validate_python(guess.reader | aside)
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
        for name in guess.annotators:
            found.answers.update(_counts(item.rows[ANNOTATION + name]))
        if len(found.labels) > MOST_LABELS:
            raise UserError(
                f"{paths[0]}: more than {MOST_LABELS:,} values in what looks like the column of labels.",
                "Write its entry by hand.",
            )
    every = np.concatenate(hashes) if hashes else np.array([], np.uint64)
    found.repeated = len(every) - len(np.unique(every))
    return found


def _labels(batch: Batch) -> dict[str, int]:
    """How often each label occurs, or each type of entity; none where numbers are predicted."""
    columns = batch.rows.column_names
    if "label" in columns:
        values = batch.rows["label"]
    elif "labels" in columns or "tags" in columns:
        values = pc.list_flatten(batch.rows["labels" if "labels" in columns else "tags"])
    else:
        return {}
    counted = _counts(values)
    if "tags" not in columns:
        return counted
    return {tag[2:]: count for tag, count in counted.items() if tag.startswith("B-")}


def _counts(values: pa.ChunkedArray | pa.Array) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist() if pair["values"]}
