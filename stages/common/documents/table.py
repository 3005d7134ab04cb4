"""The document table: the one form in which every stage reads and writes labelled text, checked each time."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.common.core.messages import UserError
from stages.common.tasks import TASKS

SPLITS = ("train", "validation", "test")
NO_LABEL = "unlabelled"  # in the place of a published split: the publisher gives the document no label
ORIGINAL = "original"
OVERSAMPLED = "oversampled"  # the method of a further copy of a document, with which split balances classes
LABEL_TEXT = "label_text"  # the method of a text that split makes of a label's name
NO_VARIANTS = (ORIGINAL, OVERSAMPLED, LABEL_TEXT)  # all other methods make a variant of a document
ROW_GROUP = 65_536
COLUMNS = tuple(dict.fromkeys(task.columns for task in TASKS.values()))  # of the tasks, each once
Schema = Callable[[Iterable[pa.Field]], pa.Schema]  # from a task's columns to all of a table

BEFORE = (pa.field("id", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False))
AFTER = (
    pa.field("published_split", pa.string()),
    pa.field("group", pa.string(), nullable=False),
    pa.field("derived_from", pa.list_(pa.string()), nullable=False),
    pa.field("method", pa.string(), nullable=False),
)
FAULT = (
    pa.field("rule", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("place", pa.string()),  # the file and the line or member, where the row never became a document
)
FLAGS = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("id", "rule", "reason")])


def documents_schema(columns: Iterable[pa.Field]) -> pa.Schema:
    """The columns of a document table.

    Args:
        columns: Those of its task (:attr:`stages.common.tasks.Task.columns`).
    """
    return pa.schema([*BEFORE, *columns, *AFTER])


def rejected_schema(columns: Iterable[pa.Field]) -> pa.Schema:
    """The columns of a table of dropped rows: the rule, the reason, the place, and those of a document table."""
    return pa.schema([*FAULT, *(field.with_nullable(True) for field in documents_schema(columns))])


def has_no_label(documents: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each row is a document that its publisher gives no label, or a variant of one."""
    return documents["published_split"].eq(NO_LABEL)


def columns_among(names: Iterable[Hashable]) -> tuple[pa.Field, ...]:
    """The columns of the task all of whose columns are among some names; those of the first task where none fits."""
    there = set(names)
    fitting = [columns for columns in COLUMNS if {field.name for field in columns} <= there]
    return max(fitting, key=len, default=COLUMNS[0])


def read_documents(path: Path) -> pd.DataFrame:
    """Reads a document table.

    Args:
        path: A parquet file with the columns of :func:`documents_schema` for some task.

    Returns:
        One row a document, sorted by id; missing values as NaN in string columns and None in list columns.

    Raises:
        UserError: If there is no such file, or it is not a document table.
    """
    table = _read(path, documents_schema).sort_by("id")
    _check(table, str(path))
    return to_pandas(table)


def read_some(path: Path) -> pd.DataFrame:
    """Reads a document table as :func:`read_documents` does, and refuses an empty one."""
    documents = read_documents(path)
    if documents.empty:
        raise UserError(f"{path}: holds no document.", "Give this split a larger share in params.yaml, section split.")
    return documents


def is_sorted(path: Path) -> bool:
    """Whether the rows of a document table are sorted by id, as :func:`stream_documents` wants them.

    Raises:
        UserError: If there is no such file, or it is not a document table.
    """
    with said_in_words(path):
        file = _open(path)
        _matching(file.schema_arrow.empty_table(), documents_schema, path)
        last = ""
        for batch in file.iter_batches(ROW_GROUP, columns=["id"]):
            ids = pa.concat_arrays([pa.array([last]), batch["id"].cast(pa.string())])
            if pc.any(pc.less(ids[1:], ids[:-1])).as_py():
                return False
            last = ids[-1].as_py() or last
    return True


def stream_documents(path: Path, rows: int) -> Iterator[pa.Table]:
    """Reads a document table piece by piece, for one that need not fit into memory.

    Args:
        path: A parquet file with the columns of a document table, sorted by id.
        rows: Rows of a piece, at most.

    Yields:
        The pieces in the order of the file, each checked.

    Raises:
        UserError: As :func:`read_documents` does.
    """
    with said_in_words(path):
        last = None
        for batch in _open(path).iter_batches(rows):
            piece = _matching(pa.Table.from_batches([batch]), documents_schema, path)
            _check(piece, str(path))
            first, last = last, piece["id"][-1].as_py()
            if first == piece["id"][0].as_py():
                raise UserError(f"{path}: the id {first!r} occurs twice.", "Each document needs an id of its own.")
            yield piece


def write_documents(documents: pd.DataFrame, path: Path) -> None:
    """Writes a document table: sorted by id, the same bytes for the same rows in any order.

    Args:
        documents: Rows with the columns of some task's document table; others are not written.
        path: The parquet file to write.

    Raises:
        UserError: If the rows do not make a document table, such as when an id occurs twice.
    """
    table = to_arrow(documents, documents_schema(columns_among(documents))).sort_by("id")
    _check(table, str(path))
    write_parquet(table, path)


def read_rejected(path: Path) -> pd.DataFrame:
    """Reads the rows that a stage dropped, with the rule and the reason; see :func:`rejected_schema`."""
    return to_pandas(_read(path, rejected_schema))


def write_rejected(rejected: pd.DataFrame, path: Path) -> None:
    """Writes the rows that a stage dropped, sorted by rule, id and place; columns that are missing are null."""
    order = [("rule", "ascending"), ("id", "ascending"), ("place", "ascending")]
    write_parquet(to_arrow(rejected, rejected_schema(columns_among(rejected))).sort_by(order), path)


def write_flags(flags: pd.DataFrame, path: Path) -> None:
    """Writes remarks on documents that were kept: the columns are id, rule and reason, sorted in this order."""
    write_parquet(to_arrow(flags, FLAGS).sort_by([(name, "ascending") for name in FLAGS.names]), path)


def read_flags(path: Path) -> pd.DataFrame:
    """Reads what :func:`write_flags` wrote."""
    return to_pandas(_read(path, lambda _: FLAGS))


def write_parquet(table: pa.Table, path: Path) -> None:
    """Writes a parquet file with fixed settings: no pandas metadata, no time, the same bytes for the same table."""
    with ParquetStream(path, table.schema) as stream:
        stream.write(table)


class ParquetStream:
    """Writes a parquet file piece by piece, with the bytes that :func:`write_parquet` gives the whole table.

    Args:
        path: The file.
        schema: Its columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema.remove_metadata()
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)
        self._waiting = self._schema.empty_table()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            self._writer.write_table(self._waiting, row_group_size=ROW_GROUP)
        self._writer.close()

    def write(self, rows: pa.Table) -> None:
        """Writes rows; those that fill no row group yet are kept until more come."""
        self._waiting = pa.concat_tables([self._waiting, rows.select(self._schema.names).cast(self._schema)])
        while len(self._waiting) > ROW_GROUP:
            self._writer.write_table(self._waiting.slice(0, ROW_GROUP), row_group_size=ROW_GROUP)
            self._waiting = self._waiting.slice(ROW_GROUP)


class DocumentStream(ParquetStream):
    """Writes a document table piece by piece, each checked; they must come sorted by id.

    Args:
        path: The file.
        columns: Those of the documents' task.
    """

    def __init__(self, path: Path, columns: Iterable[pa.Field]) -> None:
        super().__init__(path, documents_schema(columns))
        self._path, self._last = path, ""

    def write(self, rows: pa.Table) -> None:
        """Writes rows.

        Raises:
            UserError: If they do not make a document table, such as when an id occurs twice.
        """
        _check(rows, str(self._path))
        ids = rows["id"]
        if len(ids) and ids[0].as_py() <= self._last and self._last:
            raise UserError(f"{self._path}: the id {self._last!r} does not come before the next one.", "Sort the rows.")
        self._last = ids[-1].as_py() if len(ids) else self._last
        super().write(rows)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """The table with missing values as NaN in string columns and None in list columns."""
    frame: pd.DataFrame = table.to_pandas()
    for field in table.schema:
        if pa.types.is_list(field.type):
            frame[field.name] = frame[field.name].map(list, na_action="ignore")
    return frame


def to_arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """The columns of a schema; one that is missing is null."""
    columns = {}
    for field in schema:
        values = frame[field.name] if field.name in frame else pd.Series([None] * len(frame))
        if pa.types.is_list(field.type):
            values = values.map(lambda value: list(value) if isinstance(value, list | tuple) else value).astype(object)
        columns[field.name] = pa.array(values, type=field.type, from_pandas=True)
    return pa.table(columns, schema=schema)


def _read(path: Path, schema: Schema) -> pa.Table:
    with said_in_words(path):
        return _matching(pq.read_table(path), schema, path)


def _open(path: Path) -> pq.ParquetFile:
    """A parquet file to be read piece by piece: with read-ahead, pyarrow keeps what it has read until the end."""
    return pq.ParquetFile(path, pre_buffer=False)


@contextmanager
def said_in_words(path: Path) -> Iterator[None]:
    """Turns what is wrong with a parquet file into one line."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Run `dvc repro`, which makes it.") from None
    except pa.ArrowInvalid as error:
        raise UserError(
            f"{path}: not a parquet file ({error}).", "Run `dvc repro -f` on the stage that makes it."
        ) from None


def _matching(table: pa.Table, schema_of: Schema, path: Path) -> pa.Table:
    """The table with the types of a schema, whose task its own columns tell."""
    schema = schema_of(columns_among(table.schema.names))
    if table.schema.names != schema.names:
        raise UserError(
            f"{path}: its columns are {', '.join(table.schema.names)}; they should be {', '.join(schema.names)}.",
            "Run `dvc repro -f` on the stage that makes it.",
        )
    try:
        return table.cast(schema)
    except (pa.ArrowInvalid, ValueError) as error:
        raise UserError(
            f"{path}: a column has the wrong type ({error}).", "Make it again with `dvc repro -f`."
        ) from None


def _check(table: pa.Table, where: str) -> None:
    for field in table.schema:
        if not field.nullable and table[field.name].null_count:
            raise UserError(f"{where}: column {field.name!r} has empty cells.", "Every document needs one.")
    ids = table["id"]
    if pc.count_distinct(ids).as_py() != len(ids):
        counted = ids.value_counts()
        repeated = counted.filter(pc.greater(pc.struct_field(counted, "counts"), 1))
        raise UserError(
            f"{where}: the id {repeated[0]['values'].as_py()!r} occurs {repeated[0]['counts'].as_py()} times.",
            "Each document needs an id of its own.",
        )
    unknown = set(pc.unique(table["published_split"]).to_pylist()) - {*SPLITS, NO_LABEL, None}
    if unknown:
        allowed = f"Allowed are {', '.join(SPLITS)} and {NO_LABEL}."
        raise UserError(f"{where}: published_split holds {sorted(unknown)[0]!r}.", allowed)
    if pc.any(pc.equal(pc.list_value_length(table["derived_from"]), 0)).as_py():
        raise UserError(f"{where}: a document has an empty derived_from.", "An original names its own id.")
    if "tokens" not in table.schema.names:
        return
    uneven = pc.not_equal(pc.list_value_length(table["tokens"]), pc.list_value_length(table["tags"]))
    if pc.any(uneven).as_py():
        row = table.filter(pc.fill_null(uneven, False))["id"][0].as_py()
        raise UserError(f"{where}: document {row!r} has more tokens than tags, or fewer.", "Each token needs one tag.")
