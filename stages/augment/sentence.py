"""A sentence with a tag on each token, for the methods of token classification (Dai & Adel 2020, arXiv 2010.11683)."""

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from stages.augment.passage import Passage
from stages.augment.thesaurus import Thesaurus
from stages.common.documents.spans import Span, spans_of


class Change(NamedTuple):
    """What a method made of a sentence.

    Attributes:
        tokens: The new tokens.
        tags: Their tags.
        words: How many tokens of the sentence were changed.
        donors: The ids of the documents that tokens were taken from.
    """

    tokens: list[str]
    tags: list[str]
    words: int
    donors: list[str]


class Sentence:
    """The tokens of a document and their BIO tags.

    Attributes:
        tokens: The tokens.
        tags: A tag for each.
    """

    def __init__(self, tokens: list[str], tags: list[str], thesaurus: Thesaurus) -> None:
        self.tokens, self.tags = tokens, tags
        self._thesaurus = thesaurus

    @cached_property
    def mentions(self) -> list[Span]:
        """The mentions in their order."""
        return spans_of(self.tags)

    @cached_property
    def passage(self) -> Passage:
        """The tokens as a text taken apart."""
        return Passage(self.tokens, self._thesaurus)


class Donors(NamedTuple):
    """What can be put into a sentence: all mentions and all tokens of the documents that may be trained on.

    Attributes:
        mentions: For each type of mention its occurrences: the tokens, and the id of the document they are from.
        tokens: The same for each tag and its tokens.
    """

    mentions: dict[str, list[tuple[tuple[str, ...], str]]]
    tokens: dict[str, list[tuple[str, str]]]


def collect_donors(documents: pd.DataFrame) -> Donors:
    """Collects what can be put into sentences.

    Args:
        documents: The documents that may be trained on.

    Returns:
        Occurrences by id of their document, and by their place in it.
    """
    mentions: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = documents[["id", "tokens", "tags"]].sort_values("id").itertuples(index=False, name=None)
    for document, tokens, tags in rows:
        for mention in Sentence(tokens, tags, Thesaurus({})).mentions:
            mentions[mention.label].append((tuple(tokens[mention.start : mention.end]), document))
        for token, tag in zip(tokens, tags, strict=True):
            found[tag].append((token, document))
    return Donors(dict(mentions), dict(found))
