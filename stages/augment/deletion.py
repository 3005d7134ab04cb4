"""Random deletion: some words are left out."""

from stages.augment.chance import Draw, choose, count_changes
from stages.augment.passage import Passage, like

OPENING = ("(", "[", '"', "'", "\u2018", "\u201c", "\u00ab")  # the last three are opening quotation marks


def delete_words(passage: Passage, rate: float, draw: Draw) -> tuple[str, int] | None:
    """Leaves out words, and the spaces that are one too many then (Wei & Zou 2019, https://arxiv.org/abs/1901.11196).

    The paper tosses a coin for each word; here the share of words is exact.

    Args:
        passage: The text.
        rate: The share of all words to leave out; one word always stays.
        draw: Gives random numbers.

    Returns:
        The new text and how many words were left out; None where there are fewer than two words.
    """
    words = len(passage.words)
    if words < 2:
        return None
    pieces = passage.pieces.copy()
    deleted = sorted(choose(draw, min(count_changes(rate, words), words - 1), words))
    for position in deleted:
        gap = 2 * position
        if position + 1 < words and passage.starts_sentence(position) and not passage.starts_sentence(position + 1):
            pieces[gap + 3] = like(pieces[gap + 3], pieces[gap + 1])
        pieces[gap + 2] = _joined(pieces[gap], pieces[gap + 2])
        pieces[gap] = pieces[gap + 1] = ""
    return "".join(pieces), len(deleted)


def _joined(before: str, after: str) -> str:
    """What stood before and after a word, as it stands when the word is gone: no space doubled, none lost."""
    if not after[:1].isspace():  # "one two, three" without "two"
        return before.rstrip(" ") + after
    if not before or before.endswith(("\n", *OPENING)):  # the beginning of the text, a line or a quotation
        return before + after.lstrip(" ")
    return before.rstrip(" ") + after
