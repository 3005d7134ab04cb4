"""Label Studio 1.13: tasks with predictions out, the exports JSON and JSON_MIN in.

Offsets of spans are code points in Label Studio since its front end stores those (pull requests 1559 and 6135 of
HumanSignal/label-studio); before, and in some versions up to 1.12, they are UTF-16 units. A span carries its text,
which tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from commands.annotation.forms import CharSpan, Content, Kind, char_spans, labels_of
from commands.annotation.offsets import CODE_POINTS, UTF_16
from commands.annotation.tools.sheet import (
    Found,
    Prediction,
    Sheet,
    json_text,
    number_of,
    read_json,
    short_id,
    text_or_none,
    texts_of,
)
from stages.common.core.messages import UserError

SUFFIX = ".json"
UNITS = (CODE_POINTS, UTF_16)
QUESTION, SHOWN = "label", "text"  # the names of the tags in the labelling interface
TYPES = {"label": "choices", "labels": "choices", "tags": "labels", "value": "number"}
READ = {"label": ("choices",), "labels": ("choices",), "tags": ("labels",), "value": ("number", "rating")}


def write(sheets: Sequence[Sheet], kind: Kind) -> str:
    """A file of tasks to be imported, with predictions where the sheets have some and annotations for answers."""
    return json_text([_task(sheet, kind) for sheet in sheets])


def interface(labels: Sequence[str], kind: Kind, texts: Sequence[str]) -> str:
    """The labelling interface of a project for these tasks."""
    shown = [f'  <Text name={quoteattr(_shown(name))} value="${name}"/>' for name in texts]
    if kind == "tags":
        asked = [f"    <Label value={quoteattr(label)}/>" for label in labels]
        control = ['  <Labels name="label" toName="text">', *asked, "  </Labels>"]
    elif kind == "value":
        control = ['  <Number name="label" toName="text"/>']
    else:
        many = "multiple" if kind == "labels" else "single"
        asked = [f"    <Choice value={quoteattr(label)}/>" for label in labels]
        control = [f'  <Choices name="label" toName="text" choice="{many}">', *asked, "  </Choices>"]
    return "\n".join(["<View>", *shown, *control, "</View>", ""])


def read(path: Path, kind: Kind) -> Iterator[Found]:
    """Yields the answers of an export.

    Raises:
        UserError: If the file is no export.
    """
    content = read_json(path)
    tasks = content if isinstance(content, list) else [content]
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict):
            raise UserError(f"{path}: its entry {number} is not a task.", "Export JSON or JSON_MIN from Label Studio.")
        named = f"task {text_or_none(task.get('id')) or number}"
        if isinstance(task.get("data"), dict):
            yield from _completions(task, f"{path}, {named}", named, kind)
        elif "annotation_id" in task or "annotator" in task:
            yield _of_json_min(task, f"{path}, {named}", named, kind)
        else:
            raise UserError(f"{path}, {named}: has no data.", "Export JSON or JSON_MIN from Label Studio.")


def _task(sheet: Sheet, kind: Kind) -> dict[str, Any]:
    task: dict[str, Any] = {"data": {**sheet.item.texts, **sheet.marks}}
    if sheet.prediction:
        task["predictions"] = [_prediction(sheet, sheet.prediction, kind)]
    if sheet.answer:
        annotation: dict[str, Any] = {"result": _result(sheet, sheet.answer.answer, kind)}
        if sheet.answer.time is not None:
            annotation |= {"created_at": sheet.answer.time, "updated_at": sheet.answer.time}
        if sheet.answer.seconds is not None:
            annotation["lead_time"] = sheet.answer.seconds
        task["annotations"] = [annotation]
    return task


def _prediction(sheet: Sheet, prediction: Prediction, kind: Kind) -> dict[str, Any]:
    score = {} if prediction.probability is None else {"score": prediction.probability}
    return {"model_version": prediction.model, **score, "result": _result(sheet, prediction.answer, kind)}


def _result(sheet: Sheet, answer: str, kind: Kind) -> list[dict[str, Any]]:
    values: list[dict[str, Any]]
    if kind == "tags":
        values = [
            {"start": span.start, "end": span.end, "text": span.text, "labels": span.labels}
            for span in char_spans(answer, sheet.item)
        ]
    elif kind == "value":
        values = [{"number": float(answer)}]
    else:
        chosen = labels_of(answer, kind)
        values = [{"choices": chosen}] if chosen else []
    return [
        {
            "id": short_id(sheet.round, sheet.annotator, sheet.item.id, str(place)),
            "from_name": QUESTION,
            "to_name": SHOWN,
            "type": TYPES[kind],
            "value": value,
        }
        for place, value in enumerate(values)
    ]


def _completions(task: dict[str, Any], place: str, named: str, kind: Kind) -> Iterator[Found]:
    """The answers to one task; one without an answer has not been done."""
    data = task["data"]
    completions = task.get("annotations", task.get("completions")) or []  # "completions": before version 1.0
    if not isinstance(completions, list):
        raise UserError(f"{place}: its annotations are no list.", "Export the project again.")
    for number, given in enumerate(completions, 1):
        which = f", annotation {text_or_none(given.get('id')) or number}" if isinstance(given, dict) else f" ({number})"
        common = (place + which, named + which, text_or_none(data.get("document")))
        if not isinstance(given, dict):
            yield Found(*common, fault="is no annotation")
            continue
        content, fault = _content(given.get("result"), kind)
        if given.get("was_cancelled") or given.get("skipped"):
            content, fault = None, "was skipped"
        yield Found(
            *common,
            content=content,
            fault=fault,
            who=_person(given.get("completed_by")),
            assigned=text_or_none(data.get("assigned_to")),
            texts=texts_of(data),
            mark=text_or_none(given.get("id")),
            known=_known(given, data),
        )


def _of_json_min(record: dict[str, Any], place: str, named: str, kind: Kind) -> Found:
    which = f", annotation {mark}" if (mark := text_or_none(record.get("annotation_id"))) else ""
    results = [
        {"type": _type_of(value, kind), "from_name": QUESTION, "value": value}
        for value in _unfolded(record.get(QUESTION))
    ]
    content, fault = _content(results, kind)
    return Found(
        place + which,
        named + which,
        text_or_none(record.get("document")),
        content,
        fault,
        who=_person(record.get("annotator")),
        assigned=text_or_none(record.get("assigned_to")),
        texts=texts_of(record),
        mark=mark,
        known=_known(record, record),
    )


def _unfolded(value: Any) -> list[Any]:
    """The values of a question in JSON_MIN, which writes one choice as a string, a set of choices without a list."""
    if value is None:
        return []
    if isinstance(value, str):
        return [{"choices": [value]}]
    return value if isinstance(value, list) else [value]


def _type_of(value: Any, kind: Kind) -> str:
    found = [name for name in READ[kind] if isinstance(value, dict) and name in value]
    return found[0] if found else ""


def _content(result: Any, kind: Kind) -> tuple[Content | None, str]:
    """The answer in the results of one annotation, or what is wrong with them."""
    if not isinstance(result, list) or not all(isinstance(one, dict) for one in result):
        return None, "has no list of results"
    fitting = [one for one in result if one.get("type") in READ[kind]]
    names = {str(one.get("from_name")) for one in fitting}
    if QUESTION in names:
        fitting = [one for one in fitting if one.get("from_name") == QUESTION]
    elif len(names) > 1:
        return None, f"answers several questions: {', '.join(sorted(names))}; name the one that counts {QUESTION!r}"
    if result and not fitting:
        return None, f"has no result of the type {' or '.join(READ[kind])}"
    if not fitting:
        return ([], "") if kind in ("labels", "tags") else (None, "is empty")
    values = [one["value"] if isinstance(one.get("value"), dict) else {} for one in fitting]
    if kind == "tags":
        return _spans(values)
    if kind == "value":
        numbers = [value.get("number", value.get("rating")) for value in values]
        number = number_of(numbers[0]) if len(numbers) == 1 else None
        return number, "" if number is not None else "has no number, or several"
    chosen: list[str] = []
    for value in values:
        if not isinstance(value.get("choices"), list):
            return None, "has a choice without a value"
        chosen += value["choices"]
    return chosen, ""


def _spans(values: Sequence[Mapping[str, Any]]) -> tuple[Content | None, str]:
    spans = []
    for value in values:
        start, end, labels, text = (value.get(name) for name in ("start", "end", "labels", "text"))
        if type(start) is not int or type(end) is not int:
            return None, f"has a span from {str(start)[:40]} to {str(end)[:40]}, which are no offsets"
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            return None, f"has a span from {start} to {end} without a label"
        spans.append(CharSpan(start, end, labels, text if isinstance(text, str) else None))
    return spans, ""


def _person(said: Any) -> str | None:
    """Whom the tool names: by number, or in an object with id and email."""
    return text_or_none(said.get("id") or said.get("email")) if isinstance(said, dict) else text_or_none(said)


def _known(given: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "time": given.get("updated_at") or given.get("created_at"),
        "seconds": given.get("lead_time"),
        "round": text_or_none(data.get("round")),
        "guideline": text_or_none(data.get("guideline")),
    }


def _shown(name: str) -> str:
    return SHOWN if name == "text" else name
