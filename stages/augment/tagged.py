"""The methods for token classification, after Dai & Adel (2020, https://arxiv.org/abs/2010.11683)."""

from collections.abc import Sequence
from typing import TypeVar

from stages.augment.chance import Draw, choose, count_changes, pick
from stages.augment.sentence import Change, Donors, Sentence
from stages.common.documents.spans import OUTSIDE

Content = TypeVar("Content")


def replace_mentions(sentence: Sentence, rate: float, draw: Draw, donors: Donors) -> Change | None:
    """Replaces mentions by others of the same type, each drawn from all occurrences in the donors.

    The paper tosses a coin for each mention; here the share is exact.

    Args:
        sentence: The sentence.
        rate: The share of its mentions to replace.
        draw: Gives random numbers.
        donors: What can be put in their place.

    Returns:
        The new sentence; None where it has no mention for which there is another.
    """
    mentions, tokens, tags = sentence.mentions, sentence.tokens.copy(), sentence.tags.copy()
    sources, words = [], 0
    for place in sorted(choose(draw, count_changes(rate, len(mentions)), len(mentions)), reverse=True):
        kind, start, end = mentions[place]
        donated = _another(draw, donors.mentions.get(kind, ()), tuple(sentence.tokens[start:end]))
        if donated is not None:
            tokens[start:end] = donated[0]
            tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (len(donated[0]) - 1)]
            sources.append(donated[1])
            words += end - start
    return Change(tokens, tags, words, sources) if sources or (mentions and not rate) else None


def replace_label_wise(sentence: Sentence, rate: float, draw: Draw, donors: Donors) -> Change | None:
    """Replaces tokens by others with the same tag, each drawn from all occurrences in the donors.

    The arguments and what is returned are those of :func:`replace_mentions`; the rate is the share of the tokens.
    """
    tokens = sentence.tokens.copy()
    sources = []
    for position in choose(draw, count_changes(rate, len(tokens)), len(tokens)):
        donated = _another(draw, donors.tokens.get(sentence.tags[position], ()), tokens[position])
        if donated is not None:
            tokens[position] = donated[0]
            sources.append(donated[1])
    return Change(tokens, sentence.tags, len(sources), sources) if sources or (tokens and not rate) else None


def replace_outside_mentions(sentence: Sentence, rate: float, draw: Draw, _: Donors) -> Change | None:
    """Replaces words outside of mentions by synonyms; one of several words becomes several tokens.

    The arguments and what is returned are those of :func:`replace_mentions`; the rate is the share of the tokens.
    """
    passage = sentence.passage
    outside = [position for position in passage.replaceable if sentence.tags[position] == OUTSIDE]
    if not outside:
        return None
    pieces = passage.pieces.copy()
    chosen = choose(draw, count_changes(rate, len(sentence.tokens)), len(outside))
    for position in (outside[place] for place in chosen):
        passage.put_synonym(pieces, position, pick(draw, passage.synonyms[position]))
    tokens: list[str] = []
    tags: list[str] = []
    for token, tag in zip(pieces[1::2], sentence.tags, strict=True):
        parts = token.split(" ") if tag == OUTSIDE else [token]
        tokens += parts
        tags += [tag] * len(parts)
    return Change(tokens, tags, len(chosen), [])


def _another(draw: Draw, among: Sequence[tuple[Content, str]], than: Content) -> tuple[Content, str] | None:
    """An occurrence at random, or the next one after it that differs; None where none does."""
    if not among:
        return None
    start = int(draw() * len(among))
    for step in range(len(among)):
        occurrence = among[(start + step) % len(among)]
        if occurrence[0] != than:
            return occurrence
    return None
