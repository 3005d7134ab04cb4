"""Answers come back from Label Studio in the forms that it documents; each that cannot be used has its reason."""

import json
from pathlib import Path

import pytest

from commands.annotation.answers import read_answer_file
from commands.annotation.offsets import in_units
from tests.commands.annotated import (
    ROUND,
    SENTENCES,
    TASKS,
    annotate,
    answers,
    documents,
    dump,
    load,
    plan,
    rejected,
    save_task,
)


def completion(choice, number, person, **more):
    """An annotation as Label Studio 1.13 exports it (docs/source/includes/task_format.md and the tag Choices)."""
    region = {"value": {"choices": [choice]}, "id": "Dx_aB91ISN", "from_name": "label", "to_name": "text"}
    return {
        "id": number,
        "completed_by": person,
        "result": [{**region, "type": "choices", "origin": "manual"}] if choice else [],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-09T22:16:08.728353Z",
        "updated_at": "2026-03-09T22:17:08.728353Z",
        "lead_time": 4.288,
        "result_count": 1,
        "task": 1,
        **more,
    }


def exported(document, number, *annotations):
    """A task as Label Studio 1.13 exports it; its data is what was imported."""
    data = next(task["data"] for task in load(TASKS / "a1.json") if task["data"]["document"] == document)
    return {
        "id": number,
        "annotations": list(annotations),
        "file_upload": "a1.json",
        "drafts": [],
        "predictions": [],
        "data": data,
        "meta": {},
        "created_at": "2026-03-09T21:52:49.513742Z",
        "updated_at": "2026-03-09T22:16:08.746926Z",
        "project": 83,
    }


def test_a_task_with_three_completions_gives_three_answers_and_says_which_is_empty(topics, tmp_path, capsys):
    plan()
    first, second, *_ = documents()
    people = tmp_path / "people.csv"
    people.write_text("name,annotator\n7,a1\n8,a2\nzoe@example.org,a3\n")
    zoe = {"id": None, "email": "zoe@example.org", "first_name": "Zoe"}
    tasks = [
        exported(first, 11, completion("kitchen", 1, 7), completion("", 2, 8), completion("garden", 3, zoe)),
        exported(second, 12, completion("kitchen", 4, 7, was_cancelled=True), completion("cellar", 5, 8)),
    ]
    annotate("import", "first", dump(Path("out.json"), tasks), "--annotators", people)
    assert answers() == {(first, "a1"): "kitchen", (first, "a3"): "garden"}
    said = capsys.readouterr().out
    assert "out.json, task 11, annotation 2: is empty" in said
    assert "out.json, task 12, annotation 4: was skipped" in said
    assert "out.json, task 12, annotation 5: there is no label 'cellar'" in said
    kept = read_answer_file(ROUND / "answers.csv")[0]
    assert (kept.time, kept.seconds, kept.round) == ("2026-03-09T22:17:08.728353Z", 4.288, "first")
    everything = "".join(path.read_text() for path in ROUND.rglob("*") if path.is_file())
    assert "zoe" not in everything.lower() and "zoe" not in said.lower()
    assert [row["annotator"] for row in rejected()] == ["a2", "a1", "a2"]


def test_people_without_a_table_are_told_apart_only_where_that_is_sure(topics, capsys):
    plan()
    first, second, *_ = documents()
    tasks = [exported(first, 1, completion("kitchen", 1, 7)), exported(second, 2, completion("garden", 2, 7))]
    annotate("import", "first", dump(Path("x.json"), tasks))
    assert answers() == {(first, "a1"): "kitchen", (second, "a1"): "garden"}
    tasks[1]["annotations"][0]["completed_by"] = 8
    annotate("import", "first", dump(Path("y.json"), tasks))
    assert capsys.readouterr().out.count("several people answered such tasks") == 2


def test_an_annotation_in_two_files_counts_once_and_the_later_of_two_holds(topics, capsys):
    plan()
    first, second, third, _ = documents()
    old, new = "2026-03-01T10:00:00.000000Z", "2026-03-02T10:00:00.000000Z"
    one = [
        exported(first, 1, completion("kitchen", 1, 7)),
        exported(second, 2, completion("kitchen", 2, 7, updated_at=old)),
        exported(third, 3, completion("kitchen", 3, 7)),
    ]
    two = [
        exported(first, 1, completion("kitchen", 1, 7)),
        exported(second, 2, completion("garden", 2, 7, updated_at=new)),
        exported(third, 3, completion("garden", 3, 7)),
    ]
    annotate("import", "first", dump(Path("one.json"), one), dump(Path("two.json"), two))
    said = capsys.readouterr().out
    assert "two.json, task 1, annotation 1: the same answer (annotation 1) stands in one.json, task 1" in said
    assert "one.json, task 2, annotation 2: a later answer stands in two.json, task 2, annotation 2" in said
    assert "one.json, task 3, annotation 3: another answer to it stands in two.json" in said
    assert answers() == {(first, "a1"): "kitchen", (second, "a1"): "garden"}
    before = (ROUND / "answers.csv").read_bytes(), (ROUND / "rejected.csv").read_bytes()
    annotate("import", "first", Path("two.json"), Path("one.json"))
    assert ((ROUND / "answers.csv").read_bytes(), (ROUND / "rejected.csv").read_bytes()) == before


def test_one_annotation_under_the_names_of_two_annotators_is_neithers(topics, capsys):
    plan()
    first, second, *_ = documents()
    tasks = [exported(first, 1, completion("kitchen", 1, 7)), exported(second, 2, completion("garden", 2, 7))]
    for task in tasks:
        task["data"] = {name: value for name, value in task["data"].items() if name != "assigned_to"}
    copy = [tasks[0], {**tasks[1], "annotations": [completion("garden", 9, 7)]}]
    annotate("import", "first", dump(Path("a1.json"), tasks), dump(Path("a2.json"), copy))
    assert answers() == {(second, "a1"): "garden", (second, "a2"): "garden"}
    said = capsys.readouterr().out
    assert "a1.json, task 1, annotation 1: the same annotation stands in a2.json" in said
    assert "a2.json, task 1, annotation 1: the same annotation stands in a1.json" in said


def test_a_document_that_is_gone_or_another_is_named_and_its_answer_kept_aside(topics, capsys):
    plan(items=3)
    second = documents()[1]
    tasks = [exported(name, number, completion("garden", number, 7)) for number, name in enumerate(documents(), 1)]
    tasks[0]["data"] = {**tasks[0]["data"], "document": "d99"}
    tasks[1]["data"] = {**tasks[1]["data"], "text": "something else"}
    del tasks[2]["data"]["document"]
    annotate("import", "first", dump(Path("x.json"), tasks))
    said = capsys.readouterr().out
    assert "x.json, task 1, annotation 1: the document 'd99' is not there any more" in said
    assert f"x.json, task 2, annotation 2: its text is not that of {second!r}" in said
    assert "x.json, task 3, annotation 3: does not say which document it is about" in said
    assert answers() == {}
    assert [json.loads(row["answer"]) for row in rejected()] == [["garden"]] * 3


def test_json_min_is_read_as_the_converter_writes_it(topics):
    """label_studio_converter/converter.py: one choice is a string; id and annotator are Label Studio's own."""
    plan()
    first, second, *_ = documents()
    records = [
        {**exported(name, 1)["data"], "id": number, "label": choice, "annotator": 7, "annotation_id": number}
        | {"created_at": "2026-03-09T22:16:08.728353Z", "updated_at": "2026-03-09T22:16:09Z", "lead_time": 4.288}
        for number, (name, choice) in enumerate([(first, "garden"), (second, "harbour")], 1)
    ]
    annotate("import", "first", dump(Path("min.json"), records))
    assert answers() == {(first, "a1"): "garden", (second, "a1"): "harbour"}
    assert read_answer_file(ROUND / "answers.csv")[0].time == "2026-03-09T22:16:09.000000Z"


def test_json_min_writes_spans_and_several_choices_in_its_own_way(sentences):
    plan()
    by_id = {task["data"]["document"]: task["data"] for task in load(TASKS / "a1.json")}
    common = {"annotator": 7, "created_at": "2026-03-09T22:16:08Z", "updated_at": "2026-03-09T22:16:09Z"}
    given = {"d0": [{"start": 2, "end": 9, "text": "Ann Lee", "labels": ["PER"]}], "d2": None, "d1": []}
    records = [
        {**by_id[name], "id": number, "annotation_id": number, **common, **({} if spans is None else {"label": spans})}
        for number, (name, spans) in enumerate(given.items(), 1)
    ]
    annotate("import", "first", dump(Path("min.json"), records))
    assert answers() == {("d0", "a1"): '[[1, 3, "PER"]]', ("d1", "a1"): "[]", ("d2", "a1"): "[]"}


def test_json_min_gives_one_choice_a_string_and_several_an_object(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_task("multi-label", tmp_path, make_documents)
    annotate("guideline")
    plan()
    data = [task["data"] for task in load(TASKS / "a1.json")]
    chosen = ["a", {"choices": ["b & c", "a"]}, None]
    records = [
        {**one, "id": 1, "annotator": 7, "annotation_id": number, **({} if label is None else {"label": label})}
        for number, (one, label) in enumerate(zip(data, chosen, strict=False))
    ]
    annotate("import", "first", dump(Path("min.json"), records))
    assert [answers()[one["document"], "a1"] for one in data[:3]] == ['["a"]', '["a", "b & c"]', "[]"]


def span(text, label, start, shown=True, converted=False):
    """A region of the tag Labels; start and end are in code points, or in UTF-16 units."""
    sentence = next(" ".join(tokens) for tokens, _ in SENTENCES if text in " ".join(tokens))
    end = start + len(text)
    if converted:
        start, end = (in_units(sentence, offset, "utf-16") for offset in (start, end))
    return {"start": start, "end": end, "labels": [label], **({"text": text} if shown else {})}


def spans_of(value, number=1, person=7):
    regions = [
        {"value": one, "id": f"r{place}", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}
        for place, one in enumerate(value)
    ]
    return completion("", number, person, result=regions)


@pytest.mark.parametrize("converted", [False, True])
def test_an_emoji_before_a_span_does_not_move_it(sentences, converted):
    plan()
    tasks = [
        exported(
            "d0", 1, spans_of([span("Ann Lee", "PER", 2, True, converted), span("Acme", "ORG", 16, True, converted)])
        ),
        exported("d1", 2, spans_of([span("Acme", "ORG", 0, True, converted), span("Bo", "PER", 14, True, converted)])),
        exported("d3", 3, spans_of([span("Zoë", "PER", 27, True, converted)])),
        exported("d2", 4, spans_of([])),
    ]
    annotate("import", "first", dump(Path("a1.json"), tasks))
    assert answers() == {
        ("d0", "a1"): '[[1, 3, "PER"], [4, 5, "ORG"]]',
        ("d1", "a1"): '[[0, 1, "ORG"], [3, 4, "PER"]]',
        ("d2", "a1"): "[]",
        ("d3", "a1"): '[[5, 6, "PER"]]',
    }


def test_spans_that_cannot_be_words_are_named(sentences, capsys):
    plan()
    cases = {
        "cuts 'Acme'": [span("Acm", "ORG", 16)],
        "'Lee' does not stand there": [span("Lee", "PER", 8)],
        "overlap, at the word 'Lee'": [span("Ann Lee", "PER", 2), span("Lee joins", "ORG", 6)],
        "has 2 labels": [{**span("Acme", "ORG", 16), "labels": ["ORG", "PER"]}],
        "there is no label 'LOC'": [span("Acme", "LOC", 16)],
        "does not lie in the text": [{"start": 16, "end": 400, "labels": ["ORG"]}],
        "covers no word": [{"start": 5, "end": 6, "labels": ["ORG"]}],
        "which are no offsets": [{"start": "2", "end": 9, "labels": ["ORG"]}],
    }
    for reason, value in cases.items():
        annotate("import", "first", dump(Path("a1.json"), [exported("d0", 1, spans_of(value))]))
        said = capsys.readouterr().out
        assert "a1.json, task 1, annotation 1:" in said and reason in said, said
    assert answers() == {}
    annotate("import", "first", dump(Path("a1.json"), [exported("d0", 1, spans_of([span("Ann Lee ", "PER", 2)]))]))
    assert answers() == {("d0", "a1"): '[[1, 3, "PER"]]'}  # white space at the end is no part of a word


@pytest.mark.parametrize("closed", [True, False])
def test_what_is_set_aside_of_texts_that_may_not_be_passed_on_quotes_none(sentences, closed, capsys):
    card = Path("data/raw/card.json")
    card.write_text(json.dumps({**load(card), "redistribution": not closed}))
    plan()
    cases = {
        "d0": spans_of([span("Acm", "ORG", 16)]),
        "d1": spans_of([{**span("Acme", "ORG", 0), "labels": ["it's " + SENTENCES[1][0][2]]}]),
        "d3": spans_of([span("Société", "ORG", 1)]),
    }
    tasks = [exported(name, number, spans) for number, (name, spans) in enumerate(cases.items(), 1)]
    annotate("import", "first", dump(Path("a1.json"), tasks))
    said = capsys.readouterr().out
    kept = (ROUND / "rejected.csv").read_text()
    for words in ("'Acm'", "it's hires", "'Société' does not stand there"):
        assert words in said
    assert [word in kept for word in ("Acm", "hires", "Société")] == [not closed] * 3
    assert len(rejected()) == 3
    assert kept.count("does not stand there") == 1


STRANGE = [
    {"result": None},
    {"result": [3]},
    {"result": [{"type": "choices", "from_name": "label", "value": None}]},
    {"result": [{"type": "choices", "from_name": "label", "value": {"choices": [["kitchen"]]}}]},
    {"result": [{"type": "choices", "from_name": "label", "value": {"choices": ["kitchen", "garden"]}}]},
    {"result": [{"type": "rectanglelabels", "from_name": "tag", "value": {"x": 4.98}}]},
    {"result": [{"type": "choices", "from_name": name, "value": {"choices": ["kitchen"]}} for name in ("x", "y")]},
    {"result": [{"type": "choices", "from_name": "label", "value": {"choices": ["kit\ud83dchen"]}}]},
    {"updated_at": "yesterday"},
    {"updated_at": 10**400},
    {"lead_time": 10**400},
    {"lead_time": [1]},
    {"lead_time": -3},
]


@pytest.mark.parametrize("strange", STRANGE, ids=str)
def test_a_strange_annotation_is_set_aside_and_the_others_are_taken(topics, strange, capsys):
    plan()
    first, second, *_ = documents()
    tasks = [
        exported(first, 1, completion("kitchen", 1, 7, **strange)),
        exported(second, 2, completion("garden", 2, 7)),
    ]
    Path("x.json").write_text(json.dumps(tasks))
    annotate("import", "first", "x.json")
    assert answers() == {(second, "a1"): "garden"}
    assert "set aside: x.json, task 1, annotation 1: " in capsys.readouterr().out
    assert len(rejected()) == 1


STRANGE_TASKS = [
    {"document": "d\ud83d"},
    {"document": ["d1"]},
    {"round": "second"},
    {"text": ["x"], "text_pair": "more"},
]


@pytest.mark.parametrize("strange", STRANGE_TASKS, ids=str)
def test_a_task_with_strange_data_is_set_aside(topics, strange):
    plan()
    first, second, *_ = documents()
    tasks = [exported(first, 1, completion("kitchen", 1, 7)), exported(second, 2, completion("garden", 2, 7))]
    tasks[0]["data"] = {**tasks[0]["data"], **strange}
    Path("x.json").write_text(json.dumps(tasks))
    annotate("import", "first", "x.json")
    assert answers() == {(second, "a1"): "garden"} and len(rejected()) == 1


def test_a_number_that_no_float_can_be_is_set_aside(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_task("regression", tmp_path, make_documents)
    annotate("guideline")
    plan()
    first, second, third, fourth = documents()
    tasks = [exported(name, number, completion("", number, 7)) for number, name in enumerate(documents(), 1)]
    for task, value in zip(tasks, (10**400, 3, {"x": 1}, True), strict=True):
        result = {"from_name": "label", "to_name": "text", "type": "number", "value": {"number": value}}
        task["annotations"][0]["result"] = [result]
    annotate("import", "first", dump(Path("x.json"), tasks))
    assert answers() == {(second, "a1"): "3"} and {row["id"] for row in rejected()} == {first, third, fourth}
