import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.common.core.messages import UserError
from stages.common.documents.table import (
    documents_schema,
    is_sorted,
    read_documents,
    read_rejected,
    stream_documents,
    write_documents,
    write_rejected,
)
from stages.common.tasks import TASKS

SCHEMA = documents_schema(TASKS["text-classification"].columns)


def test_the_same_rows_in_another_order_give_the_same_file(make_documents, tmp_path):
    documents = make_documents([f"text {n}" for n in range(50)], label=["a", None] * 25)
    write_documents(documents, tmp_path / "one.parquet")
    write_documents(documents.sample(frac=1, random_state=1), tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_what_is_written_is_read_again(make_documents, tmp_path):
    documents = make_documents(["שלום", "👩‍🔬", "x" * 1_000_000], tokens=[["a"], None, None], tags=[["O"], None, None])
    write_documents(documents, tmp_path / "documents.parquet")
    again = read_documents(tmp_path / "documents.parquet")
    assert list(again.columns) == SCHEMA.names
    assert again["text"].tolist() == documents["text"].tolist()
    assert again["tokens"].tolist() == [["a"], None, None]
    assert again["label"].tolist() == ["a", "a", "a"]
    assert again["published_split"].isna().all()


def test_a_table_can_be_read_piece_by_piece(make_documents, tmp_path):
    path = tmp_path / "documents.parquet"
    write_documents(make_documents([f"text {n}" for n in range(50)]), path)
    pieces = list(stream_documents(path, 20))
    assert [len(piece) for piece in pieces] == [20, 20, 10]
    assert pa.concat_tables(pieces).equals(pq.read_table(path).cast(SCHEMA))
    assert is_sorted(path)
    pq.write_table(pq.read_table(path).take([3, 1]), path)
    assert not is_sorted(path)
    pq.write_table(pq.read_table(path).take([1, 1]), path)
    with pytest.raises(UserError, match="the id 'd1' occurs"):
        list(stream_documents(path, 1))
    with pytest.raises(UserError, match="there is no such file"):
        is_sorted(tmp_path / "none.parquet")


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("id", ["x", "x"], "the id 'x' occurs 2 times"),
        ("text", ["x", None], "column 'text' has empty cells"),
        ("published_split", ["train", "dev"], "published_split holds 'dev'"),
        ("tags", [["O", "O"], None], "more tokens than tags"),
        ("derived_from", [["d0"], []], "empty derived_from"),
    ],
)
def test_what_is_no_document_table_is_not_written(make_documents, tmp_path, column, values, said):
    documents = make_documents(["one", "two"], tokens=[["a"], None], tags=[["O"], None])
    documents[column] = pd.Series(values, dtype=object)
    with pytest.raises(UserError, match=said):
        write_documents(documents, tmp_path / "documents.parquet")
    assert not (tmp_path / "documents.parquet").exists()


def test_a_file_that_is_no_document_table_is_named(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        read_documents(tmp_path / "documents.parquet")
    (tmp_path / "documents.parquet").write_bytes(b"PAR1 or not")
    with pytest.raises(UserError, match="not a parquet file"):
        read_documents(tmp_path / "documents.parquet")
    pd.DataFrame({"text": ["x"]}).to_parquet(tmp_path / "documents.parquet")
    with pytest.raises(UserError, match="its columns are text"):
        read_documents(tmp_path / "documents.parquet")


@given(st.lists(st.sampled_from(["empty", "duplicates"]), max_size=5))
def test_rejected_rows_keep_their_rule_and_reason(tmp_path_factory, rules):
    path = tmp_path_factory.mktemp("rejected") / "rejected.parquet"
    write_rejected(pd.DataFrame({"rule": rules, "reason": rules}, dtype="str"), path)
    assert read_rejected(path)["rule"].tolist() == sorted(rules)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_table_of_each_task_is_known_by_its_columns(make_documents, tmp_path, task):
    values = {"label": "a", "text_pair": "other", "labels": [["b", "a"], []], "value": [1.5, -2.0]}
    wanted = {column.name: values.get(column.name) for column in task.columns}
    documents = make_documents(["one", "two"]).drop(columns=["label", "tokens", "tags"]).assign(**wanted)
    for name, write in (("documents", write_documents), ("rejected", write_rejected)):
        path = tmp_path / f"{name}.parquet"
        write(documents.assign(rule="empty", reason="no letter"), path)
        columns = pq.read_schema(path).names
        assert [column for column in columns if column in SCHEMA.names or column in values] == (
            documents_schema(task.columns).names
        )
    again = read_documents(tmp_path / "documents.parquet")
    for column in task.columns:
        said, expected = again[column.name].tolist(), documents[column.name].tolist()
        assert said == expected or again[column.name].isna().all()
