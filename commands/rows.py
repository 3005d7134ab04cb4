"""Follows one document through a run: from the line of its source file to what became of it in each stage."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from stages.common.core.catalog import CATALOG, load_entry
from stages.common.core.messages import UserError, progress
from stages.common.documents.card import Card, read_card
from stages.common.fetching.sources import fetch
from stages.download.entry import DatasetEntry
from stages.download.identity import places_of

RAW, REJECTED, FLAGS = Path("data/raw"), "rejected.parquet", "flags.parquet"
STAGES = ("raw", "annotated", "clean", "augmented", "splits", "audited", "unlabelled")
SHOWN = 60  # characters of a value


def trace_row(row_id: str) -> list[str]:
    """Where a document comes from, by file and line, and what each stage made of it, one line each.

    The files of the dataset's entry, pinned by their hashes, are fetched and read again for it: nothing about places is
    kept in a run.

    Args:
        row_id: The id of a document, or of a variant, in any table of the run.

    Raises:
        UserError: If no table of data/ has it, or the catalog entry is not that of the run any more.
    """
    if not (RAW / "documents.parquet").exists():
        raise UserError(f"{RAW}: there is no run here.", "Run `dvc repro`, or `dvc checkout` after a `git checkout`.")
    found = {path: rows for path in _tables() if len(rows := _rows(path, row_id))}
    if not found:
        raise UserError(f"data/: no table has the id {row_id!r}.", "Copy it from a table of reports/ or data/.")
    raw = RAW / "documents.parquet"
    origins = [row_id] if raw in found else _origins(found) or [row_id]
    lines = [f"{row_id}: made from {', '.join(origins)}"] if origins != [row_id] else []
    for origin, places in _places(origins).items():
        lines += [f"{origin}: {place}" for place in places]
        if len(places) > 1:
            lines.append(f"{origin}: these records are the same, so each of them may be it")
    return lines + [line for path, rows in found.items() for line in _became(path, rows)]


def _places(origins: list[str]) -> dict[str, list[str]]:
    """For each document its places: the file as the entry names it, the member of an archive, the line."""
    card = read_card(RAW)
    entry = _entry_of(card)
    places: dict[str, list[str]] = {origin: [] for origin in origins}
    with tempfile.TemporaryDirectory(prefix="plumbline-row-") as scratch:
        files = {file.name: fetch(file, card.name, Path(scratch)) for file in entry.files}
        for part in progress(entry.parts, "reading", "part", len(entry.parts)):
            for origin, known in places.items():
                found = next(filter(None, (places_of(name, part.read(files)) for name in _as_read(origin))), [])
                known += [place if place.startswith(part.file) else f"{part.file}: {place}" for place in found]
    for origin, known in places.items():
        if not known:
            raise UserError(
                f"{origin}: no record of {card.name} has this id now.", "Make the run again with `dvc repro`."
            )
    return places


def _as_read(origin: str) -> Iterator[str]:
    """The ids under which a reader may know a document: its own, or that of the record which it repeats."""
    yield origin
    first, _, number = origin.rpartition("-")
    if first and len(number) == 7 and number.isdigit():  # as stages.download.identity numbers repeats
        yield first


def _entry_of(card: Card) -> DatasetEntry:
    entry = load_entry("datasets", card.name, DatasetEntry)
    if [file.hash for file in entry.files] != [source.hash for source in card.sources]:
        raise UserError(
            f"{CATALOG}/datasets/{card.name}.yaml: names other files than {RAW} was read from.",
            "Go to the revision of the run, or run `dvc repro`.",
        )
    return entry


def _tables() -> Iterator[Path]:
    """All tables of documents, of dropped ones and of remarks, in the order of the stages."""
    for stage in STAGES:
        yield from sorted(Path("data", stage).glob("*.parquet"))
    yield Path("data/predictions.parquet")


def _rows(path: Path, row_id: str) -> pd.DataFrame:
    """The rows of a table that have an id; none if there is no such table, or it has no ids."""
    if not path.exists() or "id" not in pq.read_schema(path).names:
        return pd.DataFrame()
    rows: pd.DataFrame = pq.read_table(path, filters=[("id", "=", row_id)]).to_pandas()
    return rows


def _origins(found: dict[Path, pd.DataFrame]) -> list[str]:
    named = (rows["derived_from"].iloc[0] for rows in found.values() if "derived_from" in rows)
    return [str(origin) for origin in next((origins for origins in named if origins is not None), [])]


def _became(path: Path, rows: pd.DataFrame) -> Iterator[str]:
    """What a table says of a document."""
    for _, row in rows.iterrows():
        if path.name == REJECTED:
            yield f"{path}: dropped by {row['rule']}: {row['reason']}"
        elif path.name == FLAGS:
            yield f"{path}: flagged by {row['rule']}: {row['reason']}"
        else:
            shown = {name: row[name] for name in ("label", "labels", "value", "predicted", "method") if name in row}
            yield f"{path}: {', '.join(f'{name} {_short(value)}' for name, value in shown.items()) or 'is there'}"


def _short(value: Any) -> str:
    said = " ".join(str(value).split())
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
