"""Guesses from its first megabyte how a file is to be read: format, encoding, dialect, what its columns hold."""

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from commands.guessing.columns import guess_columns
from commands.guessing.dialect import guess_table
from commands.guessing.encoding import guess_encoding
from commands.guessing.guess import PLAINEST, Guess
from commands.guessing.tags import guess_conll
from stages.common.core.messages import UserError
from stages.common.fetching.archives import is_archive, open_members
from stages.download.readers.jsonl import load_array
from stages.download.readers.parquet import open_table, seekable
from stages.download.streams import open_data

SAMPLE_BYTES = 1024**2
SAMPLE_ROWS = 2_000
ORANGE_TYPES = {"d", "c", "s", "t", "discrete", "continuous", "string", "time", "basket"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
LABELLED_LINE = re.compile(r"(__label__\S+|[A-Z]{2,}:[\w-]+) \S.*")


def guess_reader(path: Path) -> Guess:
    """How a file or folder is to be read.

    Args:
        path: The file or folder.

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
    member = None
    if path.is_dir() or is_archive(path):
        names = [name for name, _ in open_members(path, "*")]
        if path.is_dir() or len(names) > 1:
            return _folder(path, names)
        member = names[0] if names else None
    at = {"member": member} if member else {}
    with open_data(path, member) as (_, stream):
        head = stream.read(SAMPLE_BYTES)
        if not head:
            raise UserError(f"{path}: is empty.", "Name another file.")
        if head.startswith(b"PAR1"):
            return _parquet(path, at)
        cut = len(head) == SAMPLE_BYTES
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1 or None] if cut else head
        encoding = guess_encoding(head)
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            with open_data(path, member) as (_, again):
                guess = _json_array(again.read(), encoding.name, path)
        else:
            guess = _text(head.decode(encoding.name, "replace").removeprefix("\ufeff"), cut, path)
    guess.reader |= at
    if encoding.name != "utf-8":
        guess.reader["encoding"] = encoding.name
    if encoding.doubt:
        guess.doubt("encoding", encoding.doubt)
    guess.remarks.insert(0, f"Encoding: {encoding.name}. {encoding.remark}".strip())
    return guess


def _text(text: str, cut: bool, path: Path) -> Guess:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    where = str(path)
    for guess_lines in (_json_lines, guess_conll, _orange, _labelled_lines):
        found = guess_lines(lines, where)
        if found:
            return found
    table = guess_table(text, cut)
    if table is None:
        if "\n" not in text and text.count("\r") > 1:
            raise UserError(f"{path}: its lines end in a carriage return alone.", "Save it with line feeds.")
        raise UserError(f"{path}: does not look like labelled text.", "Write its entry by hand.")
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    guess = guess_columns({"format": "csv", **table.dialect}, table.names, rows, where)
    guess.remarks[:0] = table.remarks
    for key, doubt in table.doubts.items():
        guess.doubt(key, doubt)
    return guess


def _folder(path: Path, names: list[str]) -> Guess:
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
    remarks = [f"{count:,} of {len(names):,} files match {pattern}."]
    contents = b"\n".join(stream.read(SAMPLE_BYTES // 100) for _, stream in open_members(path, pattern))
    encoding = guess_encoding(contents[: 5 * SAMPLE_BYTES])
    guess = Guess({"format": "folder", "members": pattern}, remarks=remarks)
    if encoding.name != "utf-8":
        guess.reader["encodings"] = ["utf-8", encoding.name]
    if encoding.doubt:
        guess.doubt("encodings", encoding.doubt)
    return guess


def _parquet(path: Path, at: dict[str, str]) -> Guess:
    with open_data(path, at.get("member")) as (name, stream), seekable(stream) as file:
        table = open_table(file, name)
        batch = next(table.iter_batches(SAMPLE_ROWS), None)
        rows = [] if batch is None else batch.to_pylist()
    return _records({"format": "parquet", **at}, rows, str(path))


def _json_array(content: bytes, encoding: str, path: Path) -> Guess:
    rows = load_array(content, encoding, str(path))
    if not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path}: is a JSON array, but not of objects.", "Write it as an array of objects.")
    guess = _records({"format": "json"}, rows[:SAMPLE_ROWS], str(path))
    guess.remarks.insert(0, f"One JSON array of {len(rows):,} objects.")
    return guess


def _json_lines(lines: list[str], where: str) -> Guess | None:
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
        raise UserError(
            f"{where}: is one JSON object over many lines, not JSON lines or an array of objects.",
            'With pandas: df.to_json(path, orient="records", lines=True).',
        )
    return _records({"format": "jsonl"}, rows, where)


def _flat(row: dict[str, Any]) -> bool:
    return all(isinstance(value, str | int | float | None) for value in row.values())


def _records(base: dict[str, Any], rows: list[dict[str, Any]], where: str) -> Guess:
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
    guess = guess_columns(base, flat, strings, where)
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
