"""Words and marks that may decide alone: what taking one out does, and putting it into documents of other classes.

Each is compared, document by document, with another word of the same documents that is taken out, and with another
word of the corpus, as frequent, that is put in. Names of news agencies and words of datelines are named as leaks of the
source.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.common.core.seeding import derived_seed
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.metrics.intervals import wilson
from stages.common.model.scorer import Scorer
from stages.common.text_rules.datelines import remove_datelines
from stages.common.words.splitting import is_unspaced
from stages.explain.erasing import Flags, Floats, beliefs, layout_logits
from stages.explain.faithfulness import interval
from stages.explain.layout import Layout
from stages.explain.parameters import ExplainParameters

COLUMNS = [
    "label",
    "input",
    "word",
    "kind",
    "share",
    "documents_with",
    *(f"lost{part}" for part in ("", "_low", "_high")),
    "documents_without",
    *(f"gained{part}" for part in ("", "_low", "_high")),
    *(f"turned{part}" for part in ("", "_low", "_high")),
    "outcome",
]
LEAST = 0.05  # of probability that a word gains or loses, if it is said to push
MOST = 0.5  # of the documents of other classes: a word that turns more of them decides alone
IN_A_DATELINE = 0.5  # of a word's documents: it belongs to datelines
FEWEST_DOCUMENTS = 3  # with an agency's name
DECIDES, PUSHES, UNCLEAR = "decides alone", "pushes", "no clear effect"


class Candidate(NamedTuple):
    """A word as :mod:`stages.explain.global_words` has it: of which class, in which of the texts."""

    label: str
    input: int
    word: str


@dataclass(frozen=True)
class Corpus:
    """The documents in which words are tried.

    Attributes:
        documents: The document table.
        texts: The columns that the model reads.
        layout: The same documents laid out.
        words: Of each document its words in lower case, with the input that each is in.
        logits: What the model answers, [documents, labels].
    """

    documents: pd.DataFrame
    texts: tuple[str, ...]
    layout: Layout
    words: list[list[tuple[int, str]]]
    logits: Floats


def candidates(
    words: pd.DataFrame, corpus: Corpus, labels: Sequence[str], parameters: ExplainParameters
) -> list[Candidate]:
    """The words that are tried: the best of each class in turn, and each agency's name that occurs.

    Args:
        words: From :func:`stages.explain.global_words.global_words`.
        corpus: The documents.
        labels: The class that the model gives each document, [documents].
        parameters: The stage's section.
    """
    best = words[words["score"] > 0].copy()
    best["rank"] = best.groupby("label").cumcount()
    best = best.sort_values(["rank", "label"], kind="stable").head(parameters.shortcuts.words)
    found = [Candidate(*row) for row in best[["label", "input", "word"]].itertuples(index=False)]
    signed = {name.casefold() for name in parameters.shortcuts.agencies if len(name.split()) == 1}
    where: dict[tuple[int, str], Counter[str]] = {}
    for label, row in zip(labels, corpus.words, strict=True):
        for each in set(row):
            if each[1] in signed:
                where.setdefault(each, Counter())[label] += 1
    for (text, word), counts in sorted(where.items()):
        if parameters.shortcuts.words and counts.total() >= FEWEST_DOCUMENTS:
            found.append(Candidate(min(counts, key=lambda label: (-counts[label], label)), text, word))
    return list(dict.fromkeys(found))


def shortcuts(
    scorer: Scorer, corpus: Corpus, tried: Sequence[Candidate], parameters: ExplainParameters
) -> pd.DataFrame:
    """Tries words.

    Args:
        scorer: A model that gives a document a label.
        corpus: The documents.
        tried: The words.
        parameters: The stage's section.

    Returns:
        One row a word, those first on which most of a class hangs: ``share`` is the share of its class's documents
        that hold it, and the order is that of share times ``gained``. ``lost`` is how much of its class's probability
        goes with it, ``gained`` how much comes with it in documents of other classes, both beyond what another word
        does; ``turned`` the share of these documents that become its class.
    """
    sources = source_kinds(corpus, parameters.shortcuts.agencies)
    frequency = Counter(word for row in corpus.words for word in set(row))
    rows = []
    for candidate in tried:
        lost = _removal(scorer, corpus, candidate, parameters)
        gained, turned = _insertion(scorer, corpus, candidate, frequency, parameters)
        kind = sources.get((candidate.input, candidate.word), "word" if re.search(r"\w", candidate.word) else "mark")
        rows.append(_row(candidate, kind, _share(scorer, corpus, candidate), lost, gained, turned, parameters))
    table = pd.DataFrame(rows, columns=COLUMNS)
    hangs = (table["share"] * table["gained"].astype("float64")).fillna(-np.inf)
    order = table.assign(hangs=hangs).sort_values(["hangs", "word"], ascending=[False, True], ignore_index=True)
    return order[COLUMNS]


def source_kinds(corpus: Corpus, agencies: Sequence[str]) -> dict[tuple[int, str], str]:
    """Words that tell where a text comes from: names of agencies, and words most of whose documents open with them."""
    kinds: dict[tuple[int, str], str] = {}
    if not agencies:
        return kinds
    inside: Counter[tuple[int, str]] = Counter()
    for number, column in enumerate(corpus.texts):
        texts = corpus.documents[column]
        removed = texts.str.len() - remove_datelines(texts, agencies).str.len()
        for text, length, row in zip(texts, removed, corpus.words, strict=True):
            if length > 0:
                opening = text[: length + text.find(text.strip()[:1])].casefold()
                inside.update({each for each in set(row) if each[0] == number and each[1] in opening})
    everywhere = Counter(each for row in corpus.words for each in set(row))
    for each, count in inside.items():
        if re.search(r"\w", each[1]) and count >= IN_A_DATELINE * everywhere[each]:
            kinds[each] = "dateline"
    names = {name.casefold() for name in agencies}
    return kinds | {each: "agency name" for each in everywhere if each[1] in names}


def _removal(scorer: Scorer, corpus: Corpus, candidate: Candidate, parameters: ExplainParameters) -> Floats:
    """What documents of the class lose with the word, beyond what another of their words takes, [documents]."""
    target = scorer.inference.labels.index(candidate.label)
    holding = [
        document
        for document, row in enumerate(corpus.words)
        if (candidate.input, candidate.word) in row and corpus.logits[document].argmax() == target
    ]
    chosen = _some(corpus, holding, parameters, "with", candidate.word)
    gone: list[Flags] = []
    others: list[Flags] = []
    for document in chosen:
        is_word = np.array([each == (candidate.input, candidate.word) for each in corpus.words[document]])
        random = np.random.default_rng(derived_seed(parameters.seed, "removed", candidate.word, str(document)))
        rest = np.flatnonzero(~is_word)
        other = np.zeros(len(is_word), dtype=bool)
        other[random.permutation(rest)[: is_word.sum()]] = True
        gone.append(is_word)
        others.append(other)
    if not len(chosen):
        return np.zeros(0)
    layout = corpus.layout.without(np.tile(chosen, 2), [*gone, *others])
    targets = np.full(2 * len(chosen), target)
    without, control = np.split(beliefs(scorer, layout_logits(scorer, layout), targets), 2)
    return control - without


def _share(scorer: Scorer, corpus: Corpus, candidate: Candidate) -> float:
    """The share of the documents that the model gives the word's class which hold the word."""
    own = corpus.logits.argmax(axis=1) == scorer.inference.labels.index(candidate.label)
    holding = [(candidate.input, candidate.word) in row for row in corpus.words]
    return float(np.mean(np.array(holding)[own])) if own.any() else 0.0


def _insertion(
    scorer: Scorer,
    corpus: Corpus,
    candidate: Candidate,
    frequency: Counter[tuple[int, str]],
    parameters: ExplainParameters,
) -> tuple[Floats, Flags]:
    """What documents of other classes gain with the word, beyond what they do with another one; and which turn."""
    target = scorer.inference.labels.index(candidate.label)
    own = (candidate.input, candidate.word)
    free = [
        document
        for document, row in enumerate(corpus.words)
        if row and own not in row and corpus.logits[document].argmax() != target
    ]
    chosen = _some(corpus, free, parameters, "without", candidate.word)
    if not len(chosen):
        return np.zeros(0), np.zeros(0, dtype=bool)
    alike = sorted(
        (each for each in frequency if each[0] == candidate.input and each != own and re.search(r"\w", each[1])),
        key=lambda each: (abs(frequency[each] - frequency[own]), each[1]),
    )[: max(1, len(chosen))] or [own]
    others = [alike[at % len(alike)][1] for at in range(len(chosen))]
    tables = [
        _with_words(corpus, chosen, candidate.input, words, parameters.seed, candidate.word)
        for words in ([candidate.word] * len(chosen), others)
    ]
    logits = np.asarray(scorer.logits(pd.concat(tables, ignore_index=True), "shortcuts"), dtype=np.float64)
    belief = beliefs(scorer, logits, np.full(len(logits), target))
    with_word, control = np.split(belief, 2)
    return with_word - control, np.asarray(logits[: len(chosen)].argmax(axis=1) == target)


def _with_words(
    corpus: Corpus, chosen: "np.ndarray[Any, Any]", text: int, words: Sequence[str], seed: int, drawn_for: str
) -> pd.DataFrame:
    """Copies of documents with a word put before one of those that the model reads, at random."""
    column = corpus.texts[text]
    read = corpus.layout.documents_of()
    table = corpus.documents.iloc[chosen].reset_index(drop=True)
    texts = []
    for document, word, whole in zip(chosen, words, table[column], strict=True):
        owners = corpus.layout.owners[(read == document) & (corpus.layout.owners >= 0)]
        places = [corpus.layout.words[document][at] for at in np.unique(owners)]
        starts = [place.start for place in places if place.text == text] or [0]
        random = np.random.default_rng(derived_seed(seed, "inserted", drawn_for, str(document)))
        at = starts[random.integers(len(starts))]
        space = "" if is_unspaced(word) else " "
        texts.append(f"{whole[:at]}{space if at else ''}{word}{space}{whole[at:]}")
    return table.assign(**{column: texts})


def _some(
    corpus: Corpus, documents: Sequence[int], parameters: ExplainParameters, *drawn_for: str
) -> "np.ndarray[Any, Any]":
    ids = corpus.documents["id"]
    order = sorted(documents, key=lambda row: derived_seed(parameters.seed, *drawn_for, ids[row]))
    return np.array(sorted(order[: parameters.shortcuts.documents]), dtype=np.int64)


def _row(
    candidate: Candidate,
    kind: str,
    share: float,
    lost: Floats,
    gained: Floats,
    turned: Flags,
    parameters: ExplainParameters,
) -> list[Any]:
    cells, clear = [], []
    for values in (lost, gained):
        bootstrap = Bootstrap(
            np.zeros(len(values), np.int64), parameters.bootstrap_samples, parameters.confidence, parameters.seed
        )
        found = interval(values, bootstrap) if len(values) else {"value": None, "low": None, "high": None}
        cells.append([found["value"], found["low"], found["high"]])
        clear.append(bool((found["low"] or 0) > 0 and (found["value"] or 0) >= LEAST))
    turning = wilson(int(turned.sum()), len(turned), parameters.confidence)
    decides = all(clear) and turning.value is not None and turning.value >= MOST
    outcome = DECIDES if decides else PUSHES if all(clear) else UNCLEAR
    named = [candidate.label, candidate.input, candidate.word, kind, share]
    return [*named, len(lost), *cells[0], len(gained), *cells[1], turning.value, turning.low, turning.high, outcome]
