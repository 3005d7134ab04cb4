"""Answers come back from Argilla; each that cannot be used has its reason."""

from pathlib import Path

from commands.annotation.tools import argilla
from tests.commands.annotated import TASKS, annotate, answers, dump, load, plan


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
