"""The table of answers."""

import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.common.documents.answers import ANSWERS, SCHEMA, read_answers, write_answers

ROWS = pd.DataFrame(
    {
        "id": ["b", "a", "a"],
        "annotator": ["2", "2", "1"],
        "answer": ["spam", "ham", "spam"],
        "time": pd.to_datetime([None, "2026-01-02T03:04:05Z", None], utc=True),
        "seconds": [1.5, None, 2.0],
        "round": [None, "1", "1"],
        "guideline": [None, None, None],
    }
)


def test_the_order_of_answers_changes_no_byte(tmp_path):
    write_answers(ROWS, tmp_path / ANSWERS)
    write_answers(ROWS.sample(frac=1, random_state=3), tmp_path / "again.parquet")
    assert (tmp_path / ANSWERS).read_bytes() == (tmp_path / "again.parquet").read_bytes()
    read = read_answers(tmp_path / ANSWERS)
    assert read[["id", "annotator", "answer"]].to_numpy().tolist() == [
        ["a", "1", "spam"],
        ["a", "2", "ham"],
        ["b", "2", "spam"],
    ]
    assert read["time"][1] == pd.Timestamp("2026-01-02T03:04:05Z")
    assert list(read.columns) == SCHEMA.names


@pytest.mark.parametrize("content", [None, b"", b"no parquet"])
def test_a_table_that_is_none_is_refused_in_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / ANSWERS).write_bytes(content)
    with pytest.raises(UserError, match=r"answers\.parquet"):
        read_answers(tmp_path / ANSWERS)


def test_a_document_table_is_no_table_of_answers(tmp_path):
    ROWS.drop(columns="time").to_parquet(tmp_path / ANSWERS)
    with pytest.raises(UserError, match="has not the columns id, annotator"):
        read_answers(tmp_path / ANSWERS)
