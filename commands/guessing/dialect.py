"""Guesses the dialect of delimited text: records are counted with and without each reading of quotes and escapes."""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE_CHARACTERS = 300_000
SAMPLE_ROWS = 2_000
QUOTES = (None, '"', "'")
EXCEL = re.compile(r'"?sep=(.)"?\s*')
NAMES = {
    "text",
    "label",
    "labels",
    "class",
    "id",
    "sentence",
    "message",
    "category",
    "target",
    "title",
    "topic",
    "sentiment",
}


@dataclass
class Table:
    """Delimited text, read.

    Attributes:
        dialect: The keys of a catalog entry's ``reader`` that say how.
        names: The names of the columns.
        rows: The first rows, those of another width left out.
        remarks: What was seen.
        doubts: By key of the reader, what a person has to decide.
    """

    dialect: dict[str, object]
    names: list[str]
    rows: list[list[str]]
    remarks: list[str]
    doubts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One way to read a sample.

    Attributes:
        delimiter: Between fields.
        quote: Around fields.
        escape: Before a quote inside of them.
        blanks: Whether blanks stand before fields.
        rows: The records.
        faults: How many records have a quote where none can stand.
        quoted: How many fields are quoted.
        needed: How many of these hold a delimiter, a line break or a quote.
    """

    delimiter: str
    quote: str | None
    escape: str | None
    blanks: bool
    rows: list[list[str]]
    faults: int
    quoted: int
    needed: int

    @cached_property
    def width(self) -> int:
        """The commonest number of fields."""
        return Counter(map(len, self.rows)).most_common(1)[0][0] if self.rows else 0

    @cached_property
    def good(self) -> int:
        """How many records have that many fields and no fault."""
        return sum(len(row) == self.width for row in self.rows) - self.faults if self.width > 1 else 0

    @property
    def bad(self) -> int:
        """How many records have not; lines before the table do not count, as R's names with one field less."""
        return len(self.rows) - self.good - self.passed

    @property
    def passed(self) -> int:
        """How many of the first records are of another width than most."""
        return next((place for place, row in enumerate(self.rows) if len(row) == self.width), 0)

    @property
    def evenness(self) -> float:
        """The share of the good records."""
        return self.good / len(self.rows) if self.rows else 0.0

    @property
    def shown(self) -> str:
        """The reading and its counts, in words."""
        quote = {None: "without quotes", '"': "with double quotes", "'": "with single quotes"}[self.quote]
        escape = " escaped by backslashes" if self.escape else ""
        return f"{quote}{escape} {self.good:,} good records and {self.bad:,} bad ones"


def guess_table(text: str, cut: bool) -> Table | None:
    """Reads delimited text in the way that fits best; None if it is none.

    Args:
        text: The beginning of the file.
        cut: Whether the file goes on.
    """
    dialect: dict[str, object] = {}
    remarks: list[str] = []
    if "\n" not in text and text.count("\r") > 1:
        text = text.replace("\r", "\n")
        dialect["line_end"] = "\r"
        remarks.append("Lines end in a carriage return alone.")
    if cut or len(text) > SAMPLE_CHARACTERS:
        text = text[: text.rfind("\n", 0, SAMPLE_CHARACTERS) + 1 or None]
        cut = True
    first, _, rest = text.partition("\n")
    excel = EXCEL.fullmatch(first)
    delimiters = tuple(DELIMITERS)
    if excel:
        text, delimiters = rest, (excel.group(1),)
        dialect["skip"] = 1
        remarks.append("Excel's line `sep=` says what stands between fields.")
    best = {delimiter: _best(text, delimiter, cut) for delimiter in delimiters}
    ranked = sorted(delimiters, key=lambda one: (-round(best[one][0].evenness, 2), delimiters.index(one)))
    reading, doubt = best[ranked[0]]
    if reading.width < 2 or reading.evenness < 0.5:
        return None
    doubts: dict[str, str] = {}
    if doubt:
        doubts["quote"] = doubt
    if len(ranked) > 1 and best[ranked[1]][0].evenness >= reading.evenness - 0.02:
        names = " or ".join(f"{one!r} ({best[one][0].width} columns)" for one in ranked[:2])
        doubts["delimiter"] = f"{names}: the records are as even with either"
    if reading.delimiter != ",":
        dialect["delimiter"] = reading.delimiter
    if reading.quote != '"':
        dialect["quote"] = reading.quote
    if reading.escape:
        dialect["escape"] = reading.escape
        other = re.findall(r'\\[^\\"\n]', text)
        if other:
            doubts["escape"] = (
                f"backslash: it stands before quotes, and {len(other):,} times before others (first {other[0]!r}), "
                "where it would be lost; null keeps those and loses records"
            )
    elif reading.quote and "\\" in text:
        remarks.append("Backslashes are kept as they are; set `escape` if they are to vanish.")
    if reading.blanks:
        dialect["blanks"] = True
    between = DELIMITERS.get(reading.delimiter, repr(reading.delimiter))
    table = _named(reading, dialect, doubts)
    quoted = "quoted where need be" if reading.quote and reading.quoted else "without quotes"
    remarks.insert(0, f"Fields between {between}s, {quoted}{', blanks before them' if reading.blanks else ''}.")
    table.remarks[:0] = remarks
    return table


def _best(text: str, delimiter: str, cut: bool) -> tuple[Reading, str]:
    """The best reading with a delimiter, and why it is not sure."""
    mark = re.escape(delimiter)
    plain = read(text, delimiter, None, None, False, cut)
    quotes = [quote for quote in ('"', "'") if re.search(rf"(?:^|{mark}) *{quote}", text, re.MULTILINE)]
    readings = []
    for quote in quotes:
        escapes = [None, "\\"] if f"\\{quote}" in text else [None]
        blanks = [False, True] if re.search(rf"{mark} +{quote}", text) else [False]
        readings += [read(text, delimiter, quote, escape, blank, cut) for escape in escapes for blank in blanks]
    readings = [reading for reading in readings if reading.quoted]
    if delimiter != "\t" and not readings and plain.width > 1:
        rows = [row for row in plain.rows if len(row) == plain.width]
        if len(rows) > 2 and all(field.startswith(" ") for row in rows for field in row[1:]):
            return read(text, delimiter, '"', None, True, cut), ""
    if not readings:
        if '"' not in text:
            return read(text, delimiter, '"', None, False, cut), ""
        return plain, ""
    reading = max(readings, key=lambda one: (one.good, one.quoted, -one.faults, one.escape is None, not one.blanks))
    faults = reading.bad
    if reading.quote == "'" and (reading.quoted < 0.5 * len(reading.rows) or faults):
        if plain.good >= reading.good and '"' not in text and reading.quoted < 0.1 * len(reading.rows):
            return plain, ""
        return (plain if plain.good > reading.good else reading), f"{reading.shown}; {plain.shown}"
    if faults and plain.good > reading.good:
        return (reading if reading.needed else plain), f"{reading.shown}; {plain.shown}"
    if faults == 0 or plain.good < 0.5 * reading.good:
        rows = [row for row in reading.rows if len(row) == reading.width]
        if not reading.blanks and delimiter != "\t" and all(field.startswith(" ") for row in rows for field in row[1:]):
            return read(text, delimiter, reading.quote, reading.escape, True, cut), ""
        return reading, ""
    return reading, f"{reading.shown}; {plain.shown}"


def read(text: str, delimiter: str, quote: str | None, escape: str | None, blanks: bool, cut: bool) -> Reading:
    """Reads a sample in one way, as the reader of CSV files does."""
    if quote is None:
        lines = [line.removesuffix("\r").split(delimiter) for line in text.split("\n") if line.strip("\r")]
        return Reading(delimiter, None, None, False, lines, 0, 0, 0)
    mark, sign = re.escape(delimiter), re.escape(quote)
    inner = rf"(?:[^{sign}\\]|{sign}{sign}|\\[\s\S])*" if escape else rf"(?:[^{sign}]|{sign}{sign})*"
    gap = " *" if blanks else ""
    piece = re.compile(
        rf"{gap}(?:{sign}({inner}){sign}(?=[{mark}\n]|\r\n|\Z)|([^{mark}\n]*))({mark}|\r?\n|\Z)|([^\n]*)(\n|\Z)"
    )
    rows: list[list[str]] = []
    row: list[str] = []
    place = faults = quoted = needed = 0
    faulty = False
    while place < len(text):
        match = piece.match(text, place)
        if match is None:
            break
        field, bare, end = match.group(1), match.group(2), match.group(3)
        place = match.end()
        if field is not None:
            quoted += 1
            needed += any(sign in field for sign in (delimiter, "\n", quote))
            row.append(
                field.replace(quote * 2, quote).replace(f"{escape}{quote}", quote)
                if escape
                else field.replace(quote * 2, quote)
            )
        else:
            bare = (bare or "").removesuffix("\r")
            faulty |= quote in bare and (quote == '"' or bare.startswith(quote))
            row.append(bare)
        if end != delimiter:
            if row != [""]:
                rows.append(row)
                faults += faulty
            row, faulty = [], False
    if cut and rows and row:
        rows.pop()
    return Reading(delimiter, quote, escape, blanks, rows, faults, quoted, needed)


def _named(reading: Reading, dialect: dict[str, object], doubts: dict[str, str]) -> Table:
    """Finds out whether the first record names the columns."""
    rows = [row for row in reading.rows if len(row) == reading.width][:SAMPLE_ROWS]
    head, remarks = [field.strip() for field in reading.rows[0]], []
    if len(head) == reading.width - 1 and reading.width > 2 and _are_names(head):
        names = ["row_name", *head]
        dialect |= {"columns": names, "skip": int(str(dialect.get("skip", 0))) + 1}
        return Table(dialect, names, rows, ["The first line names all columns but the first, as R writes it."], doubts)
    if reading.passed:
        head = [field.strip() for field in rows[0]]
        dialect["skip"] = int(str(dialect.get("skip", 0))) + reading.passed
        shown = f"{dialect['skip']}: the first lines have fewer or more fields than the others (such as"
        doubts["skip"] = f"{shown} {reading.delimiter.join(reading.rows[0])[:60]!r}); are they to be passed over?"
    verdict, why = _has_names(head, rows[1:])
    numbered = [f"column_{number}" for number in range(1, reading.width + 1)]
    if verdict is None:
        doubts["columns"] = (
            f"drop this line if the first record, {head!r}, names the columns; else a list of {reading.width} names "
            f"({why})"
        )
    if verdict is False:
        remarks.append(f"No line of names: {why}.")
        dialect["columns"] = numbered
        return Table(dialect, numbered, rows, remarks, doubts)
    remarks.append(
        "The first line names the columns."
        + (" The first has no name, as pandas writes its index." if not head[0] else "")
    )
    return Table(dialect, head, rows[1:], remarks, doubts)


def _has_names(head: list[str], rows: list[list[str]]) -> tuple[bool | None, str]:
    """Whether a record names the columns, None if that is not clear; and why."""
    if len(set(head)) < len(head) or not all(head[1:]) or any(len(field) > 60 for field in head):
        return False, "the first record has equal, empty or long fields"
    known = [field for field in head if field.lower() in NAMES]
    if len(known) >= 2:
        return True, ""
    if head[-len(head) + (not head[0]) :] == [str(number) for number in range(len(head) - (not head[0]))]:
        return True, ""  # pandas numbers columns that have no names
    again = [field for column, field in enumerate(head) if field and sum(row[column] == field for row in rows) > 0]
    if again and not known:
        return False, f"{again[0]!r} occurs again in its column"
    if any(_is_number(field) for field in head):
        return False, "the first record holds a number"
    if again:
        return None, f"{again[0]!r} occurs again in its column"
    if known or _are_names(head):
        return True, ""
    return None, "they look like neither names nor values"


def _are_names(head: list[str]) -> bool:
    return all(re.fullmatch(r"[^\W\d][\w.:-]{0,39}|!?\w+", field) and not _is_number(field) for field in head if field)


def _is_number(field: str) -> bool:
    return field.strip().lstrip("+-").replace(".", "", 1).isdigit()
