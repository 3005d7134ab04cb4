"""Answers come back in tables: a spreadsheet's, a crowd's with a column or a row for each answer."""

from pathlib import Path

import pytest

from stages.common.core.messages import UserError
from tests.commands.annotated import ROUND, annotate, answers, documents, plan


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


def test_a_spreadsheet_may_write_semicolons(topics):
    plan()
    first, second, *_ = documents()
    Path("a2.csv").write_text(f"\ufeffid;annotator;answer\r\n{first};a2;garden\r\n{second};a2;\r\n", newline="")
    annotate("import", "first", "a2.csv", "--tool", "csv")
    assert answers() == {(first, "a2"): "garden"}
