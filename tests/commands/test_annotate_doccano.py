"""Answers come back from doccano; each that cannot be used has its reason."""

import json
from pathlib import Path

from tests.commands.annotated import TASKS, annotate, answers, plan


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
