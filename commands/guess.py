"""Guesses from its first megabyte how a file is to be read: format, encoding, dialect, what its columns hold."""

import csv
import io
import re
from collections import Counter
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import charset_normalizer
import orjson

from stages.common.core.messages import UserError
from stages.common.fetching.archives import is_archive, open_members
from stages.download.readers.conll import DOCUMENT_START, TAG, iob1_to_bio
from stages.download.readers.parquet import open_table, seekable
from stages.download.streams import open_data

SAMPLE_BYTES = 1024**2
SAMPLE_ROWS = 2_000
DELIMITERS = ",\t;|"
ORANGE_TYPES = {"d", "c", "s", "t", "discrete", "continuous", "string", "time", "basket"}
LABEL_NAMES = ("label", "class", "category", "target", "topic", "sentiment", "polarity")
ID_NAMES = ("id", "uid", "guid", "key", "doc_id", "document_id")
Rows = list[dict[str, str]]


def guess_reader(path: Path) -> tuple[dict[str, Any], list[str]]:
    """How a file or folder is to be read.

    Args:
        path: The file or folder.

    Returns:
        The ``reader`` of a catalog entry, and remarks on what was guessed.

    Raises:
        UserError: If it does not look like labelled text.
    """
    member = None
    if path.is_dir() or is_archive(path):
        names = [name for name, _ in open_members(path, "*")]
        if path.is_dir() or len(names) > 1:
            return _folder(path, names)
        member = names[0] if names else None
    with open_data(path, member) as (_, stream):
        head = stream.read(SAMPLE_BYTES)
        if not head:
            raise UserError(f"{path}: is empty.", "Name another file.")
    at = {"member": member} if member else {}
    if head.startswith(b"PAR1"):
        return _parquet(path, at)
    encoding = guess_encoding(head)
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    whole = text[: text.rfind("\n") + 1 or None] if len(head) == SAMPLE_BYTES else text
    lines = [line.removesuffix("\r") for line in whole.split("\n")]
    written = at if encoding == "utf-8" else {**at, "encoding": encoding}
    for guess in (_jsonl, _conll, _orange, _csv):
        found = guess(lines, str(path))
        if found:
            reader, remarks = found
            return {**reader, **written}, [f"Encoding: {encoding}.", *remarks]
    raise UserError(f"{path}: does not look like labelled text.", "Write its entry by hand.")


def guess_encoding(head: bytes) -> str:
    """UTF-8 if the bytes are that, else what charset-normalizer takes for the likeliest."""
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
        if b"\0" not in head:
            return "utf-8"
    except UnicodeDecodeError:
        pass
    best = charset_normalizer.from_bytes(head).best()
    return best.encoding.replace("_", "-") if best else "latin-1"


def _folder(path: Path, names: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Text files in folders named after their labels."""
    suffix, count = Counter(PurePosixPath(name).suffix for name in names).most_common(1)[0] if names else ("", 0)
    texts = [PurePosixPath(name) for name in names if PurePosixPath(name).suffix == suffix]
    above = {text.parent.parent.as_posix() for text in texts}
    if len(texts) < 2 or len(above) != 1 or (above == {"."} and texts[0].parent == PurePosixPath(".")):
        raise UserError(
            f"{path}: its files do not lie in folders named after labels.",
            "To read one file of an archive, unpack it, describe it, and name it by `member`.",
        )
    prefix = above.pop()
    pattern = f"*/*{suffix}" if prefix == "." else f"{prefix}/*/*{suffix}"
    return {"format": "folder", "members": pattern}, [f"{count:,} of {len(names):,} files match {pattern}."]


def _parquet(path: Path, at: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    with open_data(path, at.get("member")) as (name, stream), seekable(stream) as file:
        table = open_table(file, name)
        batch = next(table.iter_batches(SAMPLE_ROWS), None)
        rows = [] if batch is None else batch.to_pylist()
    strings = [{name: str(value) for name, value in row.items() if isinstance(value, str | int)} for row in rows]
    columns, remarks = _columns(strings, str(path))
    return {"format": "parquet", **at, **columns}, remarks


def _jsonl(lines: list[str], where: str) -> tuple[dict[str, Any], list[str]] | None:
    if not lines or not lines[0].lstrip().startswith("{"):
        return None
    rows = []
    for line in lines[:SAMPLE_ROWS]:
        try:
            row = orjson.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append({name: str(value) for name, value in row.items() if isinstance(value, str | int)})
    columns, remarks = _columns(rows, where)
    return {"format": "jsonl", **columns}, remarks


def _conll(lines: list[str], _: str) -> tuple[dict[str, Any], list[str]] | None:
    split = [line.split() for line in lines if not line.startswith(DOCUMENT_START)]
    filled = [columns for columns in split if columns]
    tagged = [columns for columns in filled if len(columns) > 1 and TAG.fullmatch(columns[-1])]
    if len(filled) == len(split) or len(tagged) < 0.9 * len(filled) or all(columns[-1] == "O" for columns in tagged):
        return None
    width = Counter(map(len, tagged)).most_common(1)[0][0]
    tags = [columns[-1] if columns else "O" for columns in split if not columns or TAG.fullmatch(columns[-1])]
    scheme = "BIO" if iob1_to_bio(tags) == tags else "IOB1"
    return {"format": "conll", "columns": width, "scheme": scheme}, [f"{width} columns, tags in {scheme}."]


def _orange(lines: list[str], where: str) -> tuple[dict[str, Any], list[str]] | None:
    if len(lines) < 4 or not set(lines[1].lower().split("\t")) <= ORANGE_TYPES:
        return None
    names, _, roles, *rows = ([field.strip() for field in line.split("\t")] for line in lines[: SAMPLE_ROWS + 3])
    columns, remarks = _columns([dict(zip(names, row, strict=False)) for row in rows], where)
    if "class" in roles:
        columns["label"] = names[roles.index("class")]
    return {"format": "orange", **columns}, remarks


def _csv(lines: list[str], where: str) -> tuple[dict[str, Any], list[str]] | None:
    quotes = {delimiter: _quote(lines, delimiter) for delimiter in DELIMITERS}
    parsed = {delimiter: _parse(lines, delimiter, quote) for delimiter, quote in quotes.items()}
    evenness = {delimiter: _evenness(rows) for delimiter, rows in parsed.items()}
    delimiter = max(DELIMITERS, key=lambda delimiter: evenness[delimiter])
    quote, width = quotes[delimiter], evenness[delimiter][1]
    if width < 2:
        return None
    rows = [row for row in parsed[delimiter] if len(row) == width]
    head = [field.strip() for field in rows[0]]
    named = len(set(head)) == width and all(0 < len(field) <= 40 and not _is_number(field) for field in head)
    names = head if named else [f"column_{number}" for number in range(1, width + 1)]
    columns, remarks = _columns([dict(zip(names, row, strict=True)) for row in rows[named:]], where)
    shown = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}[delimiter]
    remarks.insert(
        0, f"Fields between {shown}s, {'quoted' if quote else 'never quoted'}; {'a' if named else 'no'} line of names."
    )
    dialect = {**({"delimiter": delimiter} if delimiter != "," else {}), **({} if quote else {"quote": None})}
    return {"format": "csv", **dialect, **({} if named else {"columns": names}), **columns}, remarks


def _quote(lines: list[str], delimiter: str) -> str | None:
    """None if some quote stands inside a word, as none does around a field or doubled in one."""
    inside = re.compile(rf'[^{re.escape(delimiter)}"]"[^{re.escape(delimiter)}"]')
    return None if any(inside.search(line) for line in lines) else '"'


def _parse(lines: list[str], delimiter: str, quote: str | None) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO("\n".join(lines)),
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    try:
        return [row for row in islice(reader, SAMPLE_ROWS) if row]
    except csv.Error:
        return []


def _evenness(rows: list[list[str]]) -> tuple[float, int]:
    """The share of rows that have the commonest number of fields, if that is more than one; and this number."""
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    return (count / len(rows), width) if width > 1 else (0.0, width)


def _is_number(field: str) -> bool:
    return field.lstrip("+-").replace(".", "", 1).isdigit()


def _columns(rows: Rows, where: str) -> tuple[dict[str, Any], list[str]]:
    """Which column is the text (the longest), which the label (few values, short), which an id."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = {name: [row.get(name, "") for row in rows] for name in names}
    lengths = {name: sum(map(len, column)) / len(column) for name, column in values.items()}
    if not names:
        raise UserError(f"{where}: has no column of strings.", "Write its entry by hand.")
    text = max(names, key=lambda name: lengths[name])
    distinct = {name: len(set(column)) for name, column in values.items()}
    few = max(2, len(rows) // 2)
    candidates = [name for name in names if name != text and distinct[name] <= few and lengths[name] <= 40]
    if not candidates:
        raise UserError(
            f"{where}: no column looks like labels (short, with repeated values); it has {', '.join(names)}.",
            "Write its entry by hand.",
        )
    # A file sorted by label may begin with thousands of rows of one.
    said = {name: not any(word in name.lower() for word in LABEL_NAMES) for name in candidates}
    label = min(candidates, key=lambda name: (said[name], distinct[name] == 1, distinct[name]))
    own = [n for n in names if n not in (text, label) and n.lower() in ID_NAMES and distinct[n] == len(rows)]
    remarks = [f"Columns: {', '.join(names)}; text guessed to be {text}, label {label}."]
    return {**({"id": own[0]} if own else {}), "text": [text], "label": label}, remarks
