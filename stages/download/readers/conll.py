"""Reads CoNLL columns: a token a line with its tag in the last column, an empty line between sentences."""

import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Literal, Self

import pyarrow as pa
import xxhash
from pydantic import Field, model_validator

from stages.common.core.messages import UserError
from stages.download.readers.base import BaseReader
from stages.download.readers.columns import Encoding
from stages.download.readers.record import MOST_RECORD_BYTES, BadRecord, Batch
from stages.download.streams import open_data

DOCUMENT_START = "-DOCSTART-"  # begins a document and belongs to no sentence (Tjong Kim Sang & De Meulder 2003)
TAG = re.compile(r"O|[A-Z]-\S+")
BEGINS, ENDS = "BSU", "ELSU"  # the prefixes of an entity's first and last word, where a scheme marks them
# How a scheme writes the first, inner, last and only word of an entity, and so what stands for B and I in BIO.
SCHEMES = {"BIO": "BI", "IOB1": "BI", "BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES"}
BATCH_SENTENCES = 10_000

Lines = list[tuple[int, list[str]]]  # the number of each line, and its columns


class ConllReader(BaseReader):
    """How CoNLL columns are read.

    Attributes:
        format: ``conll``.
        member: A shell pattern for the one member to read, if the file is an archive.
        columns: How many columns a line has; the last holds the tag.
        tagged: Whether it does; if not, people's answers say what words are tagged with.
        token: The number of the column that holds the token, counted from 1.
        delimiter: The character between columns; white space of any kind and length by default.
        comments: What a line begins with that belongs to no sentence, such as ``#``.
        positions: Whether the last character of every token is a digit that says where in its word it stands.
        scheme: BIO: an entity begins with B-. IOB1: it begins with I-, and with B- only right after one of its own
            type. BIOES, BILOU and BMES mark its last word, or the one that stands alone. All are turned into BIO.
        encoding: Of the file.
    """

    format: Literal["conll"]
    member: str | None = None
    columns: int = Field(ge=1)
    token: int = Field(default=1, ge=1)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    comments: str | None = Field(default=None, min_length=1)
    tagged: bool = True
    positions: bool = False
    scheme: Literal["BIO", "IOB1", "BIOES", "BILOU", "BMES"]
    encoding: Encoding = "utf-8"

    @model_validator(mode="after")
    def _has_a_column_of_tags(self) -> Self:
        if self.columns < 1 + self.tagged:
            raise ValueError("a line with a tag has two columns or more")
        return self

    @property
    def fills(self) -> frozenset[str]:
        """The columns of the document table that it fills, beside the text."""
        return frozenset({"tokens", "tags"} if self.tagged else {"tokens"})

    def read(self, path: Path) -> Iterator[Batch | BadRecord]:
        """Yields the sentences of a file in batches, and those that could not be read."""
        with open_data(path, self.member) as (name, stream):
            found = self._sentences(_lines(stream, name, self.encoding))
            while some := list(islice(found, BATCH_SENTENCES)):
                good = []
                for sentence in some:
                    fault = self._fault(sentence)
                    if fault:
                        number, rule, reason = fault
                        text = " ".join(self._token(line) for _, line in sentence).encode("utf-8", "surrogateescape")
                        yield BadRecord.of(f"{name}:{number}", rule, reason, text)
                    else:
                        good.append(sentence)
                yield self._batch(good, name)

    def _fault(self, sentence: Lines) -> tuple[int, str, str] | None:
        """What is wrong with a sentence, and in which line; None if nothing is."""
        before = "O"
        for number, line in sentence:
            if len(line) != self.columns:
                return number, "ragged", f"has {len(line)} columns, not {self.columns}"
            if any(not _is_text(field) for field in line):
                return number, "undecodable", "holds NUL bytes, or bytes in another encoding"
            tag = line[-1] if self.tagged else "O"
            if not TAG.fullmatch(tag) or (tag != "O" and tag[0] not in SCHEMES[self.scheme]):
                return number, "tag", f"{tag!r} is no {self.scheme} tag"
            if self.positions and not line[self.token - 1][-1:].isdigit():
                return number, "token", f"{line[self.token - 1]!r} does not end in a digit"
            if self.scheme != "IOB1":
                opened = before != "O" and (self.scheme == "BIO" or before[0] not in ENDS)
                if tag != "O" and tag[0] not in BEGINS and not (opened and before[2:] == tag[2:]):
                    return number, "tag", f"{tag} follows {before}: no entity of this type was begun"
                if self.scheme != "BIO" and opened and (tag == "O" or tag[0] in BEGINS):
                    return number, "tag", f"{tag} follows {before}: its entity was not ended"
            before = tag
        if self.scheme not in ("BIO", "IOB1") and before != "O" and before[0] not in ENDS:
            return sentence[-1][0], "tag", f"the sentence ends after {before}: its entity was not ended"
        return None

    def _token(self, line: list[str]) -> str:
        token = line[self.token - 1] if len(line) >= self.token else ""
        return token[:-1] if self.positions else token

    def _sentences(self, lines: Iterator[tuple[int, str]]) -> Iterator[Lines]:
        sentence: Lines = []
        for number, line in lines:
            columns = self.split(line)
            if columns and columns[0] != DOCUMENT_START:
                if not (self.comments and line.startswith(self.comments) and not TAG.fullmatch(columns[-1])):
                    sentence.append((number, columns))
            elif sentence:
                yield sentence
                sentence = []
        if sentence:
            yield sentence

    def split(self, line: str) -> list[str]:
        """The columns of a line; none if it is empty."""
        if self.delimiter is None or not line.strip():
            return line.split()
        return line.rstrip("\r\n").split(self.delimiter)

    def _batch(self, sentences: list[Lines], name: str) -> Batch:
        tokens = [[self._token(line) for _, line in sentence] for sentence in sentences]
        tags = [[line[-1] if self.tagged else "O" for _, line in sentence] for sentence in sentences]
        if self.scheme == "IOB1":
            tags = [iob1_to_bio(sentence) for sentence in tags]
        elif self.scheme != "BIO":
            tags = [[tag if tag == "O" else _bio_prefix(tag) for tag in sentence] for sentence in tags]
        rows = {
            "text": pa.array([" ".join(sentence) for sentence in tokens], pa.string()),
            "tokens": pa.array(tokens, pa.list_(pa.string())),
            "tags": pa.array(tags, pa.list_(pa.string())),
        }
        if not self.tagged:
            del rows["tags"]
        return Batch(pa.table(rows), partial(_ids, sentences, name), True, lambda row: f"{name}:{sentences[row][0][0]}")


def _bio_prefix(tag: str) -> str:
    return f"{'B' if tag[0] in BEGINS else 'I'}{tag[1:]}"


def iob1_to_bio(tags: list[str]) -> list[str]:
    """Turns the tags of one sentence from IOB1 into BIO (IOB2), in which every entity begins with B-."""
    return [
        f"B-{tag[2:]}" if tag.startswith("I-") and before[2:] != tag[2:] else tag
        for before, tag in zip(["O", *tags], tags, strict=False)
    ]


def _ids(sentences: list[Lines], name: str) -> pa.Array:
    """A hash of each sentence (XXH3, 128 bits), another one for another file; equal sentences have equal ones."""
    seed = xxhash.xxh3_64_intdigest(name.encode())
    raw = ["\n".join(" ".join(line) for _, line in sentence).encode() for sentence in sentences]
    return pa.array([xxhash.xxh3_128_hexdigest(sentence, seed) for sentence in raw], pa.string())


def _lines(stream: IO[bytes], name: str, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers; what cannot be decoded stays in them as lone surrogates."""
    number = 0
    try:
        with io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="\n") as text:
            for number, line in enumerate(iter(lambda: text.readline(MOST_RECORD_BYTES), ""), 1):
                if number == 1 and not _is_text(line):
                    raise UserError(f"{name}:1: is not {encoding}.", "Set `encoding` in the catalog entry.")
                yield number, line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeDecodeError as error:
        raise UserError(f"{name}:{number}: is not {encoding} ({error.reason}).", "Correct `encoding`.") from None
    if not number:
        raise UserError(f"{name}: is empty.", "Fetch it again, or correct the catalog entry.")


def _is_text(field: str) -> bool:
    return "\0" not in field and not any("\ud800" <= character <= "\udfff" for character in field)
