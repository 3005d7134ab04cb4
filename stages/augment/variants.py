"""Makes the variants of documents by rules, one partition of the corpus at a time."""

import random
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.augment.gate import judge
from stages.augment.methods import NEED_LEXICON, TAGGED_METHODS, TEXT_METHODS
from stages.augment.parameters import MethodParameters
from stages.augment.passage import Passage
from stages.augment.sentence import Donors, Sentence
from stages.augment.thesaurus import Thesaurus, read_thesaurus
from stages.common.core.seeding import derived_seed, generator
from stages.common.tasks import Task

HELD_OUT = ["validation", "test"]


class Attempt(NamedTuple):
    """What a method made, or that it could make nothing.

    Attributes:
        row: The place of the document in its table.
        method: The method's name.
        number: Which of the document's variants by this method it is, from 1.
        text: The new text; None where there was nothing to change.
        share: The share of the document's words that were changed.
        tokens: The new tokens, for a sentence with tags.
        tags: Their tags.
        donors: The ids of other documents that tokens were taken from.
    """

    row: int
    method: str
    number: int
    text: str | None
    share: float
    tokens: list[str] | None = None
    tags: list[str] | None = None
    donors: list[str] | None = None


def augmentable(documents: pd.DataFrame) -> pd.Series:
    """Which documents get variants and give parts to others': those that may be trained on.

    Args:
        documents: A document table.

    Returns:
        A boolean for each row: false for a published validation or test document.
    """
    return ~documents["published_split"].isin(HELD_OUT)


def applicable(methods: Mapping[str, MethodParameters], task: Task) -> dict[str, MethodParameters]:
    """The methods that are made for a task: for texts, for tokens with tags, or none."""
    reworded = {name: "tokens" if name in TAGGED_METHODS else "text" for name in methods}
    return {name: method for name, method in methods.items() if reworded[name] == task.reworded}


def make_variants(
    documents: pd.DataFrame, methods: Mapping[str, MethodParameters], seed: int, lexicon: Path, donors: Donors | None
) -> pd.DataFrame:
    """Makes all variants of some documents that rules can make, and judges them.

    A variant's random choices depend on the seed, the method, the document's id and the variant's number alone, so a
    higher count adds variants and leaves the others as they are.

    Args:
        documents: Rows of a document table.
        methods: How many variants each method makes and how much they change.
        seed: The stage's seed.
        lexicon: The folder with the table of synonyms.
        donors: What can be put into sentences; None for a task without tags.

    Returns:
        What :func:`tabulate` and :func:`stages.augment.gate.judge` give.
    """
    thesaurus = read_thesaurus(lexicon) if NEED_LEXICON & methods.keys() else Thesaurus({})
    if donors is None:
        attempts = _from_texts(documents, methods, seed, thesaurus)
    else:
        attempts = _from_sentences(documents, methods, seed, thesaurus, donors)
    return judge(tabulate(attempts, documents), documents)


def in_turn(methods: Mapping[str, MethodParameters], among: Container[str]) -> list[tuple[int, str, float]]:
    """Number, method and rate of each variant of a document: the first of each method, the second of each and so on.

    Args:
        methods: How many variants each method makes and how much they change.
        among: The names of the methods that are wanted.
    """
    wanted = {name: said for name, said in methods.items() if name in among}
    most = max((said.count for said in wanted.values()), default=0)
    return [(n, name, said.rate) for n in range(1, most + 1) for name, said in wanted.items() if n <= said.count]


def tabulate(attempts: Iterable[Attempt], documents: pd.DataFrame) -> pd.DataFrame:
    """Puts variants into a table.

    Args:
        attempts: What was made of the documents.
        documents: Their origins.

    Returns:
        One row a variant with the columns of a document table, and ``origin`` (the document's id) and ``share``. A
        variant takes what is predicted, the published split and the group of its origin. There is no text where
        there was nothing to change.
    """
    origins = documents["id"].to_list()
    rows: list[int] = []
    ids: list[str] = []
    texts: list[str | None] = []
    tokens: list[list[str] | None] = []
    tags: list[list[str] | None] = []
    derived_from: list[list[str]] = []
    made_by: list[str] = []
    shares: list[float] = []
    for row, name, number, text, share, new_tokens, new_tags, donors in attempts:
        origin = origins[row]
        rows.append(row)
        ids.append(f"{origin}#{name}-{number}")
        texts.append(text)
        tokens.append(new_tokens)
        tags.append(new_tags)
        derived_from.append([origin, *sorted({*donors} - {origin})] if donors else [origin])
        made_by.append(name)
        shares.append(share)
    variants = documents.iloc[rows].reset_index(drop=True)
    if "tokens" in documents:
        variants = variants.assign(tokens=pd.Series(tokens, dtype=object), tags=pd.Series(tags, dtype=object))
    return variants.assign(
        id=pd.Series(ids, dtype="str"),
        text=pd.Series(texts, dtype="str"),
        derived_from=pd.Series(derived_from, dtype=object),
        method=pd.Series(made_by, dtype="str"),
        origin=variants["id"].astype("str"),
        share=pd.Series(shares, dtype="float64"),
    )


def _from_texts(
    documents: pd.DataFrame, methods: Mapping[str, MethodParameters], seed: int, thesaurus: Thesaurus
) -> Iterator[Attempt]:
    turns = [(*turn, TEXT_METHODS[turn[1]]) for turn in in_turn(methods, TEXT_METHODS)]
    chance = random.Random()  # seeded anew for each variant, which is cheaper than a new one
    for row, (origin, text) in enumerate(zip(documents["id"].to_list(), documents["text"].to_list(), strict=True)):
        passage = Passage(text, thesaurus)
        words = max(len(passage.words), 1)
        for number, name, rate, change in turns:
            chance.seed(derived_seed(seed, name, origin, number))
            made = change(passage, rate, chance.random)
            if made is None:
                yield Attempt(row, name, number, None, 0.0)
            else:
                yield Attempt(row, name, number, made[0], made[1] / words)


def _from_sentences(
    documents: pd.DataFrame,
    methods: Mapping[str, MethodParameters],
    seed: int,
    thesaurus: Thesaurus,
    donors: Donors,
) -> Iterator[Attempt]:
    turns = [(*turn, TAGGED_METHODS[turn[1]]) for turn in in_turn(methods, TAGGED_METHODS)]
    columns = (documents[name] for name in ("id", "tokens", "tags"))
    for row, (origin, tokens, tags) in enumerate(zip(*columns, strict=True)):
        sentence = Sentence(tokens, tags, thesaurus)
        for number, name, rate, change in turns:
            made = change(sentence, rate, generator(seed, name, origin, number).random, donors)
            if made is None:
                yield Attempt(row, name, number, None, 0.0)
            else:
                share = made.words / max(len(tokens), 1)
                yield Attempt(row, name, number, " ".join(made.tokens), share, made.tokens, made.tags, made.donors)
