"""Says which documents are the same or nearly so, which of them stay, and which leak between published splits.

What is the same is the key: the number of a text's first copy, in the table ``texts``.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stages.clean.parameters import Contradictions, Duplicates, NearDuplicates
from stages.clean.parts import Part

EXCERPT = 160  # characters of a leaking text that are listed
SIDES = ["unlabelled", "train", "validation", "test"]

# ``side`` is the published split's place among these, counted from -1; of two copies, the one with the higher side is
# kept. So a labelled document is kept before one without a label, which has no vote on labels either.
TEXTS = """
CREATE TABLE texts AS
WITH copies AS (SELECT key_one, key_two, min(number) AS key FROM kept GROUP BY ALL HAVING count(*) > 1)
SELECT
    number, id, label, plain, characters, first_text, publisher_group, coalesce(key, number) AS key,
    CASE published_split WHEN 'test' THEN 2 WHEN 'validation' THEN 1 WHEN 'unlabelled' THEN -1 ELSE 0 END AS side
FROM kept LEFT JOIN copies USING (key_one, key_two)
ORDER BY number;
CREATE TABLE causes (key BIGINT, cause VARCHAR)
"""
LEFT = "CREATE OR REPLACE VIEW texts_left AS FROM texts ANTI JOIN rejected USING (number)"

CONTRADICTIONS = """
WITH
    doubtful AS (
        SELECT key, string_agg(DISTINCT label, ' and ' ORDER BY label) AS labels
        FROM texts GROUP BY key HAVING count(DISTINCT label) > 1
    ),
    votes AS (
        SELECT key, label, count(*) AS votes FROM texts SEMI JOIN doubtful USING (key)
        WHERE side = 0 AND label IS NOT NULL GROUP BY key, label
    ),
    most AS (SELECT key, max(votes) AS votes FROM votes GROUP BY key),
    winners AS (
        SELECT key, any_value(label) AS winner FROM votes JOIN most USING (key, votes)
        WHERE $majority GROUP BY key HAVING count(*) = 1
    )
SELECT
    number, 'contradictions' AS rule,
    'the same text' || coalesce(', ' || cause || ',', '') || ' is labelled ' || labels
        || coalesce(', mostly ' || winner, '') AS reason
FROM texts JOIN doubtful USING (key) LEFT JOIN winners USING (key) LEFT JOIN causes USING (key)
WHERE side >= 0 AND (label IS DISTINCT FROM winner OR winner IS NULL)
"""
REPEATS = """
SELECT number, 'duplicates' AS rule, 'the same text as document ' || first_id AS reason
FROM (
    SELECT
        number, first_value(number) OVER copies AS first, first_value(id) OVER copies AS first_id,
        bool_or(side > 0) OVER (PARTITION BY key) AS leaks
    FROM texts_left SEMI JOIN (SELECT key FROM texts_left GROUP BY key HAVING count(*) > 1) USING (key)
    WINDOW copies AS (
        PARTITION BY key ORDER BY side DESC, CASE WHEN $longest THEN -characters ELSE 0 END, number
    )
)
WHERE number <> first AND ($drop_all OR leaks)
"""
# Pairs of documents, of which one may go. What the publisher put together is alike on purpose.
NEAR = """
SELECT a.number AS one, b.number AS other, similarity, a.side > 0 AS one_held_out, b.side > 0 AS other_held_out
FROM pairs JOIN texts_left AS a ON a.key = one JOIN texts_left AS b ON b.key = other
WHERE ($drop_all OR a.side > 0 OR b.side > 0) AND coalesce(a.publisher_group <> b.publisher_group, true)
"""
PREFERRED = """
SELECT number, side > 0 AS held_out FROM texts_left SEMI JOIN near_numbers USING (number)
ORDER BY side DESC, CASE WHEN $longest THEN -characters ELSE 0 END, number
"""
# What must stay on one side of a split: what is nearly the same, pairs with one first text, what the publisher says.
LINKS = """
SELECT one, other FROM pairs
UNION ALL
SELECT key, min(key) OVER (PARTITION BY first_text) FROM texts WHERE plain AND first_text IS NOT NULL
UNION ALL
SELECT key, min(key) OVER (PARTITION BY publisher_group) FROM texts WHERE plain AND publisher_group IS NOT NULL
"""
GROUPS = """
CREATE TABLE groups AS
SELECT grouped.number, documents.id AS "group"
FROM (
    SELECT number, coalesce(min(number) FILTER (WHERE side >= 0) OVER same, min(number) OVER same) AS first
    FROM texts LEFT JOIN clusters USING (key) WHERE plain
    WINDOW same AS (PARTITION BY coalesce(smallest, key))
) AS grouped JOIN documents ON documents.number = first
WHERE grouped.number <> first
"""
LEAKS = """
WITH
    related AS (
        SELECT key AS one, key AS other, 1.0 AS similarity FROM texts
        WHERE plain GROUP BY key HAVING max(side) > min(side)
        UNION ALL SELECT one, other, similarity FROM pairs
        UNION ALL SELECT other, one, similarity FROM pairs
    ),
    leaks AS (
        SELECT
            $splits[a.side + 2] AS split, $splits[b.side + 2] AS other_split,
            a.id AS id, b.id AS other_id, similarity
        FROM related JOIN texts AS a ON a.key = one JOIN texts AS b ON b.key = other
        WHERE a.side < b.side AND b.side > 0 AND a.plain AND b.plain
    )
SELECT split, other_split, leaks.id, other_id, similarity, substr("text", 1, $excerpt) AS excerpt
FROM leaks JOIN read_parquet($files) AS bodies ON bodies.id = leaks.id
ORDER BY split, other_split, leaks.id, other_id
"""


def match_texts(corpus: DuckDBPyConnection) -> None:
    """Makes the table ``texts`` of what was kept so far, with the key of each, and a view of what is left of it."""
    corpus.execute(TEXTS)
    corpus.execute(LEFT)


def group_duplicates(corpus: DuckDBPyConnection) -> None:
    """Makes the table ``groups``: one for all that are the same or nearly so, directly or through others.

    Pairs with the same first text share a group too, and so do documents that the publisher says belong together. A
    group is named by the smallest id in it, of a labelled document if it has any; documents that are not in the table
    have a group of their own. So has a sentence of a token classification corpus: that it occurs again is no mistake.

    Args:
        corpus: Its tables ``texts`` and ``pairs`` are read.
    """
    pairs = corpus.sql(LINKS).fetchnumpy()
    ends, index = np.unique(np.concatenate([pairs["one"], pairs["other"]]), return_inverse=True)
    one, other = np.split(index, 2)
    links = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(len(ends), len(ends)))
    count, clusters = connected_components(links, directed=False)
    smallest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(smallest, clusters, ends)
    table = pa.table({"key": ends.astype(np.int64), "smallest": smallest[clusters]})
    corpus.from_arrow(table).to_table("clusters")
    corpus.execute(GROUPS)


def list_leaks(corpus: DuckDBPyConnection, parts: list[Part], shows_texts: bool) -> pd.DataFrame:
    """Lists documents of different published splits that are the same or nearly so, for text classification.

    Those without a label count as a split before training; that they are training documents is no leak.

    Args:
        corpus: Its tables ``texts`` and ``pairs`` are read.
        parts: Their ``texts`` are read.
        shows_texts: Whether the table may hold texts.

    Returns:
        One row a pair: ``split``, ``other_split`` (training before validation before test), ``id``, ``other_id``,
        ``similarity`` from 0 to 1, and the beginning of the first text (empty if it may not be shown); sorted
        in this order.
    """
    files, characters = [str(part.path("texts")) for part in parts], EXCERPT if shows_texts else 0
    leaks: pd.DataFrame = corpus.sql(LEAKS, params={"files": files, "excerpt": characters, "splits": SIDES}).df()
    leaks["excerpt"] = leaks["excerpt"].astype("str").str.replace(r"\s+", " ", regex=True)
    return leaks.round({"similarity": 4})


def find_contradictions(corpus: DuckDBPyConnection, settings: Contradictions) -> DuckDBPyRelation:
    """Finds texts that have more than one label.

    Args:
        corpus: Its table ``texts`` is read.
        settings: Whether copies with the commonest label stay. Labels in published test and validation splits have no
            vote, and where two labels are equally common, no copy stays.

    Returns:
        One row for each copy that is in doubt: number, rule, reason.
    """
    found = corpus.sql(CONTRADICTIONS, params={"majority": settings.keep == "majority"})
    return found if settings.enabled else found.limit(0)


def find_repeats(corpus: DuckDBPyConnection, settings: Duplicates) -> DuckDBPyRelation:
    """Finds the copies of a text beyond the one that is kept.

    A copy in the publisher's test split is kept before one in validation, and both before any other, so that what leaks
    out of training is the training copy.

    Args:
        corpus: Its view ``texts_left`` is read.
        settings: Which of the others is kept: the one with the smallest id, the longest one, or all of them, unless a
            copy is in a published test or validation split.

    Returns:
        One row for each further copy: number, rule, reason.
    """
    found = corpus.sql(REPEATS, params=_asked(settings))
    return found if settings.enabled else found.limit(0)


def find_near_repeats(corpus: DuckDBPyConnection, settings: NearDuplicates) -> DuckDBPyRelation:
    """Finds the documents that are nearly the same as one that is kept.

    Args:
        corpus: Its table ``pairs`` and its view ``texts_left`` are read; no text occurs twice in it, but for token
            classification.
        settings: Which one is kept, as in :func:`find_repeats`.

    Returns:
        One row for each that goes: number, rule, reason.
    """
    asked = _asked(settings)
    pairs = corpus.sql(NEAR, params={"drop_all": asked["drop_all"]}).df()
    corpus.from_df(pairs[["one", "other"]].melt(value_name="number")[["number"]]).to_table("near_numbers")
    preferred = corpus.sql(PREFERRED, params={"longest": asked["longest"]}).df()
    gone = drop_in_turn(pairs, preferred, settings.keep == "all")
    said = gone["similarity"].map("{:.2f} of its word n-grams are shared with ".format).astype("str")
    corpus.from_df(gone.assign(said=said)).to_table("gone")
    return corpus.sql("""
        SELECT gone.number, 'near_duplicates' AS rule, said || documents.id AS reason
        FROM gone JOIN documents ON documents.number = gone.other
    """)


def drop_in_turn(pairs: pd.DataFrame, preferred: pd.DataFrame, only_held_out: bool) -> pd.DataFrame:
    """Goes through documents in an order; each stays unless it is similar to one that stayed already.

    So each document that goes was compared with one that stays.

    Args:
        pairs: Documents that are similar: one, other (numbers), similarity.
        preferred: Each document of these pairs, in the order of preference: number, held_out.
        only_held_out: Whether only documents that were held out make others go.

    Returns:
        One row for each that goes: number, the other that stays (the most similar; the first of equals), similarity.
    """
    numbers = np.sort(preferred["number"].to_numpy())
    one, other = np.searchsorted(numbers, pairs["one"]), np.searchsorted(numbers, pairs["other"])
    ends = (np.concatenate([one, other]), np.concatenate([other, one]))
    similar = coo_array((np.tile(pairs["similarity"], 2), ends), shape=(len(numbers), len(numbers))).tocsr()
    similar.sort_indices()
    stands = np.zeros(len(numbers), dtype=bool)  # whose like goes
    gone = []
    for place, held_out in zip(np.searchsorted(numbers, preferred["number"]), preferred["held_out"], strict=True):
        row = slice(similar.indptr[place], similar.indptr[place + 1])
        others = similar.indices[row]
        likeness = np.where(stands[others], similar.data[row], 0.0)
        best = likeness.argmax()
        if likeness[best]:
            gone.append((numbers[place], numbers[others[best]], likeness[best]))
        else:
            stands[place] = held_out or not only_held_out
    return pd.DataFrame(gone, columns=["number", "other", "similarity"]).astype({"number": "int64", "other": "int64"})


def _asked(settings: Duplicates) -> dict[str, bool]:
    return {"longest": settings.keep == "longest", "drop_all": settings.keep != "all"}
