"""Names what makes the texts of two labels equal, where it is a rule or the way in which texts are compared."""

from collections.abc import Mapping

import pandas as pd
from duckdb import DuckDBPyConnection

from stages.clean.parts import Part
from stages.common.documents.targets import text_columns
from stages.common.text_rules.chain import Rule, apply_rules
from stages.common.text_rules.normalisation import compatible

DOUBTFUL = """
SELECT key, texts.label AS label, texts.id AS id, part FROM texts JOIN documents USING (number)
WHERE texts.label IS NOT NULL AND key IN (SELECT key FROM texts GROUP BY key HAVING count(DISTINCT texts.label) > 1)
ORDER BY number
"""
Texts = Mapping[object, set[tuple[str, ...]]]  # of each label


def name_causes(corpus: DuckDBPyConnection, parts: list[Part], rules: Mapping[str, Rule]) -> None:
    """Fills the table ``causes``: for texts with several labels that were not the same from the start, what made them.

    Args:
        corpus: Its tables ``texts`` and ``documents`` are read.
        parts: Their files ``raw`` and ``texts`` are read.
        rules: The rules that changed texts, by name.
    """
    doubtful = corpus.sql(DOUBTFUL).df()
    if not len(doubtful):
        return
    raw, cleaned = (_read(corpus, parts, doubtful, kind) for kind in ("raw", "texts"))
    causes = []
    for key, rows in doubtful.groupby("key", sort=True):
        cause = _cause(rows, raw, cleaned, rules)
        if cause:
            causes.append((int(str(key)), cause))
    if causes:
        corpus.executemany("INSERT INTO causes VALUES (?, ?)", causes)


def _read(
    corpus: DuckDBPyConnection, parts: list[Part], doubtful: pd.DataFrame, kind: str
) -> dict[str, tuple[str, ...]]:
    """The texts of some documents by id."""
    files = [str(parts[number].path(kind)) for number in sorted(doubtful["part"].unique())]
    wanted = doubtful[["id"]].drop_duplicates()  # noqa: F841  (read by the query)
    rows = corpus.execute(
        "SELECT bodies.* FROM read_parquet($files) AS bodies SEMI JOIN wanted USING (id)", {"files": files}
    )
    table = rows.df()
    columns = text_columns(table)
    return dict(zip(table["id"], table[columns].fillna("").itertuples(index=False, name=None), strict=True))


def _cause(
    rows: pd.DataFrame,
    raw: Mapping[str, tuple[str, ...]],
    cleaned: Mapping[str, tuple[str, ...]],
    rules: Mapping[str, Rule],
) -> str | None:
    labelled = list(zip(rows["label"], rows["id"], strict=True))
    if _share({label: {raw[name] for other, name in labelled if other == label} for label, _ in labelled}):
        return None
    if _share({label: {cleaned[name] for other, name in labelled if other == label} for label, _ in labelled}):
        texts = pd.Series([text for name in rows["id"] for text in raw[name]], dtype="str")
        changed = [rule for rule, where in apply_rules(texts, rules)[1].items() if where.any()]
        return f"which {' and '.join(changed)} made equal" if changed else None
    for said, fold in (("upper and lower case are", str.lower), ("compatible characters are", compatible)):
        folded = {
            label: {tuple(map(fold, cleaned[name])) for other, name in labelled if other == label}
            for label, _ in labelled
        }
        if _share(folded):
            return f"once {said} taken for the same"
    return "once case, white space, entities and compatible characters are taken for the same"


def _share(texts: Texts) -> bool:
    """Whether two labels have a text in common."""
    every = [text for found in texts.values() for text in found]
    return len(set(every)) < len(every)
