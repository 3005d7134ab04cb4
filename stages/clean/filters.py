"""Rules that say which documents should be dropped for what they are, and why."""

import re

import numpy as np
import pandas as pd
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from stages.clean.language import find_foreign
from stages.clean.parameters import CleanParameters, LengthLimit, LengthOutliers
from stages.clean.repair import PRIVATE
from stages.clean.repetition import find_repetition
from stages.common.documents.targets import has_free_words, text_columns
from stages.common.words.splitting import MARKS, is_unspaced

REPLACEMENT_CHARACTER = "\ufffd"
COMBINING = re.compile(f"[{MARKS}]")  # vowel signs and accents, which belong to the letter before them
LENGTHS = """
SELECT number, words, published_split IS DISTINCT FROM 'unlabelled' AS labelled FROM kept WHERE plain AND $on
"""
NORMAL = 1.4826  # turns a median absolute deviation into a standard deviation, where lengths are normal


def find_unusable(
    documents: pd.DataFrame, words: pd.DataFrame, parameters: CleanParameters, language: str
) -> pd.DataFrame:
    """Finds documents that a filter would drop; the first rule that applies counts. Both texts of a pair must pass.

    Args:
        documents: Rows of a document table with repaired texts, and what :func:`repair` found out about them.
        words: How many words each text has, by its column.
        parameters: Which rules run, and their limits.
        language: What the card says the texts are in.

    Returns:
        One row a fault: id, rule, reason.
    """
    plain = has_free_words(documents)  # a sentence of one token is no mistake
    faults = pd.DataFrame({"rule": None, "reason": None}, index=documents.index, dtype=object)
    for column in text_columns(documents):
        found = find_unusable_texts(documents[column], words[column], plain, parameters, language)
        which = "" if column == "text" else "its second text: "
        faults = faults.fillna(found.assign(reason=which + found["reason"]))
    if parameters.private_data.enabled and parameters.private_data.action == "drop":
        private = held(documents[PRIVATE].dropna())
        faults = faults.fillna(pd.DataFrame({"rule": "private_data", "reason": private}))
    faults.insert(0, "id", documents["id"])
    return faults[faults["rule"].notna()]


def find_unusable_texts(
    texts: pd.Series, words: "pd.Series[int]", plain: "pd.Series[bool]", parameters: CleanParameters, language: str
) -> pd.DataFrame:
    """Finds texts that a filter would drop; the first rule that applies counts.

    Args:
        texts: One text a row.
        words: How many words each has.
        plain: Whether each stands for itself; a sentence of tagged words may be as short as it is.
        parameters: Which rules run, and their limits.
        language: What the card says the texts are in.

    Returns:
        One row a fault: rule, reason; indexed like the texts.
    """
    faults = pd.DataFrame({"rule": None, "reason": None}, index=texts.index, dtype=object)

    def mark(rule: str, where: pd.Series, reason: pd.Series | str) -> None:
        where = where & faults["rule"].isna()
        faults.loc[where, "rule"] = rule
        faults.loc[where, "reason"] = reason if isinstance(reason, str) else reason[where]

    def look(rule: str, reasons: pd.Series) -> None:
        mark(rule, pd.Series(texts.index.isin(reasons.index), index=texts.index), reasons.reindex(texts.index))

    if parameters.undecodable:
        undecoded = texts.str.count(REPLACEMENT_CHARACTER)
        mark("undecodable", undecoded > 0, undecoded.astype(str) + " characters could not be decoded")
    if parameters.empty:
        mark("empty", ~texts.str.contains(r"\w", regex=True), "has no letter and no digit")
    short, long = parameters.too_short, parameters.too_long
    spaced = ~texts.map(is_unspaced).astype(bool)
    for unit, sizes in (("words", words), ("characters", texts.str.len())):
        if short.enabled:
            looked_at = plain & spaced if unit == "characters" else plain  # a character may be a word elsewhere
            mark("too_short", looked_at & (sizes < getattr(short, unit)), _beyond(sizes, unit, "fewer", short))
        if long.enabled:
            mark("too_long", plain & (sizes > getattr(long, unit)), _beyond(sizes, unit, "more", long))
    if parameters.letters.enabled:
        share = share_of_letters(texts)
        few = (100 * share).round().astype("int64").astype(str) + " % of its characters are letters"
        mark("letters", plain & (share < parameters.letters.share), few)

    waiting = texts[plain & faults["rule"].isna()]
    if parameters.repetition.enabled:
        look("repetition", find_repetition(waiting, parameters.repetition))
    if parameters.language.enabled:
        look("language", find_foreign(waiting, language, parameters.language))
    return faults[faults["rule"].notna()]


def _beyond(sizes: "pd.Series[int]", unit: str, word: str, limit: LengthLimit) -> "pd.Series[str]":
    return sizes.astype(str) + f" {unit}, {word} than {getattr(limit, unit)}"


def list_unusable(corpus: DuckDBPyConnection) -> DuckDBPyRelation:
    """The faults that :func:`find_unusable` found: number, rule, reason."""
    return corpus.sql("SELECT number, rule, reason FROM documents WHERE rule IS NOT NULL")


def find_outliers(corpus: DuckDBPyConnection, settings: LengthOutliers) -> DuckDBPyRelation:
    """Finds documents that are much shorter or longer than the others.

    Args:
        corpus: Its view ``kept`` is read.
        settings: How far from the median they may lie.

    Returns:
        One row a fault: number, rule, reason.
    """
    lengths = corpus.sql(LENGTHS, params={"on": settings.enabled}).df().set_index("number")
    reasons = outlying(lengths["words"], settings.deviations, lengths["labelled"])
    faults = pd.DataFrame({"number": reasons.index.astype("int64"), "rule": "length_outliers", "reason": reasons})
    return corpus.from_df(faults.astype({"rule": "str", "reason": "str"}))


def outlying(words: pd.Series, deviations: float, labelled: "pd.Series[bool] | None" = None) -> pd.Series:
    """Says which lengths are far from the median, on a logarithmic scale and in robust standard deviations.

    Args:
        words: Words of each document.
        deviations: How far from the median is too far. If more than half are equally long, none is.
        labelled: Which documents the median and the spread are of; None for all.

    Returns:
        The reasons, indexed by the rows that have one.
    """
    logarithms = np.log(words.clip(lower=1).to_numpy(dtype=np.float64))
    known = np.ones(len(words), dtype=bool) if labelled is None else labelled.to_numpy(dtype=bool)
    distance = logarithms - np.median(logarithms[known]) if known.any() else np.zeros(len(words))
    spread = NORMAL * np.median(np.abs(distance[known])) if known.any() else 0.0
    far = np.abs(distance) > deviations * spread if spread else np.zeros(len(words), dtype=bool)
    said = pd.Series(distance[far] / spread if spread else [], dtype=float).map("{:+.1f}".format)
    reasons = words[far].astype(str).to_numpy() + " words, " + said.to_numpy() + " deviations from the median"
    return pd.Series(reasons, index=words.index[far], dtype="str")


def held(private: pd.Series) -> pd.Series:
    """Says in words what private data documents hold, and never the data itself."""
    said = {
        row: "holds " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()) for row, kinds in private.items()
    }
    return pd.Series(said, dtype="str")


def share_of_letters(texts: pd.Series) -> "pd.Series[float]":
    """The share of letters among what is neither white space nor a combining mark, one number a row; 0 without any."""
    shares = []
    for text in texts:
        dense = "".join(text.split())
        dense = dense if dense.isascii() else COMBINING.sub("", dense)
        shares.append(sum(map(str.isalpha, dense)) / len(dense) if dense else 0.0)
    return pd.Series(shares, index=texts.index, dtype=float)
