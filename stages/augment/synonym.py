"""Synonym replacement: some words give way to words that mean the same."""

from stages.augment.chance import Draw, choose, count_changes, pick
from stages.augment.passage import Passage


def replace_by_synonyms(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Replaces words that have synonyms, each by one of them (Wei & Zou 2019, https://arxiv.org/abs/1901.11196).

    Unlike the paper's, synonyms are of the word's part of speech and in its form.

    Args:
        passage: The text.
        rate: The share of all words to replace; fewer where fewer have synonyms.
        draw: Gives random numbers.

    Returns:
        The new text and how many words were replaced; None where no word can be.
    """
    replaceable = passage.replaceable
    if not replaceable:
        return None
    pieces = passage.pieces.copy()
    chosen = choose(draw, count_changes(rate, len(passage.words)), len(replaceable))
    for position in (replaceable[place] for place in chosen):
        passage.put_synonym(pieces, position, pick(draw, passage.synonyms[position]))
    return "".join(pieces), len(chosen)
