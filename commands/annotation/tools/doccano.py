"""doccano 1.8: JSON lines, one file an annotator, as its projects import and export them.

``label`` is a list of labels, or of ``[start, end, label]``; where a project has relations, ``entities`` is a list of
objects instead. Offsets are UTF-16 units (issue 2290 of doccano/doccano), unless the project counts grapheme clusters.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from commands.annotation.forms import CharSpan, Content, Kind, char_spans, labels_of
from commands.annotation.offsets import UTF_16, in_units
from commands.annotation.tools.sheet import Found, Sheet, json_line, known_of, read_json_lines, text_or_none
from stages.common.core.messages import UserError

SUFFIX = ".jsonl"
UNITS = (UTF_16,)
BETWEEN = "\n\n"  # the texts of a pair, as doccano shows one text


def write(sheets: Sequence[Sheet], kind: Kind) -> str:
    """A file to be imported. doccano shows what is known beside a text as metadata; a prediction is ``model`` there.

    Raises:
        UserError: If numbers are asked for.
    """
    if kind == "value":
        raise UserError("doccano: it has no kind of project in which numbers are given.", "Take another tool.")
    return "".join(json_line(_record(sheet, kind)) for sheet in sheets)


def read(path: Path, kind: Kind) -> Iterator[Found]:
    """Yields the answers of an export. It has a record for each document that was marked as done, labelled or not.

    Raises:
        UserError: If the file is no export.
    """
    for number, record in read_json_lines(path):
        if not isinstance(record.get("text"), str):
            raise UserError(f"{path}:{number}: has no text.", "Export JSONL from doccano.")
        if "label" not in record and "entities" not in record:
            continue
        content, fault = _content(record, kind)
        mark = text_or_none(record.get("id"))
        yield Found(
            f"{path}:{number}",
            f"line {number}",
            text_or_none(record.get("document")),
            content,
            fault,
            assigned=text_or_none(record.get("assigned_to")),
            texts={"text": record["text"]},
            mark=mark,
            known=known_of(record),
        )


def _record(sheet: Sheet, kind: Kind) -> dict[str, Any]:
    record: dict[str, Any] = {"text": BETWEEN.join(sheet.item.texts.values())}
    if sheet.answer:  # without the key it has not been answered; with an empty list it has
        record["label"] = _label(sheet, sheet.answer.answer, kind)
    record |= sheet.marks
    if sheet.prediction:
        record["model"] = sheet.prediction.answer
    if sheet.answer and sheet.answer.time is not None:
        record["time"] = sheet.answer.time
    if sheet.answer and sheet.answer.seconds is not None:
        record["seconds"] = sheet.answer.seconds
    return record


def _label(sheet: Sheet, answer: str, kind: Kind) -> list[Any]:
    if kind != "tags":
        return labels_of(answer, kind)
    text = sheet.item.texts["text"]
    return [
        [in_units(text, span.start, UTF_16), in_units(text, span.end, UTF_16), *span.labels]
        for span in char_spans(answer, sheet.item)
    ]


def _content(record: dict[str, Any], kind: Kind) -> tuple[Content | None, str]:
    given = record.get("label", record.get("entities"))
    if not isinstance(given, list):
        return None, "has no list of labels"
    if kind == "tags":
        spans = []
        for one in given:
            match one:
                case [int(start), int(end), str(label)]:
                    spans.append(CharSpan(start, end, [label]))
                case {"start_offset": int(start), "end_offset": int(end), "label": str(label)}:
                    spans.append(CharSpan(start, end, [label]))
                case _:
                    return None, f"has {str(one)[:80]} in the place of [start, end, label]"
        return spans, ""
    if not all(isinstance(one, str) for one in given):
        return None, "has a label that is no text"
    return (given, "") if given or kind == "labels" else (None, "is empty")
