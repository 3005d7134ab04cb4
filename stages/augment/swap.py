"""Random swap: some words change places."""

from stages.augment.chance import Draw, choose, count_changes
from stages.augment.passage import Passage, like


def swap_words(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Lets pairs of words change places; spaces and punctuation stay.

    After Wei & Zou (2019, https://arxiv.org/abs/1901.11196), who swap as many pairs as this function moves words, and
    may move a word twice.

    Args:
        passage: The text.
        rate: The share of all words to move, at least one pair unless it is 0.
        draw: Gives random numbers.

    Returns:
        The new text and how many words were moved; None where there are no two different words.
    """
    words = passage.words
    if words[1:] == words[:-1]:  # none, one, or the same over and over
        return None
    pieces = passage.pieces.copy()
    pairs = (count_changes(rate, len(words)) + 1) // 2
    chosen = choose(draw, 2 * pairs, len(words))
    swapped = list(zip(chosen[::2], chosen[1::2], strict=False))
    for one, other in swapped:
        for to, source in ((one, other), (other, one)):
            moved = passage.small_inside_sentence(source)
            pieces[2 * to + 1] = like(moved, words[to]) if passage.starts_sentence(to) else moved
    return "".join(pieces), 2 * len(swapped)
