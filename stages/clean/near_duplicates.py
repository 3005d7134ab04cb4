"""Finds pairs of texts that are nearly the same: candidates by MinHash, each verified by its Jaccard similarity."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from stages.clean.minhash import choose_bands
from stages.clean.parameters import NearDuplicates
from stages.clean.parts import Part
from stages.clean.shingles import Hashes, Offsets, Shingles, jaccard, of_one_text
from stages.common.core.messages import progress
from stages.common.documents.partitions import Workers
from stages.common.documents.table import write_parquet

FULL = 1_000  # texts in one bucket of which all pairs are compared; of more, each with the first and its neighbours
NEIGHBOURS = 50
PART_PAIRS = 10_000

# The documents that share a bucket of one band with another: those of each text's first copy.
SHARED = """
CREATE OR REPLACE TABLE shared AS
WITH
    searched AS (SELECT number FROM texts WHERE plain AND number = key),
    signed AS (
        SELECT number, bucket FROM read_parquet($files) SEMI JOIN searched USING (number)
        WHERE band = $band AND bucket <> 0
    ),
    crowded AS (SELECT bucket, count(*) AS size FROM signed GROUP BY bucket HAVING count(*) > 1)
SELECT number, bucket, size, row_number() OVER (PARTITION BY bucket ORDER BY number) AS place
FROM signed JOIN crowded USING (bucket)
"""
MEET = """
INSERT INTO met
SELECT a.number, b.number FROM shared AS a JOIN shared AS b USING (bucket)
WHERE a.place < b.place AND (a.size <= $full OR a.place = 1)
UNION ALL
SELECT a.number, b.number
FROM (SELECT number, bucket, place + unnest(range(1, $neighbours + 1)) AS place FROM shared WHERE size > $full) AS a
JOIN shared AS b USING (bucket, place)
"""
# Each pair once, with the places of both sets of shingles.
CANDIDATES = """
SELECT
    one, other,
    a.part AS one_part, a.shingles_from AS one_from, a.shingles AS one_shingles,
    b.part AS other_part, b.shingles_from AS other_from, b.shingles AS other_shingles
FROM (SELECT DISTINCT one, other FROM met)
JOIN documents AS a ON a.number = one JOIN documents AS b ON b.number = other
ORDER BY one, other
"""
PAIRS = pa.schema([pa.field("one", pa.int64()), pa.field("other", pa.int64()), pa.field("similarity", pa.float64())])


def find_near_duplicates(
    corpus: DuckDBPyConnection, parts: list[Part], workers: Workers, settings: NearDuplicates, pairs: bool = False
) -> None:
    """Makes the table ``pairs``: the pairs of texts whose word n-grams have at least a certain Jaccard similarity.

    Its columns are ``one`` and ``other`` (numbers of the texts' first copies, ``one`` the smaller) and ``similarity``.
    Texts with fewer words than a shingle, and sentences for token classification, are in no pair. Where documents are
    pairs of texts themselves, the lower of the two similarities counts.

    Args:
        corpus: Its table ``texts`` says which documents are compared.
        parts: Their files ``bands`` and ``shingles`` are read.
        workers: Who verifies the candidates.
        settings: The threshold, and the recall that is wanted.
        pairs: Whether documents are pairs of texts.
    """
    corpus.execute("CREATE TABLE pairs (one BIGINT, other BIGINT, similarity DOUBLE)")
    if not settings.enabled:
        return
    candidates = list(write_candidates(corpus, parts, choose_bands(settings.threshold, settings.recall).bands))
    verified = workers.map(partial(verify, threshold=settings.threshold, pairs=pairs), candidates, "near-duplicates")
    if verified:
        corpus.execute(
            "INSERT INTO pairs SELECT * FROM read_parquet($files) ORDER BY one, other",
            {"files": list(map(str, verified))},
        )


def write_candidates(corpus: DuckDBPyConnection, parts: list[Part], bands: int) -> Iterator[Path]:
    """Finds the pairs of texts that share a band, and writes them some thousands a file.

    Args:
        corpus: Its table ``texts`` says which documents are compared.
        parts: Their files ``bands`` are read.
        bands: How many bands there are.

    Yields:
        The files, in a folder beside those of the parts.
    """
    files = [str(part.path("bands")) for part in parts]
    corpus.execute("CREATE TABLE met (one BIGINT, other BIGINT)")
    for band in progress(range(bands), "candidates", "band", bands):
        corpus.execute(SHARED, {"files": files, "band": band})
        corpus.execute(MEET, {"full": FULL, "neighbours": NEIGHBOURS})
    folder = parts[0].folder / "candidates"
    folder.mkdir()
    for number, batch in enumerate(corpus.sql(CANDIDATES).to_arrow_reader(PART_PAIRS)):
        path = folder / f"{number:06}"
        write_parquet(pa.Table.from_batches([batch]), path)
        yield path
    corpus.execute("DROP TABLE met; DROP TABLE shared")


def verify(candidates: Path, threshold: float, pairs: bool) -> Path:
    """Computes the similarity of candidates, and writes those that reach the threshold.

    Args:
        candidates: A file that :func:`write_candidates` wrote; those of shingles are in the folder beside its own.
        threshold: The least similarity.
        pairs: Whether documents are pairs of texts.

    Returns:
        The file that was written, with the columns of ``PAIRS``.
    """
    table = pq.read_table(candidates)
    column = {name: table[name].to_numpy() for name in table.column_names}
    ends = np.concatenate([column["one"], column["other"]])
    numbers, chosen = np.unique(ends, return_index=True)
    parts, starts, counts = (
        np.concatenate([column[f"one_{name}"], column[f"other_{name}"]])[chosen]
        for name in ("part", "from", "shingles")
    )
    shingles = read_shingles(candidates.parent.parent, parts, starts, counts)
    one, other = np.searchsorted(numbers, column["one"]), np.searchsorted(numbers, column["other"])
    # Both alike means that all shingles together are: what the candidates were found by.
    texts = [of_one_text(shingles, second) for second in (False, True)] if pairs else [shingles]
    similarity = np.minimum.reduce([jaccard(text, one, other) for text in texts])
    similar = similarity >= threshold
    verified = [column["one"][similar], column["other"][similar], similarity[similar]]
    path = candidates.with_suffix(".pairs")
    write_parquet(pa.table(verified, schema=PAIRS), path)
    return path


def read_shingles(folder: Path, parts: Offsets, starts: Offsets, counts: Offsets) -> Shingles:
    """Reads the shingles of some documents.

    Args:
        folder: Where the parts lie.
        parts: The number of each document's part, ascending.
        starts: Where its shingles begin in the part's file.
        counts: How many they are.
    """
    hashes: list[Hashes] = [np.zeros(0, dtype=np.uint64)]
    for number in np.unique(parts):
        with Part(folder, int(number), 0, 0).path("shingles").open("rb") as file:
            for place in np.flatnonzero(parts == number):
                file.seek(int(starts[place]) * 8)
                hashes.append(np.fromfile(file, dtype=np.uint64, count=int(counts[place])))
    ends: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(counts)])
    return Shingles(np.concatenate(hashes), ends)
