"""What goes out to an annotator's tool and what comes back, whatever the tool."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from commands.annotation.answers import Answer, check_size
from commands.annotation.forms import Content, Item
from stages.common.core.messages import UserError


class Prediction(NamedTuple):
    """What a model answers about a document.

    Attributes:
        answer: As the table of answers would hold it.
        probability: Of the label; None where the answer is not one label.
        model: Which model it is.
    """

    answer: str
    probability: float | None
    model: str


@dataclass(frozen=True)
class Sheet:
    """One document as one annotator gets it.

    Attributes:
        item: The document.
        annotator: Who is asked.
        round: The round's name.
        guideline: The SHA-256 of the guideline that holds.
        prediction: What a model says, where the annotator is to see it.
        answer: The annotator's answer, where there is one already.
    """

    item: Item
    annotator: str
    round: str
    guideline: str
    prediction: Prediction | None = None
    answer: Answer | None = None

    @property
    def marks(self) -> dict[str, str]:
        """What each tool hands back with the answer. ``id`` is not among the names: tools have ids of their own."""
        return {
            "document": self.item.id,
            "assigned_to": self.annotator,
            "round": self.round,
            "guideline": self.guideline if self.answer is None else self.answer.guideline or self.guideline,
        }


@dataclass(frozen=True)
class Found:
    """What came back: an answer, or what was wrong with it.

    Attributes:
        place: The file and the task, as a message names them.
        task: The task without the file, whose name may be a person's.
        document: The id of the document.
        content: The answer; None if it cannot be used.
        fault: Why not; empty if it can.
        who: Whom the tool names as the one who answered.
        assigned: The annotator whom the task was for.
        texts: The texts that were shown, where the tool gives them back.
        mark: The tool's own id of the answer.
        known: What else is known: time, seconds, round, guideline.
    """

    place: str
    task: str
    document: str | None
    content: Content | None = None
    fault: str = ""
    who: str | None = None
    assigned: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    mark: str | None = None
    known: dict[str, Any] = field(default_factory=dict)


def read_json(path: Path) -> Any:
    """Reads a JSON file from outside.

    Raises:
        UserError: If it is not there, too large or not JSON.
    """
    check_size(path)
    return _parsed(path.read_bytes(), str(path))


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the objects of a file of JSON lines, each with the number of its line.

    Raises:
        UserError: If it is not there, too large, or a line is no JSON object.
    """
    check_size(path)
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.strip():
            found = _parsed(line, f"{path}:{number}")
            if not isinstance(found, dict):
                raise UserError(f"{path}:{number}: not a JSON object.", "Each line must be one object.")
            yield number, found


def json_text(content: Any) -> str:
    """JSON for people and tools: indented, keys in their order, text as it is."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def json_line(content: Any) -> str:
    """The same on one line."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n"


def text_or_none(value: Any) -> str | None:
    """A value that should be a string, or a number in the place of one; None for anything else."""
    if isinstance(value, str) and value:
        return value.encode("utf-8", "backslashreplace").decode()  # half a character cannot be written
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def number_of(value: Any) -> float | None:
    """A number of JSON; None for anything else, and for one that no float can be."""
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None


def known_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an answer, from fields of the names of the table of answers."""
    texts = {name: text_or_none(said.get(name)) for name in ("round", "guideline")}
    return {"time": said.get("time"), "seconds": said.get("seconds"), **texts}


def texts_of(record: dict[str, Any]) -> dict[str, str]:
    """The texts among the fields of a record."""
    return {name: record[name] for name in ("text", "text_pair") if isinstance(record.get(name), str)}


def short_id(*parts: str) -> str:
    """An id of ten characters, the same for the same parts."""
    return blake2b("\x1f".join(parts).encode(), digest_size=5).hexdigest()


def _parsed(content: bytes, place: str) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{place}: not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: not JSON ({error}).", "Export it again.") from None
