"""Guesses from its first megabyte how a file is to be read: format, encoding, dialect, what its columns hold."""

import re
from collections import Counter
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from commands.guessing.columns import guess_columns
from commands.guessing.dialect import guess_table
from commands.guessing.encoding import guess_encoding
from commands.guessing.guess import PLAINEST, Guess
from commands.guessing.splits import split_of
from commands.guessing.tags import guess_conll
from stages.common.core.messages import UserError
from stages.common.fetching.archives import is_archive, open_members
from stages.download.readers.jsonl import load_array
from stages.download.readers.parquet import open_table, seekable
from stages.download.streams import open_data

SAMPLE_BYTES = 1024**2
SAMPLE_ROWS = 2_000
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]")
MOST_UNREADABLE = 0.02  # of the characters of a text
ORANGE_TYPES = {"d", "c", "s", "t", "discrete", "continuous", "string", "time", "basket"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
LABELLED_LINE = re.compile(r"(__label__\S+|[A-Z]{2,}:[\w-]+) \S.*")


def guess_reader(path: Path, member: str | None = None, answered: bool = False) -> Guess:
    """How a file is to be read.

    Args:
        path: The file.
        member: The one member to read, as a shell pattern, if it is an archive of several.
        answered: Whether what is predicted may stand in another file.

    Raises:
        UserError: If it does not look like labelled text.
    """
    if path.is_file() and path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".ods"):
        with path.open("rb") as file:
            if file.read(4).startswith(WORKBOOKS):
                raise UserError(
                    f"{path}: is a workbook of a spreadsheet program.",
                    'Save the sheet as "CSV UTF-8", and describe that.',
                )
    if member is None and is_archive(path):
        member = next((name for name, _ in open_members(path, "*")), None)
    at = {"member": member} if member else {}
    with open_data(path, member) as (_, stream):
        head = stream.read(SAMPLE_BYTES)
        if not head:
            raise UserError(f"{path}: is empty.", "Name another file.")
        if head.startswith(b"PAR1"):
            return _parquet(path, at, answered)
        cut = len(head) == SAMPLE_BYTES
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1 or None] if cut else head
        encoding = guess_encoding(head)
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            with open_data(path, member) as (_, again):
                guess = _json_array(again.read(), encoding.name, path, answered)
        else:
            guess = _text(head.decode(encoding.name, "replace").removeprefix("\ufeff"), cut, path, answered)
    guess.reader |= at
    if encoding.name != "utf-8":
        guess.reader["encoding"] = encoding.name
    if encoding.doubt:
        guess.doubt("encoding", encoding.doubt)
    guess.remarks.insert(0, f"Encoding: {encoding.name}. {encoding.remark}".strip())
    return guess


def _text(text: str, cut: bool, path: Path, answered: bool) -> Guess:
    if len(CONTROLS.findall(text)) > MOST_UNREADABLE * len(text):
        raise UserError(f"{path}: is no text.", "Name a file of labelled text.")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    where = str(path)
    for guess_lines in (partial(_json_lines, answered=answered), guess_conll, _orange, _labelled_lines):
        found = guess_lines(lines, where)
        if found:
            return found
    table = guess_table(text, cut)
    if table is None:
        if "\n" not in text and text.count("\r") > 1:
            raise UserError(f"{path}: its lines end in a carriage return alone.", "Save it with line feeds.")
        raise _without_labels(lines, path)
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    guess = guess_columns({"format": "csv", **table.dialect}, table.names, rows, where, answered)
    guess.remarks[:0] = table.remarks
    for key, doubt in table.doubts.items():
        guess.doubt(key, doubt)
    return guess


def _without_labels(lines: list[str], path: Path) -> UserError:
    """What a file is that no reader takes."""
    filled = [line for line in lines if line.strip()]
    words = sum(len(line.split()) <= 3 and len(line) <= 40 for line in filled) > 0.8 * len(filled)
    shown = f"{len(filled):,} lines of {'a few words' if words else 'text'}"
    return UserError(
        f"{path}: does not look like labelled text, but like {shown} without labels.",
        "It is no data to train on; if labels lie in another file, line by line, describe both together.",
    )


def guess_folders(path: Path) -> list[Guess]:
    """Text files in folders named after their labels, one guess for each published split; none if it is a lone file.

    Raises:
        UserError: If its files lie in another way.
    """
    names = [name for name, _ in open_members(path, "*") if "__MACOSX" not in name]
    if not path.is_dir() and len(names) < 2:
        return []
    suffix = Counter(PurePosixPath(name).suffix for name in names).most_common(1)[0][0] if names else ""
    texts = [PurePosixPath(name) for name in names if PurePosixPath(name).suffix == suffix and name.count("/")]
    above = Counter(text.parent.parent.as_posix() for text in texts)
    splits = [prefix for prefix in above if split_of(PurePosixPath(prefix).name)]
    prefixes = sorted(splits) if len(splits) > 1 else list(above)
    if len(texts) < 2 or (len(prefixes) > 1 and not splits) or (len(above) > 1 and not splits):
        raise UserError(
            f"{path}: its files do not lie in folders named after labels.",
            "To read one file of an archive, unpack it, describe it, and name it by `member`.",
        )
    return [_folder(path, prefix, suffix, above[prefix], len(names)) for prefix in prefixes]


def _folder(path: Path, prefix: str, suffix: str, count: int, among: int) -> Guess:
    """Text files in folders named after their labels, which lie in one folder."""
    pattern = f"*/*{suffix}" if prefix == "." else f"{prefix}/*/*{suffix}"
    remarks = [f"{count:,} of {among:,} files match {pattern}."]
    contents = b"\n".join(stream.read(SAMPLE_BYTES // 100) for _, stream in open_members(path, pattern))
    encoding = guess_encoding(contents[: 5 * SAMPLE_BYTES])
    guess = Guess({"format": "folder", "members": pattern}, remarks=remarks)
    if encoding.name != "utf-8":
        guess.reader["encodings"] = ["utf-8", encoding.name]
    if encoding.doubt:
        guess.doubt("encodings", encoding.doubt)
    return guess


def _parquet(path: Path, at: dict[str, str], answered: bool) -> Guess:
    with open_data(path, at.get("member")) as (name, stream), seekable(stream) as file:
        table = open_table(file, name)
        batch = next(table.iter_batches(SAMPLE_ROWS), None)
        rows = [] if batch is None else batch.to_pylist()
    return _records({"format": "parquet", **at}, rows, str(path), answered)


def _json_array(content: bytes, encoding: str, path: Path, answered: bool) -> Guess:
    rows = load_array(content, encoding, str(path))
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path}: is a JSON array, but not of objects.", "Write it as an array of objects.")
    guess = _records({"format": "json"}, rows[:SAMPLE_ROWS], str(path), answered)
    guess.remarks.insert(0, f"One JSON array of {len(rows):,} objects.")
    return guess


def _json_lines(lines: list[str], where: str, answered: bool) -> Guess | None:
    filled = [line for line in lines if line.strip()]
    if not filled or not filled[0].lstrip().startswith("{"):
        return None
    rows = []
    for line in filled[:SAMPLE_ROWS]:
        try:
            row = orjson.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    if len(rows) < 0.5 * min(len(filled), SAMPLE_ROWS) or (len(rows) == 1 and not _flat(rows[0])):
        raise _one_object("\n".join(lines), where)
    return _records({"format": "jsonl"}, rows, where, answered)


def _one_object(text: str, where: str) -> UserError:
    """What a JSON object is that fills a file."""
    try:
        whole = orjson.loads(text)
    except ValueError:
        whole = None
    values = list(whole.values()) if isinstance(whole, dict) else []
    rows = [key for key in whole or () if isinstance(whole[key], list) and whole[key] and _is_object(whole[key][0])]
    columns = values and all(isinstance(value, list | dict) and len(value) == len(values[0]) > 1 for value in values)
    if len(rows) == 1 and not all(map(_is_object, values)):
        mend = f"Its records may be those under {rows[0]!r}: write these as an array of objects."
    elif whole is None or (columns and len(values) > 1 and not any(map(_is_nested, values))):
        mend = 'With pandas: df.to_json(path, orient="records", lines=True).'
    else:
        mend = "It holds lists or settings under names, not texts with labels; there is nothing in it to train on."
    return UserError(f"{where}: is one JSON object over many lines, not JSON lines or an array of objects.", mend)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_nested(value: list[Any] | dict[str, Any]) -> bool:
    return any(isinstance(cell, list | dict) for cell in (value.values() if isinstance(value, dict) else value))


def _flat(row: dict[str, Any]) -> bool:
    return all(isinstance(value, str | int | float | None) for value in row.values())


def _records(base: dict[str, Any], rows: list[dict[str, Any]], where: str, answered: bool) -> Guess:
    """Which columns hold what, of records with types; those that hold lists or objects are named."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    nested = [name for name in names if any(isinstance(row.get(name), list | dict) for row in rows)]
    flat = [name for name in names if name not in nested]
    lists = next((name for name in nested if name.lower() in ("label", "labels")), None)
    strings = [{name: _string(row.get(name)) for name in flat} for row in rows]
    if lists:  # a label by its name, whatever its cells are; one value for all
        strings = [cells | {lists: "a list"} for cells in strings]
        flat.append(lists)
        nested.remove(lists)
    guess = guess_columns(base, flat, strings, where, answered)
    if lists:
        guess.reader.pop("label", None)
        guess.doubts.pop("label", None)
        guess.reader["labels"], guess.task = {"column": lists}, "multi-label"
    if nested:
        guess.remarks.append(f"Left out, since they hold lists or objects: {', '.join(nested)}.")
    return guess


def _string(value: object) -> str:
    return "" if value is None or value != value else str(value)  # NaN is what is not equal to itself


def _orange(lines: list[str], where: str) -> Guess | None:
    if len(lines) < 4 or not set(lines[1].lower().split("\t")) <= ORANGE_TYPES:
        return None
    names, _, roles, *rows = (
        [field.strip() for field in line.split("\t")] for line in lines[: SAMPLE_ROWS + 3] if line
    )
    guess = guess_columns({"format": "orange"}, names, [dict(zip(names, row, strict=False)) for row in rows], where)
    if "class" in roles:
        for key in ("labels", "value", "label"):
            guess.reader.pop(key, None)
            guess.doubts.pop(key, None)
        guess.reader["label"], guess.task = names[roles.index("class")], PLAINEST["label"]
    return guess


def _labelled_lines(lines: list[str], _: str) -> Guess | None:
    """Lines that begin with their label, as fastText and TREC write them."""
    filled = [line for line in lines if line.strip()]
    if not filled or sum(LABELLED_LINE.fullmatch(line) is not None for line in filled) < 0.95 * len(filled):
        return None
    guess = Guess({"format": "lines"}, remarks=["Each line begins with its label."])
    if not filled[0].startswith("__label__"):
        guess.reader["label_until"] = ":"
        fine = {line.split(" ", 1)[0] for line in filled}
        coarse = {label.partition(":")[0] for label in fine}
        guess.doubt("label_until", f'":" for the {len(coarse)} coarse labels; null for the {len(fine)} fine ones')
    elif any(line.count("__label__") > 1 for line in filled):
        raise UserError(
            f"{_}: has lines with several labels, as fastText writes them.",
            "Write it as a table, labels in one column.",
        )
    return guess
