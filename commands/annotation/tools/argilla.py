"""Argilla 2.4: records as ``rg.Record.to_dict`` gives them, and ``to_json`` and ``from_json`` of a dataset's records.

Offsets that its pages store are UTF-16 units (issue 5729 of argilla-io/argilla).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from commands.annotation.forms import CharSpan, Content, Kind, char_spans, labels_of
from commands.annotation.offsets import UTF_16, in_units
from commands.annotation.tools.sheet import (
    Found,
    Sheet,
    json_text,
    known_of,
    number_of,
    read_json,
    text_or_none,
    texts_of,
)
from stages.common.core.messages import UserError

SUFFIX = ".json"
UNITS = (UTF_16,)
UNFINISHED = {"draft": "is a draft", "discarded": "was discarded"}
QUESTION = "label"  # the name of the question in the dataset's settings


def write(sheets: Sequence[Sheet], kind: Kind) -> str:
    """A file of records, with suggestions where the sheets have predictions and responses for answers."""
    return json_text([_record(sheet, kind) for sheet in sheets])


def read(path: Path, kind: Kind) -> Iterator[Found]:
    """Yields the responses in a file of records.

    Raises:
        UserError: If the file is no export.
    """
    content = read_json(path)
    if not isinstance(content, list):
        raise UserError(f"{path}: is no list of records.", "Write it with dataset.records.to_json.")
    for number, record in enumerate(content, 1):
        if not isinstance(record, dict) or not isinstance(record.get("fields"), dict):
            raise UserError(f"{path}: its record {number} has no fields.", "Write it with dataset.records.to_json.")
        yield from _responses(record, path, number, kind)


def user_of(annotator: str) -> str:
    """The id of a user in files that are written here: Argilla's are UUIDs."""
    return str(uuid5(NAMESPACE_URL, f"annotator:{annotator}"))


def _record(sheet: Sheet, kind: Kind) -> dict[str, Any]:
    metadata: dict[str, Any] = dict(sheet.marks)
    responses, suggestions = {}, {}
    if sheet.prediction:
        value = _value(sheet, sheet.prediction.answer, kind)
        score = sheet.prediction.probability
        suggestions = {QUESTION: {"value": value, "score": score, "agent": sheet.prediction.model}}
    if sheet.answer:
        value = _value(sheet, sheet.answer.answer, kind)
        responses = {QUESTION: [{"value": value, "user_id": user_of(sheet.annotator)}]}
        known = {"time": sheet.answer.time, "seconds": sheet.answer.seconds}
        metadata |= {name: said for name, said in known.items() if said is not None}
    return {
        "id": sheet.item.id,
        "fields": sheet.item.texts,
        "metadata": metadata,
        "suggestions": suggestions,
        "responses": responses,
        "vectors": {},
        "_server_id": None,
    }


def _value(sheet: Sheet, answer: str, kind: Kind) -> Any:
    if kind == "tags":
        text = sheet.item.texts["text"]
        return [
            {
                "label": span.labels[0],
                "start": in_units(text, span.start, UTF_16),
                "end": in_units(text, span.end, UTF_16),
            }
            for span in char_spans(answer, sheet.item)
        ]
    if kind == "value":
        return float(answer)
    return labels_of(answer, kind) if kind == "labels" else answer


def _responses(record: dict[str, Any], path: Path, number: int, kind: Kind) -> Iterator[Found]:
    metadata = record["metadata"] if isinstance(record.get("metadata"), dict) else {}
    questions = record["responses"] if isinstance(record.get("responses"), dict) else {}
    given = questions.get(QUESTION, next(iter(questions.values())) if len(questions) == 1 else [])
    for place, one in enumerate(given if isinstance(given, list) else [], 1):
        named = f"record {number}, response {place}"
        content, fault = _content(one.get("value"), kind) if isinstance(one, dict) else (None, "is no response")
        one = one if isinstance(one, dict) else {}
        if one.get("status") in UNFINISHED:
            content, fault = None, UNFINISHED[one["status"]]
        yield Found(
            f"{path}, {named}",
            named,
            text_or_none(metadata.get("document")) or text_or_none(record.get("id")),
            content,
            fault,
            who=text_or_none(one.get("user_id")),
            assigned=text_or_none(metadata.get("assigned_to")),
            texts=texts_of(record["fields"]),
            known=known_of(metadata),
        )


def _content(value: Any, kind: Kind) -> tuple[Content | None, str]:
    if kind == "value":
        number = number_of(value)
        return number, "" if number is not None else "has no number"
    if kind == "label":
        return ([value], "") if isinstance(value, str) and value else (None, "is empty")
    if not isinstance(value, list):
        return None, "is empty"
    if kind == "labels":
        return (value, "") if all(isinstance(one, str) for one in value) else (None, "has a label that is no text")
    spans = []
    for one in value:
        match one:
            case {"label": str(label), "start": int(start), "end": int(end)}:
                spans.append(CharSpan(start, end, [label]))
            case _:
                return None, f"has {str(one)[:80]} in the place of label, start and end"
    return spans, ""
