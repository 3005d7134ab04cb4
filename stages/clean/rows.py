"""What is done with the documents of one part, each looked at alone."""

from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.clean.changes import draw_examples, write_drawn
from stages.clean.filters import find_unusable, held
from stages.clean.minhash import band_keys, choose_bands
from stages.clean.parameters import CleanParameters, NearDuplicates
from stages.clean.parts import Part
from stages.clean.repair import CHANGED_BY, PRIVATE, repair
from stages.clean.shingles import Shingles, make_shingles, pair_shingles
from stages.common.documents.table import has_no_label, read_documents, write_documents, write_parquet
from stages.common.documents.targets import answers, has_free_words, text_columns
from stages.common.text_rules.markup import count_markup
from stages.common.text_rules.normalisation import document_key, duplicate_key
from stages.common.text_rules.settings import NAMES
from stages.common.words.splitting import count_words

# What the joins over all documents need to know of each.
FACTS = pa.schema(
    [
        pa.field("number", pa.int64()),  # of the document, in the order of ids
        pa.field("id", pa.string()),
        pa.field("label", pa.string()),  # what copies must agree on
        pa.field("published_split", pa.string()),
        pa.field("plain", pa.bool_()),  # false for a sentence of a token classification corpus
        pa.field("words", pa.int64()),
        pa.field("characters", pa.int64()),
        pa.field("key_one", pa.uint64()),  # both keys are the same for two documents with the same text, or texts
        pa.field("key_two", pa.uint64()),
        pa.field("first_text", pa.string()),  # the same for two pairs with the same first text; null where none are
        pa.field("publisher_group", pa.string()),  # what the publisher says belongs together; null where nothing
        pa.field("rule", pa.string()),  # the filter that would drop it, and why
        pa.field("reason", pa.string()),
        pa.field("held", pa.string()),  # what private data it holds, in words
        pa.field("part", pa.int64()),
        pa.field("shingles_from", pa.int64()),  # where in the part's file its shingles begin, and how many there are
        pa.field("shingles", pa.int64()),
    ]
)
BANDS = pa.schema([pa.field("band", pa.uint8()), pa.field("number", pa.int64()), pa.field("bucket", pa.uint64())])


class Counts(NamedTuple):
    """What the rules found in a part.

    Attributes:
        changed: How many texts each rule changed.
        private: How much private data of each kind there is.
        holders: How many documents hold any.
    """

    changed: Counter[str]
    private: Counter[str]
    holders: int


def clean_part(part: Part, parameters: CleanParameters, language: str, names_model: Path = NAMES) -> Counts:
    """Repairs the texts of a part, applies the filters, and writes what the joins over all documents need.

    Args:
        part: Its ``raw`` file is read; the others are written.
        parameters: Which rules run.
        language: What the card says the texts are in.
        names_model: The folder of the model that finds names of people, should they be looked for.

    Returns:
        What the rules found.
    """
    raw = read_documents(part.path("raw"))
    repaired = repair(raw, parameters, names_model)
    columns = text_columns(repaired)
    words = pd.DataFrame({name: count_words(repaired[name]) for name in columns})
    faults = find_unusable(repaired, words, parameters, language).set_index("id")
    write_drawn(draw_examples(repaired, parameters.examples), part.path("drawn"))
    write_documents(repaired, part.path("texts"))

    numbers = np.arange(part.start, part.start + part.rows)
    keys = hashed(document_key(repaired))
    counts, starts = sign(part, repaired, numbers, parameters.near_duplicates)
    facts = {
        "number": numbers,
        "id": repaired["id"],
        "label": answers(repaired),
        "published_split": repaired["published_split"],
        "plain": has_free_words(repaired),
        "words": words.sum(axis=1),
        "characters": sum(repaired[name].str.len() for name in columns),
        "key_one": keys[:, 0],
        "key_two": keys[:, 1],
        "first_text": first_texts(repaired),
        "publisher_group": repaired["group"].where(repaired["group"].ne(repaired["id"])),
        "rule": repaired["id"].map(faults["rule"]),
        "reason": repaired["id"].map(faults["reason"]),
        "held": held(repaired[PRIVATE].dropna()).reindex(repaired.index),
        "part": np.full(part.rows, part.number),
        "shingles_from": starts,
        "shingles": counts,
    }
    arrays = {field.name: pa.array(facts[field.name], type=field.type, from_pandas=True) for field in FACTS}
    write_parquet(pa.table(arrays, schema=FACTS), part.path("facts"))

    private = repaired[PRIVATE].dropna()
    kinds: Counter[str] = Counter()
    for found in private:
        kinds.update(found)
    return Counts(Counter(repaired[CHANGED_BY].explode().dropna()), kinds, len(private))


def count_markup_of(part: Part) -> Counter[str]:
    """What :func:`count_markup` finds in the labelled texts of a part as they came in."""
    documents = read_documents(part.path("raw"))
    free = documents[has_free_words(documents) & ~has_no_label(documents)]
    return sum((count_markup(free[name]) for name in text_columns(documents)), Counter())


def hashed(keys: pd.Series) -> npt.NDArray[np.uint64]:
    """128 bits of a hash of each key as two numbers, uint64, [keys, 2]."""
    digests = b"".join(map(_digest, keys))
    return np.frombuffer(digests, dtype="<u8").reshape(-1, 2)


def first_texts(documents: pd.DataFrame) -> pd.Series:
    """What is the same for two pairs with the same first text; missing for documents that are no pairs."""
    if len(text_columns(documents)) == 1:
        return pd.Series(None, index=documents.index, dtype=object)
    return duplicate_key(documents["text"]).map(lambda key: _digest(key).hex())


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def shingles_of(documents: pd.DataFrame, words: int) -> Shingles:
    """The shingles of documents: of their text, or of both texts of each pair.

    Args:
        documents: Rows of a document table.
        words: Words of a shingle.
    """
    first, *second = (make_shingles(documents[name], words) for name in text_columns(documents))
    return pair_shingles(first, *second) if second else first


def sign(
    part: Part, documents: pd.DataFrame, numbers: npt.NDArray[np.int64], settings: NearDuplicates
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Writes the shingles of the documents of a part, and the bands of their MinHash signatures.

    Args:
        part: Its files ``shingles`` (uint64, one document's after the other's) and ``bands`` are written.
        documents: Its documents.
        numbers: Their numbers.
        settings: The words of a shingle, and what decides the number of bands.

    Returns:
        How many shingles each document has, and where they begin in the file; sentences for token classification, and
        all where the search is off, have none.
    """
    searched = (has_free_words(documents) & settings.enabled).to_numpy(dtype=bool)
    counts, starts = np.zeros((2, len(documents)), dtype=np.int64)
    shingles = shingles_of(documents[searched], settings.shingle_words)
    counts[searched], starts[searched] = np.diff(shingles.starts), shingles.starts[:-1]
    shingles.hashes.tofile(part.path("shingles"))
    buckets = band_keys(shingles, choose_bands(settings.threshold, settings.recall))
    bands = {
        "band": np.repeat(np.arange(buckets.shape[1], dtype=np.uint8), len(buckets)),
        "number": np.tile(numbers[searched], buckets.shape[1]),
        "bucket": buckets.T.ravel(),
    }
    # One row group a band, so that a query for one band reads that one alone.
    with pq.ParquetWriter(part.path("bands"), BANDS) as writer:
        writer.write_table(pa.table(bands, schema=BANDS), row_group_size=max(len(buckets), 1))
    return counts, starts
