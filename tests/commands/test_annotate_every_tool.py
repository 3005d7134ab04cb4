"""What holds for the files of every tool: nothing is lost on the way there and back, and nothing runs."""

import csv
from pathlib import Path

import pytest

from commands.annotation.offsets import in_code_points, in_units
from stages.common.core.messages import UserError
from tests.commands.annotated import ROUND, TASK_SAMPLES, TASKS, annotate, answers, plan, rows, save, save_task


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
