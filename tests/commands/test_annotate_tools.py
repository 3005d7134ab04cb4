"""Answers come back from each tool in the form that it documents; each that cannot be used has its reason."""

import csv
import json
from pathlib import Path

import pytest

from commands.annotation.answers import read_answer_file
from commands.annotation.offsets import in_code_points, in_units
from commands.annotation.tools import argilla
from stages.common.core.messages import UserError
from tests.commands.annotated import SENTENCES, annotate, dump, load, rows, save, save_sentences, save_topics

ROUND = Path("catalog/annotation/tiny/first")
TASKS = ROUND / "tasks"


@pytest.fixture
def topics(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_topics(tmp_path, make_documents)
    annotate("guideline")


@pytest.fixture
def sentences(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    save_sentences(tmp_path, make_documents)
    annotate("guideline")


def plan(*arguments, items=4, annotators="a1,a2,a3"):
    annotate("plan", "first", "--annotators", annotators, "--items", items, "--overlap", 3, *arguments)


def answers():
    return {answer.key: answer.answer for answer in read_answer_file(ROUND / "answers.csv")}


def rejected():
    return rows(ROUND / "rejected.csv")


def documents():
    return sorted({row["id"] for row in rows(ROUND / "plan.csv")})


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


def test_doccano_is_read_as_it_exports_labels_and_spans(sentences, capsys):
    """backend/data_export of doccano 1.8: a list of [start, end, label], or entities; offsets are UTF-16 units."""
    plan("--tool", "doccano")
    given = [json.loads(line) for line in (TASKS / "a2.jsonl").read_text().splitlines()]
    assert all("label" not in row and "id" not in row for row in given)
    by_id = {row["document"]: row for row in given}
    lines = [
        {"id": 5, **by_id["d0"], "label": [[3, 10, "PER"], [17, 21, "ORG"]], "Comments": []},
        {
            "id": 6,
            **by_id["d1"],
            "entities": [{"id": 1, "label": "PER", "start_offset": 16, "end_offset": 18}],
            "relations": [],
        },
        {"id": 7, **by_id["d2"], "label": [], "Comments": []},
        {"id": 8, **by_id["d3"], "label": [[19, 23, "PER"]], "Comments": []},
    ]
    path = Path("a2.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    annotate("import", "first", path)
    assert answers() == {
        ("d0", "a2"): '[[1, 3, "PER"], [4, 5, "ORG"]]',
        ("d1", "a2"): '[[3, 4, "PER"]]',
        ("d2", "a2"): "[]",
    }
    assert "a2.jsonl:4: its span from 19 to 23 cuts a character in two" in capsys.readouterr().out


def test_argilla_records_are_read_with_their_users_and_unfinished_responses_set_aside(topics, tmp_path, capsys):
    """argilla/src/argilla/records/_resource.py of Argilla 2.4: to_dict and from_dict."""
    plan("--tool", "argilla", annotators="a1,a2,a3")
    records = load(TASKS / "a1.json")
    assert set(records[0]) == {"id", "fields", "metadata", "suggestions", "responses", "vectors", "_server_id"}
    people = tmp_path / "people.csv"
    people.write_text("name,annotator\n3f2b5c1e-0000-4000-8000-000000000001,a2\n")
    given = {"value": "garden", "user_id": "3f2b5c1e-0000-4000-8000-000000000001"}
    records[0]["responses"] = {"label": [given, {"value": "kitchen", "user_id": argilla.user_of("a3")}]}
    records[1]["responses"] = {"label": [{**given, "status": "draft"}]}
    records[2]["responses"] = {"label": [{**given, "user_id": "3f2b5c1e-0000-4000-8000-000000000009"}]}
    annotate("import", "first", dump(Path("records.json"), records), "--annotators", people)
    name = records[0]["id"]
    assert answers() == {(name, "a2"): "garden", (name, "a3"): "kitchen"}
    said = capsys.readouterr().out
    assert "records.json, record 2, response 1: is a draft" in said
    assert "record 3, response 1: the table of annotators does not have whoever answered this" in said


TASK_SAMPLES = {
    "pairs": (["yes", "no"], ["no", "yes", "no", "yes"]),
    "multi-label": (["b & c", "a"], ["[]", '["a", "b & c"]', '["a"]', '["b & c"]']),
    "regression": ([], ["0.5", "3", "-2", "1e+30"]),
}


def save_task(task, folder, make_documents):
    if task == "text-classification":
        save_topics(folder, make_documents)
        return ["kitchen", "garden", "harbour", "garden"]
    if task == "token-classification":
        save_sentences(folder, make_documents)
        return ['[[1, 3, "PER"]]', '[[0, 1, "ORG"], [3, 4, "PER"]]', "[]", '[[0, 2, "ORG"], [3, 4, "PER"]]']
    labels, given = TASK_SAMPLES[task]
    columns = {
        "pairs": {"text_pair": [f"=pair {n}" for n in range(8)], "label": "yes"},
        "multi-label": {"labels": [["a"]] * 8},
        "regression": {"value": 1.5},
    }[task]
    save(folder, make_documents, task, labels, [f"=1+{n} 🙂\nnext" for n in range(8)], **columns)
    return given


@pytest.mark.parametrize("tool", ["label-studio", "doccano", "argilla", "csv"])
@pytest.mark.parametrize("task", ["text-classification", "token-classification", *TASK_SAMPLES])
def test_what_is_exported_with_answers_and_taken_back_is_exported_in_the_same_bytes(
    tool, task, tmp_path, monkeypatch, make_documents
):
    monkeypatch.chdir(tmp_path)
    given = save_task(task, tmp_path, make_documents)
    annotate("guideline")
    plan("--tool", "csv")
    for annotator, know in (("a1", True), ("a2", False)):
        table = rows(TASKS / f"{annotator}.csv")
        for place, row in enumerate(sorted(table, key=lambda row: row["id"])):
            row["answer"] = given[place % 4]
            row |= {"time": "2026-03-09T22:16:08.000001Z", "seconds": "4.25"} if know else {}
        with Path(f"{annotator}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, table[0])
            writer.writeheader()
            writer.writerows(table)
    annotate("import", "first", "a1.csv", "a2.csv", "--tool", "csv")
    kept = (ROUND / "answers.csv").read_bytes()
    assert len(answers()) == 8 and set(answers().values()) == set(given)
    if (tool, task) == ("doccano", "regression"):
        with pytest.raises(UserError, match="doccano: it has no kind of project"):
            annotate("export", "first", "--tool", tool, "--answers", "--out", "one")
        return
    annotate("export", "first", "--tool", tool, "--answers", "--out", "one")
    (ROUND / "answers.csv").unlink()
    files = [path for path in sorted(Path("one").iterdir()) if path.stem in ("a1", "a2")]
    annotate("import", "first", *files, "--tool", tool)
    assert (ROUND / "answers.csv").read_bytes() == kept
    annotate("export", "first", "--tool", tool, "--answers", "--out", "two")
    assert {path.name: path.read_bytes() for path in Path("two").iterdir()} == {
        path.name: path.read_bytes() for path in Path("one").iterdir()
    }


def test_files_without_answers_leave_everything_missing(sentences, capsys):
    for tool in ("label-studio", "doccano", "argilla", "csv"):
        annotate("plan", f"of-{tool}", "--annotators", "a1", "--items", 1, "--overlap", 1, "--tool", tool)
        tasks = next(Path(f"catalog/annotation/tiny/of-{tool}/tasks").glob("a1.*"))
        annotate("import", f"of-{tool}", tasks)
        assert "0 answers in" in (said := capsys.readouterr().out) and "1 of 1 still missing" in said


def test_a_wide_and_a_long_table_of_a_crowd_are_read(topics, capsys):
    plan()
    first, second, *_ = documents()
    Path("wide.csv").write_text(f"case,a1,a2,a3\n{first},1,,2\n{second},,1,9\n")
    wide = ("--tool", "wide", "--id-column", "case", "--answer-columns", "a1,a2,a3", "--values", "1=kitchen,2=garden")
    annotate("import", "first", "wide.csv", *wide)
    assert answers() == {(first, "a1"): "kitchen", (first, "a3"): "garden", (second, "a2"): "kitchen"}
    assert "wide.csv:3, column a3: there is no label '9'" in capsys.readouterr().out
    Path("workers.csv").write_text("name,annotator\nA19IBSKBTABMR3,a1\nAEX5NCH03LWSG,a2\n")
    Path("long.tsv").write_text(
        f"!amt_worker_ids\torig_id\tresponse\nA19IBSKBTABMR3\t{second}\tharbour\nAEX5NCH03LWSG\t{first}\tgarden\n"
    )
    long = ("--tool", "long", "--id-column", "orig_id", "--annotator-column", "!amt_worker_ids")
    annotate("import", "first", "long.tsv", *long, "--answer-columns", "response", "--annotators", "workers.csv")
    assert answers()[second, "a1"] == "harbour" and answers()[first, "a2"] == "garden"
    assert "A19IBSKBTABMR3" not in (ROUND / "answers.csv").read_text()
    with pytest.raises(UserError, match="its columns are not named"):
        annotate("import", "first", "long.tsv", "--tool", "long")


BROKEN = {
    "x.json": ["{", "[1]", '[{"id": 1}]', "\xff", "[" * 100_000, '[{"data": {}, "annotations": 3}]'],
    "x.jsonl": ["[]", '{"text": 3, "label": []}', "{"],
    "x.csv": ["id,answers\n1,2\n", "id,answer\n1\n", 'id,answer\n"1,2\n', "id,answer,id\n1,2,3\n"],
}


@pytest.mark.parametrize(("name", "content"), [(name, one) for name, every in BROKEN.items() for one in every])
def test_what_is_no_export_ends_in_one_line_with_its_place(topics, name, content):
    plan()
    Path(name).write_text(content, encoding="latin-1")
    tool = {"x.json": "label-studio", "x.jsonl": "doccano", "x.csv": "csv"}[name]
    with pytest.raises(UserError, match=r"^x\.(json|jsonl|csv)"):
        annotate("import", "first", name, "--tool", tool)
    assert not (ROUND / "answers.csv").exists()


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


def test_a_spreadsheet_may_write_semicolons(topics):
    plan()
    first, second, *_ = documents()
    Path("a2.csv").write_text(f"\ufeffid;annotator;answer\r\n{first};a2;garden\r\n{second};a2;\r\n", newline="")
    annotate("import", "first", "a2.csv", "--tool", "csv")
    assert answers() == {(first, "a2"): "garden"}


def test_a_file_that_is_too_large_is_not_read(topics, monkeypatch):
    plan()
    monkeypatch.setattr("commands.annotation.answers.MOST_BYTES", 10)
    with pytest.raises(UserError, match="bytes large, more than 10"):
        annotate("import", "first", TASKS / "a1.json")


def test_labels_and_texts_stay_text_wherever_they_are_shown(tmp_path, monkeypatch, make_documents):
    monkeypatch.chdir(tmp_path)
    labels = ['<script>alert("1")</script>', "b"]
    texts = ["=HYPERLINK(1)", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "-1"] * 2
    save(tmp_path, make_documents, "text-classification", labels, texts, label=[labels[0], "b"] * 4)
    annotate("guideline", "--examples", "3")
    guideline = Path("catalog/guidelines/tiny.md").read_text()
    assert "<script" not in guideline and "<img" not in guideline and "](" not in guideline.replace("\\]", "")
    annotate("plan", "first", "--annotators", "a1", "--items", 1, "--overlap", 1)
    assert "<script" not in (TASKS / "interface.xml").read_text()
    annotate("export", "first", "--tool", "csv", "--out", "out")
    shown = rows(Path("out/a1.csv"))
    assert all(row["text"][0] not in "=+-@" for row in shown)


def test_offsets_are_counted_in_both_units():
    text = "a🙂b"
    assert [in_code_points(text, offset, "utf-16") for offset in (0, 1, 3, 4)] == [0, 1, 2, 3]
    assert [in_units(text, offset, "utf-16") for offset in range(4)] == [0, 1, 3, 4]
    with pytest.raises(ValueError, match="cuts a character in two"):
        in_code_points(text, 2, "utf-16")
    for offset, units in ((5, "utf-16"), (4, "code-points"), (-1, "utf-16")):
        with pytest.raises(ValueError, match="text"):
            in_code_points(text, offset, units)
